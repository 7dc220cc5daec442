package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// MetaCredit is the key in _meta under which a request carries a credit token, and an
// answer says what is left of it.
const MetaCredit = "chit/credit"

// MetaCallID is the key in _meta under which a call on a credit token carries an
// identifier, so that the same call made again is answered and not charged.
const MetaCallID = "chit/payment-id"

const (
	headerAuthorization = "Authorization"
	bearer              = "Bearer "
)

// creditSweep is how often grants are looked at that may have expired.
const creditSweep = 10 * time.Second

// isOwn reports whether a tool is the shop's own, which [Shop.AddTools] adds: it
// costs nothing, or takes its payment itself.
func isOwn(tool string) bool {
	return tool == DepositTool || tool == RefundTool || tool == CreditGrantTool || tool == CreditTool || tool == ReceiptsTool || tool == StateTool
}

// bearerToken is the credit token of a request's header, if it has one. Another
// scheme, and a bearer token of somebody else's, is none.
func bearerToken(header http.Header) (token string, found bool) {
	value := header.Get(headerAuthorization)
	if len(value) < len(bearer) || !strings.EqualFold(value[:len(bearer)], bearer) {
		return "", false
	}
	token = strings.TrimLeft(value[len(bearer):], " ")
	return token, strings.HasPrefix(token, credit.Prefix)
}

// creditToken is the token that a call is to be paid with. A voucher that comes with
// the call goes first, then the token in _meta.
func creditToken(req *mcp.CallToolRequest) (token string, found bool) {
	if meta := req.Params.Meta; meta != nil {
		if _, paid := meta.AdditionalFields[x402.MetaPayment]; paid {
			return "", false
		}
		if value, there := meta.AdditionalFields[MetaCredit]; there {
			token, _ = value.(string) // anything else is no token, and refused as one
			return token, true
		}
	}
	return bearerToken(req.Header)
}

// callID is the identifier of a call, "" if it has none. Anything but a text is one
// that is refused.
func callID(req *mcp.CallToolRequest) string {
	if req.Params.Meta == nil {
		return ""
	}
	value, there := req.Params.Meta.AdditionalFields[MetaCallID]
	id, _ := value.(string)
	if there && id == "" {
		return badCallID
	}
	return id
}

// badCallID stands for an identifier that cannot be one.
const badCallID = " "

// withoutToken is the request as the tool may see it.
func withoutToken(req mcp.CallToolRequest) mcp.CallToolRequest {
	if _, found := bearerToken(req.Header); found {
		req.Header = req.Header.Clone()
		req.Header.Del(headerAuthorization)
	}
	meta := req.Params.Meta
	if meta == nil {
		return req
	}
	if _, there := meta.AdditionalFields[MetaCredit]; there {
		fields := maps.Clone(meta.AdditionalFields)
		delete(fields, MetaCredit)
		req.Params.Meta = &mcp.Meta{ProgressToken: meta.ProgressToken, AdditionalFields: fields}
	}
	return req
}

// runOnCredit makes the call and charges it to a token.
func (s *sale) runOnCredit(ctx context.Context, token string, next mcpserver.ToolHandlerFunc) (*mcp.CallToolResult, error) {
	call := credit.Call{Tool: s.req.Params.Name, Price: s.price, Identifier: callID(&s.req)}
	if call.Identifier != "" {
		call.Fingerprint = fingerprint(s.req)
	}
	until, untie := untied(ctx)
	defer untie()
	spend, err := s.shop.Credit.Spend(until, token, call)
	if err != nil {
		return s.shop.refuseCredit(s.shop.explainCredit(ctx, &s.line, token, err, offeredTools(ctx, s.shop)))
	}
	s.shop.observe(call.Tool, time.Since(s.line.began))
	s.line.spends(spend)
	defer spend.Release()
	if kept, ok := spend.Answer(); ok {
		return s.replay(ctx, kept)
	}
	tab, err := s.shop.runsOnCredit(spend, call.Tool, s.rate)
	if err != nil {
		return s.shop.refuseCredit(s.shop.explainCredit(ctx, &s.line, token, err, offeredTools(ctx, s.shop)))
	}
	defer tab.close()
	untie()
	s.bill = s.shop.openBill(&s.line, s.rate, func() vouchers.ChannelConfig { return s.shop.configOf(spend) })
	s.bill.tab = tab
	defer s.bill.close(false)
	defer func() { s.bill.hold.end(false) }()
	result, err := s.call(ctx, next)
	end := endingOf(ctx, result, err)
	if s.rate.charges(end) {
		return s.chargeToken(context.WithoutCancel(ctx), spend, call.Identifier != "", s.bill.sells(end, result, err))
	}
	spend.Release()
	if end == unfinished {
		tab.goOn()
	}
	s.line.end(ctx, end.code(), 0)
	if err != nil {
		return nil, err
	}
	return s.unspent(result, spend)
}

