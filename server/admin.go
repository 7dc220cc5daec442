package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// ErrNoServer says that no server listens on an admin socket.
var ErrNoServer = errors.New("no server is running")

// AdminHandler serves what the operator's commands ask a running shop: lists, a
// settlement, a comparison with the chain, a hot backup of the store. It has no
// access control of its own: serve it on a Unix socket that only its owner can open
// ([ListenAdmin]).
func (s *Shop) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /channels", list(s.Channels))
	mux.HandleFunc("GET /withdrawals", list(s.Withdrawals))
	mux.HandleFunc("GET /limits", list(s.LimitViews))
	mux.HandleFunc("GET /transactions", list(s.Transactions))
	mux.HandleFunc("POST /transactions/{nonce}/speedup", onTransaction(s.SpeedUp))
	mux.HandleFunc("POST /transactions/{nonce}/cancel", onTransaction(s.Cancel))
	mux.HandleFunc("POST /settle", s.adminSettle)
	mux.HandleFunc("POST /receipts", s.adminReceipts)
	s.handleCredit(mux)
	mux.HandleFunc("POST /reconcile", func(w http.ResponseWriter, r *http.Request) {
		found, err := s.Reconcile(r.Context())
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, adminError{err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, found)
	})
	mux.HandleFunc("POST /resume", s.adminResume)
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		if _, err := s.Backup(r.Context(), w); err != nil {
			s.logger.Error("backup", "error", err)
			panic(http.ErrAbortHandler) // the client sees a cut body, not a short backup
		}
	})
	return mux
}

func list[T any](f func() []T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, f()) }
}

func onTransaction(do func(ctx context.Context, chainID, nonce uint64) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		nonce, err := strconv.ParseUint(r.PathValue("nonce"), 10, 64)
		chainID := uint64(0)
		if text := r.URL.Query().Get("chain"); err == nil && text != "" {
			chainID, err = strconv.ParseUint(text, 10, 64)
		}
		if err == nil {
			err = do(r.Context(), chainID, nonce)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, adminError{err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, struct{}{})
	}
}

// adminSettle settles by the request in the body and answers with one event a line.
// A client that goes away interrupts the settlement.
func (s *Shop) adminSettle(w http.ResponseWriter, r *http.Request) {
	var req settle.Request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody)).Decode(&req); err != nil {
		writeJSON(w, http.StatusBadRequest, adminError{fmt.Sprintf("the request: %v", err)})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, flush := json.NewEncoder(w), http.NewResponseController(w)
	_, _ = s.SettleAs(r.Context(), req, func(event settle.Event) { // its error is the last event
		_ = lines.Encode(event)
		_ = flush.Flush()
	})
}

// resumed is what a running server answers of [Shop.Resume]: those that go on, and why
// others do not.
type resumed struct {
	Resumed []vouchers.Stop `json:"resumed"`
	Error   string          `json:"error,omitempty"`
}

func (s *Shop) adminResume(w http.ResponseWriter, r *http.Request) {
	var ids []vouchers.ChannelID
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody)).Decode(&ids); err != nil {
		writeJSON(w, http.StatusBadRequest, adminError{fmt.Sprintf("the request: %v", err)})
		return
	}
	answer, err := resumed{}, error(nil)
	if answer.Resumed, err = s.Resume(r.Context(), ids...); err != nil {
		answer.Error = err.Error()
	}
	writeJSON(w, http.StatusOK, answer)
}

type adminError struct {
	Error string `json:"error"`
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone: nobody is left to tell
}

// ListenAdmin listens on a Unix socket that only its owner can open. A socket file
// that a killed server left behind is replaced; one that answers is not.
func ListenAdmin(path string) (net.Listener, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		return nil, errors.Join(fmt.Errorf("admin socket %s: another server answers there; stop it first", path), conn.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("admin socket %s: %w", path, err)
	}
	old := syscall.Umask(0o177)
	listener, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("admin socket %s: %w", path, err)
	}
	return listener, nil
}

// Admin talks to the admin socket of a running server.
type Admin struct {
	path string
	http *http.Client
}

// DialAdmin connects to a server's admin socket. The error wraps [ErrNoServer] when
// none listens there.
func DialAdmin(path string) (*Admin, error) {
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
	return &Admin{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}, nil
}

