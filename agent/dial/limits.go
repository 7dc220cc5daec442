package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chitpay/chit/agent/naming"
)

// ErrLimit says that the other side has sent, or asked for, more than a client's
// [Limits] take.
var ErrLimit = errors.New("more than this client takes")

// Limits bound what the other side can make a client read, remember or wait for. A zero
// field takes its default, which no honest server meets. In a profile they stand under
// clientLimits, by their names in lower case.
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
	// Servers is how many servers a transport pays; 0 is 256.
	Servers int
	// Receipts is how many receipts are fetched at once; 0 is 100,000.
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
	// Behind is for how long the payer's own node is waited for, where it does not know a
	// transaction yet that the server says was made; 0 is half a minute.
	Behind time.Duration
}

// WithDefaults has the default of each field that is zero.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Answer: cmp.Or(l.Answer, 64<<20), Events: cmp.Or(l.Events, 100_000),
		Pages: cmp.Or(l.Pages, 100), Entries: cmp.Or(l.Entries, 10_000),
		Terms: cmp.Or(l.Terms, 32), Requests: cmp.Or(l.Requests, 256), Servers: cmp.Or(l.Servers, 256), Receipts: cmp.Or(l.Receipts, 100_000),
		Silence: cmp.Or(l.Silence, 5*time.Minute), Hold: cmp.Or(l.Hold, 10*time.Minute), Behind: cmp.Or(l.Behind, 30*time.Second),
	}
}

// fields are the limits by the names that a profile has for them.
func (l *Limits) fields() map[string]any {
	return map[string]any{
		"answer": &l.Answer, "events": &l.Events, "pages": &l.Pages, "entries": &l.Entries, "terms": &l.Terms,
		"requests": &l.Requests, "servers": &l.Servers, "receipts": &l.Receipts, "silence": &l.Silence, "hold": &l.Hold, "behind": &l.Behind,
	}
}

// Set sets the limit with this name from the text that a profile has for it: a whole
// number (of bytes, for answer), or a time such as "10m"; neither is 0. The error wraps
// [ErrLimit].
func (l *Limits) Set(name, text string) error {
	var err error
	switch field := l.fields()[name].(type) {
	case *int:
		*field, err = strconv.Atoi(text)
		err = cmp.Or(err, positive(*field))
	case *int64:
		*field, err = strconv.ParseInt(text, 10, 64)
		err = cmp.Or(err, positive(*field))
	case *time.Duration:
		*field, err = time.ParseDuration(text)
		err = cmp.Or(err, positive(*field))
	default:
		err = fmt.Errorf("known are %s", strings.Join(slices.Sorted(maps.Keys(l.fields())), ", "))
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %q: %w", ErrLimit, name, text, err)
	}
	return nil
}

func positive[N int | int64 | time.Duration](n N) error {
	if n > 0 {
		return nil
	}
	return errors.New("it has to be above 0")
}

// Over is the error of a limit that is met.
func Over(limit string, most any, what string) error {
	return fmt.Errorf("%w: %s, at most %v (Limits.%s; clientLimits of the profile says otherwise)", ErrLimit, what, most, limit)
}

// connections is how many calls can be on the wire at once without new connections.
const connections = 256

// HTTPClient returns a client for connections to servers that keeps to these limits, and
// follows no redirect: a payment or a token would go along. Connections of a caller's own
// are made with it.
func (l Limits) HTTPClient() *http.Client { return l.WithDefaults().Client(nil) }

// Client is HTTPClient for one whose server's requests are counted.
func (l Limits) Client(asked *Crowd) *http.Client {
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = connections, connections
	return &http.Client{Transport: &bounded{Transport: wire, limits: l, asked: asked}, CheckRedirect: NoRedirect}
}

// NoRedirect keeps payments and tokens where they were sent. Its error wraps [naming.ErrURL].
func NoRedirect(r *http.Request, _ []*http.Request) error {
	return fmt.Errorf("%w: it sends on to %s, and payments are not sent on; use that URL if you trust it", naming.ErrURL, naming.FewWords(naming.Server(r.URL.String())))
}

// Within is a context for something that no honest server takes as long as Hold for.
func (l Limits) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	l = l.WithDefaults()
	return context.WithTimeoutCause(ctx, l.Hold, Over("Hold", l.Hold, "the server takes too long"))
}
