package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// The tools that [Shop.AddTools] adds for credit tokens.
const (
	// CreditGrantTool sells budgets and top-ups: the voucher in the call's _meta pays for
	// one, and the order in the arguments is signed by the same key.
	CreditGrantTool = "chit_credit_grant"
	// CreditTool looks at grants and ends them, by an order of the payer or for the
	// token that the call carries.
	CreditTool = "chit_credit"
)

func (s *Shop) addCreditTools(tools *mcpserver.MCPServer) {
	text := func(name, what string) mcp.ToolOption { return mcp.WithString(name, mcp.Description(what)) }
	tools.AddTool(mcp.NewTool(CreditGrantTool,
		mcp.WithDescription("For payment clients: grants a credit token, or tops one up, for the x402 voucher in _meta."),
		mcp.WithArray("caveats", mcp.WithStringItems(), mcp.Description("limits of the token, such as budget=5000000")),
		text("label", "the payer's own name for the grant"), text("grant", "the grant to top up"), text("amount", "of the top-up, in atomic units"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), s.creditGrantTool)
	tools.AddTool(mcp.NewTool(CreditTool,
		mcp.WithDescription("What is left of the credit token that this call carries. For payers also: lists and revokes grants."),
		mcp.WithString("action", mcp.Enum("inspect", "list", "revoke"), mcp.Required()),
		text("channel", "the payer's channel"), text("grant", "the grant to revoke; none is the token that the call carries"), text("after", "the last grant of the page before, of a list"),
		mcp.WithNumber("deadline"), text("signature", "of the order, by the channel's voucher key"),
	), s.creditTool)
}

// GrantArguments are those of [CreditGrantTool].
type GrantArguments struct {
	// Caveats of the token to grant, with its budget and when it expires.
	Caveats []string `json:"caveats,omitempty"`
	Label   string   `json:"label,omitempty"`
	// Grant is topped up by Amount, in atomic units, where it is not nil.
	Grant  *macaroon.GrantID `json:"grant,omitempty"`
	Amount vouchers.Amount   `json:"amount,omitzero"`
	// Deadline and Signature are those of the [credit.Order].
	Deadline  uint64             `json:"deadline"`
	Signature vouchers.Signature `json:"signature"`
}

// request is what is asked for, and what it costs.
func (a *GrantArguments) request() (r credit.Request, price vouchers.Amount, err error) {
	if a.Grant != nil {
		if a.Amount == 0 || len(a.Caveats) > 0 {
			return r, 0, errors.New("a top-up has an amount and no caveats")
		}
		return r, a.Amount, nil
	}
	for _, text := range a.Caveats {
		c, err := macaroon.ParseCaveat(text)
		if err != nil {
			return r, 0, err
		}
		r.Caveats = append(r.Caveats, c)
	}
	r.Label = a.Label
	price, err = r.Budget()
	return r, price, err
}

// order is what the payer must have signed.
func (a *GrantArguments) order(r credit.Request, channel vouchers.ChannelID) credit.Order {
	if a.Grant != nil {
		return credit.Order{Action: "top-up", Channel: channel, Subject: credit.TopUpSubject(*a.Grant, a.Amount), Deadline: a.Deadline}
	}
	return credit.Order{Action: "grant", Channel: channel, Subject: credit.GrantSubject(r.Caveats, r.Label), Deadline: a.Deadline}
}

// Granted is what [CreditGrantTool] answers with.
type Granted struct {
	// Token is the text of the token, a secret; empty for a top-up.
	Token string        `json:"token,omitempty"`
	Grant *credit.Grant `json:"grant"`
}

// decodeArguments reads a tool's arguments strictly.
func decodeArguments(req mcp.CallToolRequest, into any) error {
	raw := []byte(req.Params.RawArguments)
	if len(raw) == 0 {
		var err error
		if raw, err = json.Marshal(req.Params.Arguments); err != nil {
			return err
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the arguments: %w", err)
	}
	return nil
}

func (s *Shop) creditGrantTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	var a GrantArguments
	if err := decodeArguments(req, &a); err != nil {
		return s.failed(ctx, &line, req, err), nil
	}
	r, price, err := a.request()
	if err != nil {
		return s.failed(ctx, &line, req, err), nil
	}
	line.Price = price
	p, refused := s.payment(&line, req)
	if refused != nil {
		return s.refuse(ctx, &line, refused)
	}
	if _, ok := p.body.(*x402.VoucherPayload); !ok {
		return s.refuse(ctx, &line, terms.Refuse(x402.ErrPayloadType, "this tool takes a voucher, not a %T", p.body))
	}
	order := a.order(r, p.voucher.Channel)
	if err := order.Check(a.Signature, p.config.VoucherSigner(), time.Now()); err != nil {
		return s.failed(ctx, &line, req, err), nil
	}
	r.Channel, r.Payer, r.Nonce = p.voucher.Channel, p.config.Payer, order.Digest()
	sale := grantSale{shop: s, payment: p, request: r, price: price, topUp: a.Grant, fingerprint: fingerprint(req)}
	granted, charged, refused, err := sale.run(context.WithoutCancel(ctx))
	switch {
	case refused != nil:
		return s.refuse(ctx, &line, refused)
	case err != nil:
		return s.failed(ctx, &line, req, err), nil
	}
	return s.granted(granted, charged, p)
}

// failed is an error of one of the shop's own tools. The payment that came with the call
// is answered with a receipt of nothing, so that its payer has it back.
func (s *Shop) failed(ctx context.Context, l *sale.Line, req mcp.CallToolRequest, err error) *mcp.CallToolResult {
	result := mcp.NewToolResultError(err.Error())
	l.Price = 0
	p, refused := s.payment(l, req)
	l.Refuse(ctx, slog.LevelInfo, sale.CodeFailed, err.Error())
	if refused != nil || s.checkVoucher(p) != nil {
		return result // a stranger is not told where the channel stands
	}
	if channel, ok := s.Ledger.Channel(p.voucher.Channel); ok {
		response, nothing := terms.Response(channel), vouchers.Amount(0)
		response.Extra.ChargedAmount = &nothing
		if !p.maySee(channel) {
			response.Extra.ChannelState = terms.PublicState(channel)
		}
		setMeta(result, x402.MetaPaymentResponse, response)
	}
	return result
}

// granted is the answer to a grant or a top-up: to the payer it has cost its price.
func (s *Shop) granted(g *Granted, charged vouchers.Amount, p *payment) (*mcp.CallToolResult, error) {
	state, ok := s.Ledger.Channel(p.voucher.Channel)
	if !ok {
		return nil, fmt.Errorf("channel %s is not in the ledger after its grant", p.voucher.Channel)
	}
	result := mcp.NewToolResultStructured(g, fmt.Sprintf("grant %s has %s left", g.Grant.ID, g.Grant.Remaining()))
	response := terms.Response(state)
	response.Extra.ChargedAmount = &charged
	setMeta(result, x402.MetaPaymentResponse, response)
	return result, nil
}

// grantSale is one grant, or one top-up.
type grantSale struct {
	shop        *Shop
	payment     *payment
	request     credit.Request
	price       vouchers.Amount
	topUp       *macaroon.GrantID // nil for a new grant
	fingerprint [32]byte
}

// run grants once, however often it is asked for; charged is 0 from the second time
// on.
func (s *grantSale) run(ctx context.Context) (g *Granted, charged vouchers.Amount, refused *terms.Refusal, err error) {
	if g, err = s.before(); g != nil || err != nil {
		return g, 0, nil, err
	}
	reservation, refused := s.shop.reserve(ctx, s.payment, s.price, s.fingerprint)
	if refused != nil {
		return nil, 0, refused, nil
	}
	defer reservation.Release()
	g = new(Granted)
	if s.topUp != nil {
		g.Grant, err = s.shop.Credit.TopUp(ctx, *s.topUp, s.request.Nonce, reservation)
	} else {
		var token macaroon.Token
		if g.Grant, token, err = s.shop.Credit.Grant(ctx, s.request, reservation); err == nil {
			g.Token = token.Text()
		}
	}
	if err != nil {
		return nil, 0, nil, err
	}
	s.shop.logger.Info("credit granted", "payer", g.Grant.Payer, "channel", g.Grant.Channel, "grant", g.Grant.ID, "amount", s.price, "label", g.Grant.Label)
	return g, s.price, nil, nil
}

// before is the answer that the same order got before, nil if it is a new one.
func (s *grantSale) before() (*Granted, error) {
	if s.topUp == nil {
		grant, token, found, err := s.shop.Credit.Find(s.request)
		if err != nil || !found {
			return nil, err
		}
		return &Granted{token.Text(), grant}, nil
	}
	grant, done, err := s.shop.Credit.ToppedUp(*s.topUp, s.request.Nonce)
	switch {
	case err != nil:
		return nil, err
	case grant.Channel != s.request.Channel:
		return nil, fmt.Errorf("%w of this channel: %s", credit.ErrNoGrant, *s.topUp)
	case done:
		return &Granted{Grant: grant}, nil
	case grant.Ended != 0:
		return nil, fmt.Errorf("%w: %s", credit.ErrGrantEnded, grant.Ended)
	}
	return nil, nil
}

// CreditArguments are those of [CreditTool].
type CreditArguments struct {
	// Action is "inspect", "list" or "revoke".
	Action string `json:"action"`
	// Channel, Deadline and Signature are those of the [credit.Order]; without a
	// Signature the action is about the token that the call carries.
	Channel vouchers.ChannelID `json:"channel,omitzero"`
	Grant   *macaroon.GrantID  `json:"grant,omitempty"`
	// After is the last grant of the page before, to go on with "list" from there.
	After     macaroon.GrantID   `json:"after,omitzero"`
	Deadline  uint64             `json:"deadline,omitempty"`
	Signature vouchers.Signature `json:"signature,omitempty"`
}

func (s *Shop) creditTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	var a CreditArguments
	err := decodeArguments(req, &a)
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	var answer any
	if len(a.Signature) > 0 {
		answer, err = s.byOrder(ctx, a)
	} else {
		answer, err = s.byToken(ctx, a.Action, &req)
	}
	var refused *credit.Refusal
	switch {
	case errors.As(err, &refused):
		refuseToken(ctx, &line, carried(&req), refused)
		return s.refuseCredit(terms.RefuseToken(refused))
	case err != nil:
		return mcp.NewToolResultError(err.Error()), nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode an answer of %s: %w", CreditTool, err)
	}
	return mcp.NewToolResultStructured(answer, string(text)), nil
}