// Channels is [Shop.Channels] of the running server.
func (a *Admin) Channels(ctx context.Context) ([]ChannelView, error) {
	return ask[[]ChannelView](ctx, a, http.MethodGet, "/channels")
}

// Withdrawals is [Shop.Withdrawals] of the running server.
func (a *Admin) Withdrawals(ctx context.Context) ([]Withdrawal, error) {
	return ask[[]Withdrawal](ctx, a, http.MethodGet, "/withdrawals")
}

// Limits is [Shop.LimitViews] of the running server.
func (a *Admin) Limits(ctx context.Context) ([]LimitView, error) {
	return ask[[]LimitView](ctx, a, http.MethodGet, "/limits")
}

// Transactions is [Shop.Transactions] of the running server.
func (a *Admin) Transactions(ctx context.Context) ([]chain.PendingTx, error) {
	return ask[[]chain.PendingTx](ctx, a, http.MethodGet, "/transactions")
}

// SpeedUp is [Shop.SpeedUp] of the running server.
func (a *Admin) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	_, err := ask[struct{}](ctx, a, http.MethodPost, fmt.Sprintf("/transactions/%d/speedup?chain=%d", nonce, chainID))
	return err
}

// Cancel is [Shop.Cancel] of the running server.
func (a *Admin) Cancel(ctx context.Context, chainID, nonce uint64) error {
	_, err := ask[struct{}](ctx, a, http.MethodPost, fmt.Sprintf("/transactions/%d/cancel?chain=%d", nonce, chainID))
	return err
}

// Reconcile is [Shop.Reconcile] of the running server.
func (a *Admin) Reconcile(ctx context.Context) (watch.Reconciliation, error) {
	return ask[watch.Reconciliation](ctx, a, http.MethodPost, "/reconcile")
}

// Resume is [Shop.Resume] of the running server.
func (a *Admin) Resume(ctx context.Context, ids ...vouchers.ChannelID) ([]vouchers.Stop, error) {
	request, err := json.Marshal(append([]vouchers.ChannelID{}, ids...))
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	body, err := a.do(ctx, http.MethodPost, "/resume", request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	var answer resumed
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("admin socket %s: POST /resume: %w", a.path, err)
	}
	if answer.Error != "" {
		err = errors.New(answer.Error)
	}
	return answer.Resumed, err
}

// Settle is [Shop.SettleAs] of the running server.
func (a *Admin) Settle(ctx context.Context, dryRun bool) (settle.Settlement, error) {
	return a.SettleAs(ctx, settle.Request{DryRun: dryRun, Anyway: true}, nil)
}

// SettleAs is [Shop.SettleAs] of the running server.
func (a *Admin) SettleAs(ctx context.Context, req settle.Request, report func(settle.Event)) (settle.Settlement, error) {
	var done settle.Settlement
	text, err := json.Marshal(req)
	if err != nil {
		return done, fmt.Errorf("encode the request: %w", err)
	}
	body, err := a.do(ctx, http.MethodPost, "/settle", text)
	if err != nil {
		return done, err
	}
	defer func() { _ = body.Close() }()
	for lines, ended := json.NewDecoder(body), false; ; {
		var event settle.Event
		if err := lines.Decode(&event); errors.Is(err, io.EOF) && ended {
			return done, nil
		} else if err != nil {
			return done, fmt.Errorf("admin socket %s: the server ended before the settlement did: %w", a.path, err)
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

// Backup writes a consistent copy of the running server's store.
func (a *Admin) Backup(ctx context.Context, w io.Writer) (int64, error) {
	body, err := a.do(ctx, http.MethodGet, "/backup", nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	n, err := io.Copy(w, body)
	if err != nil {
		return n, fmt.Errorf("backup over %s: %w", a.path, err)
	}
	return n, nil
}

func ask[T any](ctx context.Context, a *Admin, method, path string) (answer T, err error) {
	body, err := a.do(ctx, method, path, nil)
	if err != nil {
		return answer, err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("admin socket %s: %s %s: %w", a.path, method, path, err)
	}
	return answer, nil
}

func (a *Admin) do(ctx context.Context, method, path string, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("admin socket %s: %w", a.path, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var refusal adminError
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&refusal); err != nil {
		return nil, fmt.Errorf("admin socket %s: %s %s: status %d", a.path, method, path, resp.StatusCode)
	}
	return nil, errors.New(refusal.Error)
}
