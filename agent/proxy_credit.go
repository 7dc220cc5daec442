package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
)

// The parts of a chit server's credit tokens that a holder meets.
const (
	creditTool = "chit_credit"
	metaCredit = "chit/credit"
)

// CreditProxy is a [Proxy] that pays with a credit token: it needs no wallet and no
// chain. A call that the token does not pay for gives a result that an agent can act on
// ([CreditRefusal], as structured content).
type CreditProxy struct {
	*relay
	http *http.Client
}

var _ paying = (*CreditProxy)(nil)

// OpenCreditProxy makes a proxy to an MCP server over streamable HTTP. It connects when
// its client does. The token is shown to that server alone, and over plain http to
// this machine alone. Errors are those of [credit.Parse], or wrap [ErrURL] or [ErrPlain]. The caller closes the proxy.
func OpenCreditProxy(server, token string, limits Limits, logger *slog.Logger) (*CreditProxy, error) {
	if _, err := credit.Parse(token); err != nil {
		return nil, err
	}
	u, err := tokenURL(server)
	if err != nil {
		return nil, err
	}
	limits = limits.withDefaults()
	asked := &crowd{most: limits.Requests}
	p := &CreditProxy{http: limits.client(asked)}
	bearer := transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token})
	if p.relay, err = newRelay(u.String(), nameOfServer(u), limits, asked, logger, transport.WithHTTPBasicClient(p.http), bearer); err != nil {
		return nil, err
	}
	p.paying = p
	return p, nil
}

// Close closes the connections, and logs a summary of what was paid. [CreditProxy.Serve] must have returned.
func (p *CreditProxy) Close() error {
	defer p.sayWhatWasPaid()
	err := p.wire.Close()
	p.http.CloseIdleConnections()
	return err
}

// sees has nothing to learn: the token's caveats are its limits.
func (p *CreditProxy) sees(string, map[string]json.RawMessage) {}

// call passes a call on; the token is in a header.
func (p *CreditProxy) call(ctx context.Context, m message, tool string, _ map[string]json.RawMessage) (message, error) {
	l := line{tool: tool, began: time.Now(), code: codeOK}
	answer, err := p.forward(ctx, m.ID, m.Method, m.Params)
	if err != nil || answer.Error != nil {
		return answer, err
	}
	read, err := readResult(answer.Result)
	if err != nil {
		return message{}, err
	}
	var spent struct {
		Grant              string
		Charged, Remaining vouchers.Amount
	}
	if raw := read.Meta[metaCredit]; raw != nil && json.Unmarshal(raw, &spent) == nil {
		l.grant, l.charged, l.remaining = short(spent.Grant), &spent.Charged, &spent.Remaining
	}
	if refused := read.creditRefusal(); refused != nil {
		l.code, l.price = string(refused.Code), refused.Required
		p.tell(ctx, &l, refused)
		return result(refused.Error(), refused, true)
	}
	if read.IsError {
		l.code = codeFailed
	}
	p.tell(ctx, &l, nil)
	return answer, nil
}

// tellBalance asks the server what is left of the token.
func (p *CreditProxy) tellBalance(ctx context.Context) (message, error) {
	ask := map[string]any{"name": creditTool, "arguments": map[string]string{"action": "inspect"}}
	answer, err := p.forward(ctx, nil, string(mcp.MethodToolsCall), ask)
	if err != nil || answer.Error != nil {
		return answer, err
	}
	read, err := readResult(answer.Result)
	if err != nil {
		return message{}, err
	}
	if refused := read.creditRefusal(); refused != nil {
		return result(refused.Error(), refused, true)
	}
	var report credit.Report
	if read.IsError || json.Unmarshal(read.StructuredContent, &report) != nil {
		return answer, nil // what the server says, as it is
	}
	var text strings.Builder
	fmt.Fprintf(&text, "The credit token for %s has %s left.\n", p.url, report.Remaining)
	for _, level := range report.Levels {
		fmt.Fprintf(&text, "Limit %s", level.Caveat)
		switch {
		case level.Remaining != nil && strings.HasPrefix(level.Caveat, credit.KindCalls.String()+"="):
			fmt.Fprintf(&text, ": %d calls left", uint64(*level.Remaining))
		case level.Remaining != nil:
			fmt.Fprintf(&text, ": %s left", *level.Remaining)
		}
		text.WriteString(".\n")
	}
	if report.Refused != nil {
		fmt.Fprintf(&text, "No call is taken now: %s.\n", report.Refused.Code)
	}
	return result(text.String(), report, false)
}
