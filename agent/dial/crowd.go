package dial

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// Crowd counts what is under way at once.
type Crowd struct {
	most int

	mu sync.Mutex // guards n
	n  int
}

// NewCrowd is one of so many at most.
func NewCrowd(most int) *Crowd { return &Crowd{most: most} }

// Enter returns false where there are too many already; Leave ends it otherwise.
func (c *Crowd) Enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n >= c.most {
		return false
	}
	c.n++
	return true
}

// Leave ends what Enter began.
func (c *Crowd) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n--
}

func (c *Crowd) full() bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n >= c.most
}

// refuse answers the requests of a server: that the client is there, and that it answers
// nothing else.
func (c *Crowd) refuse(ctx context.Context, r transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	answer := &transport.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: r.ID, Result: json.RawMessage("{}")}
	if c.Enter() {
		context.AfterFunc(ctx, c.Leave) // when the answer is sent
	}
	if r.Method != string(mcp.MethodPing) {
		answer.Result, answer.Error = nil, &mcp.JSONRPCErrorDetails{Code: mcp.METHOD_NOT_FOUND, Message: "this client answers no requests"}
	}
	return answer, nil
}
