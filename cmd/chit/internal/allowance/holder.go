package allowance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// Holder calls tools on a token: an MCP client whose requests have a header, with no
// wallet and no chain.
type Holder struct {
	// Budget limits the calls; nil is the token's own limits alone.
	Budget *holder.Budget

	mcp    *mcpclient.Client
	http   *http.Client
	url    string // as it is dialled
	limits agent.Limits
}

// Dial connects to an MCP endpoint with a token, which must be one that can be read.
// The caller closes the holder. Errors are those of [macaroon.Parse] and [naming.TokenURL]
// too.
func Dial(ctx context.Context, url, token, version string, limits agent.Limits) (*Holder, error) {
	if _, err := macaroon.Parse(token); err != nil {
		return nil, err
	}
	target, err := naming.TokenURL(url)
	if err != nil {
		return nil, err
	}
	url = naming.Server(url)
	client, wire, err := limits.Connect(ctx, target.String(), token)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	h := &Holder{mcp: client, http: wire, url: target.String(), limits: limits}
	if err := h.hello(ctx, version); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", url, err), h.Close())
	}
	return h, nil
}

func (h *Holder) hello(ctx context.Context, version string) error {
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "chit", Version: version}
	ctx, done := h.limits.Within(ctx)
	defer done()
	return dial.Requesting(ctx, h.url, func(ctx context.Context) error {
		_, err := h.mcp.Initialize(ctx, hello)
		return err
	})
}

// Close ends the connection.
func (h *Holder) Close() error {
	err := h.mcp.Close()
	h.http.CloseIdleConnections()
	return err
}

// Spent is what a call has cost the token. Amounts are atomic units.
type Spent struct {
	Grant     macaroon.GrantID `json:"grant"`
	Charged   vouchers.Amount  `json:"charged"`
	Remaining vouchers.Amount  `json:"remaining"`
}

// A call that costs something and whose answer was lost on the way is made again, under
// the same identifier: it is made and charged once. Nobody remembers calls of free tools.
const (
	tries     = 3
	firstWait = 200 * time.Millisecond // the next is twice as long
)

// callTool makes a call until it is answered.
func (h *Holder) callTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	req.Params.Meta = &mcp.Meta{AdditionalFields: map[string]any{onmcp.MetaCallID: rand.Text()}}
	for n, wait := 1, firstWait; ; n, wait = n+1, 2*wait {
		result, err := h.call(ctx, req)
		var lost *transport.Error
		if !errors.As(err, &lost) || n == tries || !h.costs(ctx, req.Params.Name) {
			return result, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

func (h *Holder) call(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
	err = dial.Requesting(ctx, h.url, func(ctx context.Context) (err error) {
		result, err = h.mcp.CallTool(ctx, req)
		return err
	})
	return result, err
}

// costs reports whether the server announces a price for a tool.
func (h *Holder) costs(ctx context.Context, name string) bool {
	tools, err := dial.ListTools(ctx, h.mcp, h.limits)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(tools, func(tool mcp.Tool) bool {
		return tool.Name == name && tool.Meta != nil && tool.Meta.AdditionalFields[onmcp.MetaPrice] != nil
	})
}

// Call calls a tool. Spent is nil if the call was free. The error is a
// [*holder.Refusal] where the token does not pay, and an [*agent.PolicyError] where
// the budget does not; a tool that fails is a result with IsError.
func (h *Holder) Call(ctx context.Context, tool string, arguments map[string]any) (result *mcp.CallToolResult, spent *Spent, err error) {
	var answer holder.Answer
	err = h.Budget.Call(ctx, tool, 0, func(ctx context.Context) (holder.Answer, error) {
		result, spent, err = h.callOnce(ctx, tool, arguments)
		if answer = (holder.Answer{}); spent != nil {
			answer.Charged = spent.Charged
		}
		if err == nil {
			answer.Refused, answer.Unpaid = holder.Refused(result), holder.Unpaid(result)
		}
		return answer, err
	})
	if err == nil && answer.Refused != nil {
		err = answer.Refused
	}
	if err != nil {
		return nil, nil, fmt.Errorf("call %s: %w", tool, err)
	}
	return result, spent, nil
}

func (h *Holder) callOnce(ctx context.Context, tool string, arguments map[string]any) (*mcp.CallToolResult, *Spent, error) {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := h.callTool(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	spent, err := spentOf(result)
	return result, spent, err
}

func spentOf(result *mcp.CallToolResult) (*Spent, error) {
	if result.Meta == nil || result.Meta.AdditionalFields[onmcp.MetaCredit] == nil {
		return nil, nil
	}
	raw, err := json.Marshal(result.Meta.AdditionalFields[onmcp.MetaCredit])
	if err != nil {
		return nil, fmt.Errorf("the receipt cannot be read: %w", err)
	}
	spent := new(Spent)
	if err := json.Unmarshal(raw, spent); err != nil {
		return nil, fmt.Errorf("the receipt cannot be read: %w", err)
	}
	return spent, nil
}

// Inspect asks what is left at every level of the token.
func (h *Holder) Inspect(ctx context.Context) (credit.Report, error) {
	return about[credit.Report](ctx, h, "inspect")
}

// Revoke ends the token, and everything that was attenuated from it.
func (h *Holder) Revoke(ctx context.Context) (credit.Grant, error) {
	return about[credit.Grant](ctx, h, "revoke")
}

func about[T any](ctx context.Context, h *Holder, action string) (T, error) {
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = onmcp.CreditTool, token.Arguments{Action: action}
	result, err := h.call(ctx, req)
	if err != nil {
		var none T
		return none, fmt.Errorf("%s the token: %w", action, err)
	}
	return decode[T](result)
}

// refusal is the error of a result that is one.
func refusal(result *mcp.CallToolResult) error {
	if refused := holder.Refused(result); refused != nil {
		return refused
	}
	if len(result.Content) > 0 {
		if text, ok := result.Content[0].(mcp.TextContent); ok {
			return errors.New(text.Text)
		}
	}
	return errors.New("the server refuses and does not say why")
}
