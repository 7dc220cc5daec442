package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/relay"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// creditTool is the tool by which a server tells what a credit token has left.
const creditTool = "chit_credit"

// CreditProxy is a [Proxy] that pays with a credit token: it needs no wallet and no
// chain. A call that the token does not pay for gives a result that an agent can act on
// ([holder.Refusal], as structured content).
type CreditProxy struct {
	serving
	paying *tokenProxy
}

// tokenProxy pays for the calls of a [CreditProxy].
type tokenProxy struct {
	*relay.Relay
	url    string // of the server, as it is shown
	http   *http.Client
	budget *holder.Budget
	limit  map[string]bool // the token's caveats

	mu     sync.Mutex // guards prices
	prices map[string]vouchers.Amount
}

var _ relay.Paying = (*tokenProxy)(nil)

// OpenCreditProxy makes a proxy to an MCP server over streamable HTTP. It connects when
// its client does. The token is shown to that server alone, and over plain http to
// this machine alone. Errors are those of [macaroon.Parse], or wrap [ErrURL] or [ErrPlain]. The caller closes the proxy.
func OpenCreditProxy(server, token string, limits Limits, logger *slog.Logger) (*CreditProxy, error) {
	parsed, err := macaroon.Parse(token)
	if err != nil {
		return nil, err
	}
	u, err := naming.TokenURL(server)
	if err != nil {
		return nil, err
	}
	limits = limits.WithDefaults()
	asked := dial.NewCrowd(limits.Requests)
	p := &tokenProxy{url: naming.ServerAt(u), http: limits.Client(asked), prices: make(map[string]vouchers.Amount), limit: make(map[string]bool)}
	for _, c := range parsed.Caveats() {
		p.limit[c.String()] = true
	}
	shown := transport.WithHTTPHeaderFunc(dial.Bearer(token))
	if p.Relay, err = relay.New(relay.Options{Target: u.String(), URL: p.url, Limits: limits, Asked: asked, Logger: logger, Paying: p}, transport.WithHTTPBasicClient(p.http), shown); err != nil {
		return nil, err
	}
	return &CreditProxy{p.Relay, p}, nil
}

// Within holds the calls to a budget, which the proxy closes; without one the token's own
// limits hold alone. It is called before [CreditProxy.Serve].
func (p *CreditProxy) Within(budget *holder.Budget) {
	p.paying.budget = budget
	budget.AskBy(p.paying.AskUser)
}

// Close closes the connections and the budget, and logs a summary of what was paid.
// [CreditProxy.Serve] must have returned.
func (p *CreditProxy) Close() error {
	defer p.paying.SayWhatWasPaid()
	err := errors.Join(p.paying.Relay.Close(), p.paying.budget.Close())
	p.paying.http.CloseIdleConnections()
	return err
}

