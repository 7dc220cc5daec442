package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// GrantArguments are those of [onmcp.CreditGrantTool].
type GrantArguments struct {
	// Caveats of the token to grant, with its budget and when it expires.
	Caveats []string `json:"caveats,omitempty"`
	Label   string   `json:"label,omitempty"`
	// Grant is topped up by Amount, in atomic units, where it is not nil.
	Grant  *macaroon.GrantID `json:"grant,omitempty"`
	Amount vouchers.Amount   `json:"amount,omitzero"`
	// Deadline and Signature are those of the [order.Order].
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
func (a *GrantArguments) order(r credit.Request, channel vouchers.ChannelID) order.Order {
	if a.Grant != nil {
		return order.Order{Action: "top-up", Channel: channel, Subject: order.TopUpSubject(*a.Grant, a.Amount), Deadline: a.Deadline}
	}
	return order.Order{Action: "grant", Channel: channel, Subject: order.GrantSubject(r.Caveats, r.Label), Deadline: a.Deadline}
}

// Granted is what [onmcp.CreditGrantTool] answers with.
type Granted struct {
	// Token is the text of the token, a secret; empty for a top-up.
	Token string        `json:"token,omitempty"`
	Grant *credit.Grant `json:"grant"`
}

// grantSale is one grant, or one top-up.
type grantSale struct {
	seller      *Seller
	payment     *voucher.Payment
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
	reservation, refused := s.seller.vouchers.Reserve(ctx, s.payment, s.price, s.fingerprint)
	if refused != nil {
		return nil, 0, refused, nil
	}
	defer reservation.Release()
	g = new(Granted)
	if s.topUp != nil {
		g.Grant, err = s.seller.book.TopUp(ctx, *s.topUp, s.request.Nonce, reservation)
	} else {
		var token macaroon.Token
		if g.Grant, token, err = s.seller.book.Grant(ctx, s.request, reservation); err == nil {
			g.Token = token.Text()
		}
	}
	if err != nil {
		return nil, 0, nil, err
	}
	s.seller.logger.Info("credit granted", "payer", g.Grant.Payer, "channel", g.Grant.Channel, "grant", g.Grant.ID, "amount", s.price, "label", g.Grant.Label)
	return g, s.price, nil, nil
}

// before is the answer that the same order got before, nil if it is a new one.
func (s *grantSale) before() (*Granted, error) {
	if s.topUp == nil {
		grant, token, found, err := s.seller.book.Find(s.request)
		if err != nil || !found {
			return nil, err
		}
		return &Granted{token.Text(), grant}, nil
	}
	grant, done, err := s.seller.book.ToppedUp(*s.topUp, s.request.Nonce)
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

// Arguments are those of [onmcp.CreditTool].
type Arguments struct {
	// Action is "inspect", "list" or "revoke".
	Action string `json:"action"`
	// Channel, Deadline and Signature are those of the [order.Order]; without a
	// Signature the action is about the token that the call carries.
	Channel vouchers.ChannelID `json:"channel,omitzero"`
	Grant   *macaroon.GrantID  `json:"grant,omitempty"`
	// After is the last grant of the page before, to go on with "list" from there.
	After     macaroon.GrantID   `json:"after,omitzero"`
	Deadline  uint64             `json:"deadline,omitempty"`
	Signature vouchers.Signature `json:"signature,omitempty"`
}

// byToken does what whoever holds a token may do with it.
func (s *Seller) byToken(ctx context.Context, action string, token *string) (any, error) {
	if token == nil {
		return nil, errors.New("send the token in Authorization or in _meta, or sign an order")
	}
	switch action {
	case "inspect":
		return s.book.Inspect(*token)
	case "revoke":
		return s.book.RevokeToken(ctx, *token)
	}
	return nil, fmt.Errorf("a token can inspect or revoke itself, not %q", action)
}

// byOrder does what the payer of a channel may do with its grants.
func (s *Seller) byOrder(ctx context.Context, a Arguments) (any, error) {
	channel, ok := s.ledger.Channel(a.Channel)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ledger.ErrChannelNotFound, a.Channel)
	}
	order := order.Order{Action: a.Action, Channel: a.Channel, Deadline: a.Deadline}
	if a.Grant != nil {
		order.Subject = a.Grant.String()
	}
	if err := order.Check(a.Signature, channel.Config.VoucherSigner(), time.Now()); err != nil {
		return nil, err
	}
	switch {
	case a.Action == "list":
		grants, more, err := s.book.Page(a.Channel, a.After, grantsAPage)
		return GrantList{grants, more}, err
	case a.Action == "revoke" && a.Grant != nil:
		return s.revokeOf(ctx, *a.Grant, channel.Config)
	}
	return nil, fmt.Errorf("an order can list, or revoke a grant, not %q", a.Action)
}

// grantsAPage is how many grants [onmcp.CreditTool] lists at once.
const grantsAPage = 100

// GrantList is what [onmcp.CreditTool] answers to "list": at most 100 grants, in the order of
// their ids.
type GrantList struct {
	// Grants are as the order found them.
	Grants []credit.Grant `json:"grants"`
	// More says that there are others after the last of these.
	More bool `json:"more,omitempty"`
}

// revokeOf ends a grant by an order that the voucher key of a channel has signed.
func (s *Seller) revokeOf(ctx context.Context, id macaroon.GrantID, by vouchers.ChannelConfig) (*credit.Grant, error) {
	grant, err := s.book.Lookup(id)
	if err != nil {
		return nil, err
	}
	if of, known := s.ledger.Channel(grant.Channel); !known || !decides(by, of.Config) {
		return nil, fmt.Errorf("%w: %s", credit.ErrNoGrant, id)
	}
	return s.book.Revoke(context.WithoutCancel(ctx), id, credit.ByPayer)
}

// decides reports whether who has signed for a channel decides about another one too.
// Anybody can open a channel that names any payer: what has been proved is the key that
// signs. So the key must be that of both channels, or the payer's own.
func decides(by, of vouchers.ChannelConfig) bool {
	signer := by.VoucherSigner()
	return by.Payer == of.Payer && (signer == of.VoucherSigner() || signer == by.Payer)
}