// chargeToken makes the charge durable, then lets the result out with its receipt. It is
// kept for a call that is made again where the call has an identifier.
func (s *sale) chargeToken(ctx context.Context, spend *credit.Spend, kept bool, result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	var sold []byte
	if kept {
		var err error
		if sold, err = json.Marshal(result); err != nil {
			return nil, fmt.Errorf("encode the result of %s: %w", s.req.Params.Name, err)
		}
	}
	total, puts := s.bill.total(ctx)
	added := additions{}
	_, err := spend.Commit(ctx, total, func(c vouchers.Charge) (vouchers.Kept, error) {
		return s.shop.keep(ctx, &c, s.sold(onCredit(spend)), func(r *receipts.Signed) ([]byte, error) {
			left := spend.Remaining() + s.price - c.Charged
			err := errors.Join(
				added.add(x402.MetaPaymentResponse, s.shop.creditResponse(c.Charged, c.State)),
				added.add(MetaCredit, creditReceipt{spend.Grant(), c.Charged, left}),
				s.note(added, r))
			if err != nil || !kept {
				return nil, err
			}
			return joinKept(sold, added)
		})
	}, puts...)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		s.line.withheld(ctx, err)
		return mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; ask the seller before you call again"), nil
	}
	s.line.end(ctx, s.bill.end.code(), total)
	added.into(result)
	return result, nil
}

// onCredit says on a receipt which token has paid.
func onCredit(spend *credit.Spend) receipts.Receipt {
	return receipts.Receipt{Grant: receipts.ID(spend.Grant()), Token: spend.Token()}
}

// configOf is what the channel is that a token spends from.
func (s *Shop) configOf(spend *credit.Spend) vouchers.ChannelConfig {
	state, _ := s.Ledger.Channel(spend.Channel()) // is there: it has just been drawn from
	return state.Config
}

// unspent lets a failed result out, with the word that it cost nothing.
func (s *sale) unspent(result *mcp.CallToolResult, spend *credit.Spend) (*mcp.CallToolResult, error) {
	if result == nil {
		return nil, fmt.Errorf("tool %s gave no result", s.req.Params.Name)
	}
	if state, ok := s.shop.Ledger.Channel(spend.Channel()); ok {
		setMeta(result, x402.MetaPaymentResponse, s.shop.creditResponse(0, state))
		setMeta(result, MetaCredit, creditReceipt{spend.Grant(), 0, spend.Remaining()})
	}
	return result, nil
}

// creditReceipt is what an answer says of the token that paid for it. Amounts are
// atomic units.
type creditReceipt struct {
	Grant     credit.GrantID  `json:"grant"`
	Charged   vouchers.Amount `json:"charged"`
	Remaining vouchers.Amount `json:"remaining"`
}

// creditResponse is what a token holder is told of its payment: the channel's own state
// is not its business.
func (s *Shop) creditResponse(charged vouchers.Amount, state vouchers.Channel) x402.SettlementResponse {
	return x402.SettlementResponse{
		Success: true, Network: state.Deployment.Network(), Payer: state.Config.Payer,
		Extra: x402.SettlementExtra{ChargedAmount: &charged},
	}
}

// spokenFor is what a payer's next voucher has to be signed over: what was charged,
// and what is set aside for credit tokens. To the payer a grant has cost its budget.
func spokenFor(ch vouchers.Channel) vouchers.Amount { return ch.Charged + ch.Aside }
