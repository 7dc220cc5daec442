package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// ErrNoServer says that no server listens on an admin socket.
var ErrNoServer = errors.New("no server is running")

// Client talks to the admin socket of a running server.
type Client struct {
	path string
	http *http.Client
}

// Dial connects to a server's admin socket. The error wraps [ErrNoServer] when
// none listens there.
func Dial(path string) (*Client, error) {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil, fmt.Errorf("%w on %s", ErrNoServer, path)
	}
	if err := conn.Close(); err != nil {
		return nil, fmt.Errorf("admin socket %s: %w", path, err)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}, nil
}

// Channels is [server.Shop.Channels] of the running server.
func (c *Client) Channels(ctx context.Context) ([]books.View, error) {
	return ask[[]books.View](ctx, c, http.MethodGet, "/channels")
}

// Withdrawals is [server.Shop.Withdrawals] of the running server.
func (c *Client) Withdrawals(ctx context.Context) ([]books.Withdrawal, error) {
	return ask[[]books.Withdrawal](ctx, c, http.MethodGet, "/withdrawals")
}

// Limits is [server.Shop.LimitViews] of the running server.
func (c *Client) Limits(ctx context.Context) ([]limits.View, error) {
	return ask[[]limits.View](ctx, c, http.MethodGet, "/limits")
}

// Transactions is [server.Shop.Transactions] of the running server.
func (c *Client) Transactions(ctx context.Context) ([]txmgr.Pending, error) {
	return ask[[]txmgr.Pending](ctx, c, http.MethodGet, "/transactions")
}

// SpeedUp is [server.Shop.SpeedUp] of the running server.
func (c *Client) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	_, err := ask[struct{}](ctx, c, http.MethodPost, fmt.Sprintf("/transactions/%d/speedup?chain=%d", nonce, chainID))
	return err
}

// Cancel is [server.Shop.Cancel] of the running server.
func (c *Client) Cancel(ctx context.Context, chainID, nonce uint64) error {
	_, err := ask[struct{}](ctx, c, http.MethodPost, fmt.Sprintf("/transactions/%d/cancel?chain=%d", nonce, chainID))
	return err
}

// Reconcile is [server.Shop.Reconcile] of the running server.
func (c *Client) Reconcile(ctx context.Context) (watch.Reconciliation, error) {
	return ask[watch.Reconciliation](ctx, c, http.MethodPost, "/reconcile")
}

// Resume is [server.Shop.Resume] of the running server.
func (c *Client) Resume(ctx context.Context, ids ...vouchers.ChannelID) ([]ledger.Stop, error) {
	request, err := json.Marshal(append([]vouchers.ChannelID{}, ids...))
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	body, err := c.do(ctx, http.MethodPost, "/resume", request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	var answer resumed
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("admin socket %s: POST /resume: %w", c.path, err)
	}
	if answer.Error != "" {
		err = errors.New(answer.Error)
	}
	return answer.Resumed, err
}

// Settle is [server.Shop.SettleAs] of the running server.
func (c *Client) Settle(ctx context.Context, dryRun bool) (settle.Settlement, error) {
	return c.SettleAs(ctx, settle.Request{DryRun: dryRun, Anyway: true}, nil)
}

// SettleAs is [server.Shop.SettleAs] of the running server.
func (c *Client) SettleAs(ctx context.Context, req settle.Request, report func(settle.Event)) (settle.Settlement, error) {
	var done settle.Settlement
	text, err := json.Marshal(req)
	if err != nil {
		return done, fmt.Errorf("encode the request: %w", err)
	}
	body, err := c.do(ctx, http.MethodPost, "/settle", text)
	if err != nil {
		return done, err
	}
	defer func() { _ = body.Close() }()
	for lines, ended := json.NewDecoder(body), false; ; {
		var event settle.Event
		if err := lines.Decode(&event); errors.Is(err, io.EOF) && ended {
			return done, nil
		} else if err != nil {
			return done, fmt.Errorf("admin socket %s: the server ended before the settlement did: %w", c.path, err)
		}
		if report != nil {
			report(event)
		}
		if err := event.Err(); err != nil {
			return done, err
		}
		if event.Done != nil {
			done, ended = *event.Done, true
		}
	}
}

// WriteStatement is [server.Shop.WriteStatement] of the running server.
func (c *Client) WriteStatement(ctx context.Context, want receipts.Filter, w io.Writer) error {
	request, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	body, err := c.do(ctx, http.MethodPost, "/receipts", request)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("admin socket %s: the server ended before the statement did: %w", c.path, err)
	}
	return nil
}

// Grants lists the grants of all payers of the running server, which answers page by page.
func (c *Client) Grants(ctx context.Context) (all []credit.Grant, err error) {
	all = []credit.Grant{}
	for page := (grantPage{}); ; {
		page, err = ask[grantPage](ctx, c, http.MethodGet, "/credit/grants?after="+page.Next.String())
		if all = append(all, page.Grants...); err != nil || page.Next == (macaroon.GrantID{}) {
			return all, err
		}
	}
}

// RevokeGrant ends a grant of the running server.
func (c *Client) RevokeGrant(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	return ask[credit.Grant](ctx, c, http.MethodPost, "/credit/grants/"+id.String()+"/revoke")
}

// RotateCreditKey makes the root key under which the running server mints tokens from
// now on, and returns its number.
func (c *Client) RotateCreditKey(ctx context.Context) (uint32, error) {
	return ask[uint32](ctx, c, http.MethodPost, "/credit/rotate")
}

func ask[T any](ctx context.Context, c *Client, method, path string) (answer T, err error) {
	body, err := c.do(ctx, method, path, nil)
	if err != nil {
		return answer, err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("admin socket %s: %s %s: %w", c.path, method, path, err)
	}
	return answer, nil
}

func (c *Client) do(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("admin socket %s: %w", c.path, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var refusal failure
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&refusal); err != nil {
		return nil, fmt.Errorf("admin socket %s: %s %s: status %d", c.path, method, path, resp.StatusCode)
	}
	return nil, errors.New(refusal.Error)
}
