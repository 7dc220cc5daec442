package adversary_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// Places under which shops are found. All shops are one adversary.
const (
	here  = "http://a.shop"
	there = "http://b.shop"
)

// ask is a payment that waits for the adversary's answer.
type ask struct {
	shop    string // the origin that was asked
	tool    string
	payment *x402.PaymentPayload
	answer  chan reply
}

// place orders payments that come at once.
func (a *ask) place() string {
	_, voucher := paidFrom(a.payment)
	return fmt.Sprintf("%s %s %s %020d", a.shop, a.tool, a.payment.Payload.Type(), voucher.MaxClaimableAmount)
}

// reply is what the adversary answers.
type reply struct {
	required *x402.PaymentRequired
	receipt  *x402.SettlementResponse
	signed   *receipts.Signed
	failed   bool // what was bought came to an error
	cut      bool // the connection breaks instead
}

// seller is the adversary's side of one origin.
type seller struct {
	world  *world
	origin string
	door   *pipe
	// What follows the world's lock guards.
	terms []x402.Requirements
	bare  bool // no tool takes deposits
}

func addressOf(text string) (a common.Address) {
	copy(a[:], text)
	return a
}

// escrows are those that the payer's owner trusts.
var escrows = []common.Address{addressOf("escrow 1"), addressOf("escrow 2")}

func termsAt(origin string, escrow common.Address) x402.Requirements {
	return x402.Requirements{
		Scheme: x402.SchemeBatchSettlement, Network: fmt.Sprintf("eip155:%d", chainID), Amount: price, Asset: tokenAddress,
		PayTo: addressOf("receiver " + origin), MaxTimeoutSeconds: 60,
		Extra: x402.Extra{ReceiverAuthorizer: authorizers[origin].Address(), WithdrawDelay: 900, Name: "USDC", Version: "2", Escrow: &escrow},
	}
}

func (s *seller) required(code x402.ErrorCode, accepts ...x402.Requirements) *x402.PaymentRequired {
	return x402.Refuse(x402.Resource{URL: "mcp://tool/work"}, accepts, code, "")
}

// unpaid is the answer to who has not paid.
func (s *seller) unpaid() reply {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	return reply{required: s.required(x402.ErrPaymentRequired, s.terms...)}
}

// ServeHTTP serves plain resources, and an MCP endpoint at /mcp.
func (s *seller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/mcp" {
		s.serveMCP(w, r)
		return
	}
	a := s.unpaid()
	if header := r.Header.Get(x402.HeaderPaymentSignature); header != "" {
		payment, err := x402.DecodeHeader[x402.PaymentPayload](header)
		if err != nil {
			panic(err)
		}
		a = s.world.wait(r.Context(), &ask{shop: s.origin, tool: r.URL.Path, payment: payment, answer: make(chan reply, 1)})
	}
	if a.cut {
		panic(http.ErrAbortHandler)
	}
	if a.receipt != nil {
		w.Header().Set(x402.HeaderPaymentResponse, header(a.receipt))
	}
	if a.signed != nil {
		w.Header().Set("Chit-Receipt", wire(a.signed))
	}
	switch {
	case a.required != nil:
		w.Header().Set(x402.HeaderPaymentRequired, header(a.required))
		w.WriteHeader(http.StatusPaymentRequired)
	case a.failed:
		w.WriteHeader(http.StatusBadRequest)
	}
}

func header[D x402.Document](document *D) string {
	text, err := x402.EncodeHeader(document)
	if err != nil {
		panic(err)
	}
	return text
}

func (s *seller) serveMCP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	var m struct {
		ID     json.RawMessage
		Method string
		Params struct {
			Name      string
			Arguments struct {
				Channel vouchers.ChannelID
				After   uint64
			}
			Meta map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		panic(err)
	}
	if m.ID == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	var result any
	switch m.Method {
	case "initialize":
		result = map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{"tools": map[string]any{}}, "serverInfo": map[string]any{"name": "a", "version": "1"}}
	case "tools/list":
		result = map[string]any{"tools": s.tools()}
	case "tools/call":
		if m.Params.Name == "chit_receipts" {
			result = map[string]any{"content": []any{}, "structuredContent": map[string]any{"receipts": s.world.pageAfter(m.Params.Arguments.Channel, m.Params.Arguments.After)}}
			break
		}
		a := s.unpaid()
		if paid := m.Params.Meta[x402.MetaPayment]; paid != nil {
			payment, err := x402.DecodePaymentPayload(paid)
			if err != nil {
				panic(err)
			}
			a = s.world.wait(r.Context(), &ask{shop: s.origin, tool: m.Params.Name, payment: payment, answer: make(chan reply, 1)})
		}
		if a.cut {
			panic(http.ErrAbortHandler)
		}
		result = a.result()
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": result}); err != nil {
		return // the client has gone
	}
}

func (s *seller) tools() (tools []map[string]any) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	for _, name := range []string{"work", "chit_refund", "chit_deposit"} {
		if name == "chit_deposit" && s.bare {
			continue
		}
		tools = append(tools, map[string]any{
			"name": name, "inputSchema": map[string]any{"type": "object"},
			"_meta": map[string]any{"x402/payment-required": s.required(x402.ErrPaymentRequired, s.terms...)},
		})
	}
	return tools
}

// result is a reply as MCP has it.
func (a reply) result() map[string]any {
	result := map[string]any{"content": []any{map[string]any{"type": "text", "text": "done"}}, "isError": a.failed || a.required != nil}
	if a.required != nil {
		result["structuredContent"] = a.required
	}
	meta := make(map[string]any)
	if a.receipt != nil {
		meta[x402.MetaPaymentResponse] = a.receipt
	}
	if a.signed != nil {
		meta["chit/receipt"] = wire(a.signed)
	}
	result["_meta"] = meta
	return result
}

// wire is a receipt as answers have it.
func wire(r *receipts.Signed) string {
	text, err := r.Wire()
	if err != nil {
		panic(err)
	}
	return text
}

// paidFrom are the channel and the voucher of a payment.
func paidFrom(p *x402.PaymentPayload) (vouchers.ChannelConfig, x402.SignedVoucher) {
	switch p := p.Payload.(type) {
	case *x402.VoucherPayload:
		return p.ChannelConfig, p.Voucher
	case *x402.DepositPayload:
		return p.ChannelConfig, p.Voucher
	case *x402.RefundPayload:
		return p.ChannelConfig, p.Voucher
	}
	panic(fmt.Sprintf("a payment by %T", p.Payload))
}

func isMoneyTool(tool string) bool { return strings.HasPrefix(tool, "chit_") }