// sees learns what a tool costs.
func (p *tokenProxy) Sees(tool string, meta map[string]json.RawMessage) {
	var price vouchers.Amount
	if required, err := x402.DecodeValue[x402.PaymentRequired](meta[metaPrice]); !relay.IsNull(meta[metaPrice]) && err == nil {
		for _, entry := range required.Accepts {
			if entry.Is(x402.SchemeBatchSettlement) { // the others may ask for more, which a token does not pay
				price = max(price, entry.Amount)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prices[tool] = price
}

func (p *tokenProxy) announced(tool string) vouchers.Amount {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.prices[tool]
}

// call passes a call on, within the budget; the token is in a header.
func (p *tokenProxy) Call(ctx context.Context, m relay.Message, tool string, _ map[string]json.RawMessage) (answer relay.Message, err error) {
	l := relay.Line{Tool: tool, Began: time.Now(), Code: relay.CodeOK}
	var came holder.Answer
	err = p.budget.Call(ctx, tool, p.announced(tool), func(ctx context.Context) (holder.Answer, error) {
		if answer, err = p.Forward(ctx, m.ID, m.Method, m.Params); err != nil {
			return holder.Answer{}, err
		}
		if answer.Error == nil {
			came, err = readCharge(&l, answer.Result)
			return came, err
		}
		var says bool
		if came, says = chargeInError(&l, m.Method, answer.Error); !says {
			err = rpcFailure{answer.Error}
		}
		return came, err
	})
	if errors.Is(err, policy.ErrRefused) || errors.Is(err, book.ErrUnwritten) {
		problem, _ := Explain(err)
		l.Code, l.Price = problem.Code, problem.Required
		p.Tell(ctx, &l, err)
		return relay.OwnAnswer(m, problem.Message+"\n"+strings.ToUpper(problem.Help[:1])+problem.Help[1:]+".", problem)
	}
	var rpc rpcFailure
	if errors.As(err, &rpc) {
		return answer, nil
	}
	if err != nil {
		return relay.Message{}, err
	}
	if came.Refused != nil {
		l.Code, l.Price = string(came.Refused.Code), came.Refused.Required
		p.Tell(ctx, &l, came.Refused)
		return relay.OwnAnswer(m, came.Refused.Error(), came.Refused)
	}
	p.Tell(ctx, &l, nil)
	return answer, nil
}

// readCharge takes over what an answer says of the charge of a call.
func readCharge(l *relay.Line, raw json.RawMessage) (came holder.Answer, err error) {
	read, err := relay.ReadResult(raw)
	if err != nil {
		return came, err
	}
	came.Charged = takeSpent(l, read.Meta)
	if came.Refused = refusalIn(&read); came.Refused == nil && read.IsError {
		l.Code, came.Unpaid = relay.CodeFailed, holder.ReadUnpaid(read.StructuredContent, read.Text())
	}
	return came, nil
}

// takeSpent takes over what a _meta says was charged to a token.
func takeSpent(l *relay.Line, meta map[string]json.RawMessage) vouchers.Amount {
	var spent struct {
		Grant              string
		Charged, Remaining vouchers.Amount
	}
	if raw := meta[relay.MetaCredit]; raw != nil && json.Unmarshal(raw, &spent) == nil {
		l.Grant, l.Charged, l.Remaining = naming.Short(spent.Grant), &spent.Charged, &spent.Remaining
	}
	return spent.Charged
}

// chargeInError is readCharge for the error of a read, false where it says nothing of a charge.
func chargeInError(l *relay.Line, method string, raw json.RawMessage) (came holder.Answer, says bool) {
	read, err := relay.ReadError(raw)
	if err != nil || method == string(mcp.MethodToolsCall) {
		return came, false
	}
	l.Code = relay.CodeFailed
	if read.Data != nil {
		came.Refused, came.Unpaid = holder.ReadRefusal(read.Data, ""), holder.ReadUnpaid(read.Data, "")
		return came, came.Refused != nil || came.Unpaid > 0
	}
	came.Charged = takeSpent(l, read.Meta)
	return came, read.Meta != nil
}

// tellBalance asks the server what is left of the token. What it says in words is shown as
// its own: the agent takes the rest for chit's.
func (p *tokenProxy) TellBalance(ctx context.Context) (relay.Message, error) {
	ask := map[string]any{"name": creditTool, "arguments": map[string]string{"action": "inspect"}}
	answer, err := p.Forward(ctx, nil, string(mcp.MethodToolsCall), ask)
	if err != nil {
		return answer, err
	}
	var report credit.Report
	read, err := relay.ReadResult(answer.Result)
	if answer.Error == nil && err == nil {
		if refused := refusalIn(&read); refused != nil {
			return relay.OwnResult(fmt.Sprintf("The server %s says: %q", p.url, naming.FewWords(refused.Error())), refused, true)
		}
	}
	if answer.Error != nil || err != nil || read.IsError || json.Unmarshal(read.StructuredContent, &report) != nil {
		return relay.OwnResult(fmt.Sprintf("The server %s does not say what the credit token has left.", p.url), nil, true)
	}
	report.Levels = slices.DeleteFunc(report.Levels, func(l credit.Level) bool { return !p.limit[l.Caveat] })
	return relay.OwnResult(tellReport(p.url, &report), report, false)
}

func tellReport(server string, report *credit.Report) string {
	var text strings.Builder
	fmt.Fprintf(&text, "The credit token for %s has %s left.\n", server, report.Remaining)
	for _, level := range report.Levels {
		fmt.Fprintf(&text, "Limit %s", level.Caveat)
		switch {
		case level.Remaining != nil && strings.HasPrefix(level.Caveat, macaroon.KindCalls.String()+"="):
			fmt.Fprintf(&text, ": %d calls left", uint64(*level.Remaining))
		case level.Remaining != nil:
			fmt.Fprintf(&text, ": %s left", *level.Remaining)
		}
		text.WriteString(".\n")
	}
	if report.Refused != nil {
		fmt.Fprintf(&text, "No call is taken now: the server says %q.\n", naming.Short(string(report.Refused.Code)))
	}
	return text.String()
}

// refusalIn is the refusal of a token in a result, nil if it is none.
func refusalIn(r *relay.Result) *holder.Refusal {
	if !r.IsError {
		return nil
	}
	return holder.ReadRefusal(r.StructuredContent, r.Text())
}