// byToken does what whoever holds a token may do with it.
func (s *Shop) byToken(ctx context.Context, action string, req *mcp.CallToolRequest) (any, error) {
	token, found := creditToken(req)
	if !found {
		return nil, errors.New("send the token in Authorization or in _meta, or sign an order")
	}
	switch action {
	case "inspect":
		return s.Credit.Inspect(token)
	case "revoke":
		return s.Credit.RevokeToken(ctx, token)
	}
	return nil, fmt.Errorf("a token can inspect or revoke itself, not %q", action)
}

// byOrder does what the payer of a channel may do with its grants.
func (s *Shop) byOrder(ctx context.Context, a CreditArguments) (any, error) {
	channel, ok := s.Ledger.Channel(a.Channel)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ledger.ErrChannelNotFound, a.Channel)
	}
	order := credit.Order{Action: a.Action, Channel: a.Channel, Deadline: a.Deadline}
	if a.Grant != nil {
		order.Subject = a.Grant.String()
	}
	if err := order.Check(a.Signature, channel.Config.VoucherSigner(), time.Now()); err != nil {
		return nil, err
	}
	switch {
	case a.Action == "list":
		grants, more, err := s.Credit.Page(a.Channel, a.After, grantsAPage)
		return GrantList{grants, more}, err
	case a.Action == "revoke" && a.Grant != nil:
		return s.revokeOf(ctx, *a.Grant, channel.Config)
	}
	return nil, fmt.Errorf("an order can list, or revoke a grant, not %q", a.Action)
}

