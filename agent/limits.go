package agent

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrLimit says that the other side has sent, or asked for, more than a client's
// [Limits] take.
var ErrLimit = errors.New("more than this client takes")

// Limits bound what the other side can make a client read, remember or wait for. A zero
// field takes its default, which no honest server meets.
type Limits struct {
	// Answer is how long an answer, or one event of a stream, may be, in bytes after
	// unpacking; 0 is 64 MiB.
	Answer int64
	// Events is how many events of a stream may come before the answer to a request; 0
	// is 100,000.
	Events int
	// Pages and Entries are how many a list may have; 0 is 100 and 10,000.
	Pages, Entries int
	// Terms is how many ways to pay a refusal may offer: each may take requests to the
	// payer's node. 0 is 32.
	Terms int
	// Requests is how many requests of a server, and how many of the MCP client in front
	// of a proxy, may be under way at once; 0 is 256.
	Requests int
	// Receipts is how many receipts [Client.FetchReceipts] gets at once; 0 is 100,000.
	Receipts int
	// Silence is for how long a server may send nothing while it is waited for; 0 is five
	// minutes. A server that goes on sending may take as long as it likes, while it holds
	// nothing else up.
	Silence time.Duration
	// Hold is for how long a call may go on while others of its channel wait for it, because
	// the server has corrected its count or takes one call at a time: then its answer is given
	// up, and its outcome is not known. It is for how long a deposit keeps others back, and
	// whatever is no call of a tool may take, too. 0 is ten minutes, for which a signed
	// deposit is good.
	Hold time.Duration
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Answer: cmp.Or(l.Answer, 64<<20), Events: cmp.Or(l.Events, 100_000),
		Pages: cmp.Or(l.Pages, 100), Entries: cmp.Or(l.Entries, 10_000),
		Terms: cmp.Or(l.Terms, 32), Requests: cmp.Or(l.Requests, 256), Receipts: cmp.Or(l.Receipts, 100_000), Silence: cmp.Or(l.Silence, 5*time.Minute),
		Hold: cmp.Or(l.Hold, authorizationTime),
	}
}

// over is the error of a limit that is met.
func over(limit string, most any, what string) error {
	return fmt.Errorf("%w: %s, at most %v (Limits.%s)", ErrLimit, what, most, limit)
}

// connections is how many calls can be on the wire at once without new connections.
const connections = 256

// HTTPClient returns a client for connections to servers that keeps to these limits, and
// follows no redirect: a payment or a token would go along. Connections of a caller's own
// ([Wrap]) are made with it.
func (l Limits) HTTPClient() *http.Client { return l.withDefaults().client(nil) }

// client is HTTPClient for one whose server's requests are counted.
func (l Limits) client(asked *crowd) *http.Client {
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = connections, connections
	return &http.Client{Transport: &bounded{Transport: wire, limits: l, asked: asked}, CheckRedirect: noRedirect}
}