// grantsAPage is how many grants [CreditTool] lists at once.
const grantsAPage = 100

// GrantList is what [CreditTool] answers to "list": at most 100 grants, in the order of
// their ids.
type GrantList struct {
	Grants []credit.Grant `json:"grants"`
	// More says that there are others after the last of these.
	More bool `json:"more,omitempty"`
}

// revokeOf ends a grant by an order that the voucher key of a channel has signed.
func (s *Shop) revokeOf(ctx context.Context, id macaroon.GrantID, by vouchers.ChannelConfig) (*credit.Grant, error) {
	grant, err := s.Credit.Lookup(id)
	if err != nil {
		return nil, err
	}
	if of, known := s.Ledger.Channel(grant.Channel); !known || !decides(by, of.Config) {
		return nil, fmt.Errorf("%w: %s", credit.ErrNoGrant, id)
	}
	return s.Credit.Revoke(context.WithoutCancel(ctx), id, credit.ByPayer)
}

// decides reports whether who has signed for a channel decides about another one too.
// Anybody can open a channel that names any payer: what has been proved is the key that
// signs. So the key must be that of both channels, or the payer's own.
func decides(by, of vouchers.ChannelConfig) bool {
	signer := by.VoucherSigner()
	return by.Payer == of.Payer && (signer == of.VoucherSigner() || signer == by.Payer)
}
