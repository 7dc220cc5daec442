package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
)

// ErrNoServer says that no server listens on an admin socket.
var ErrNoServer = errors.New("no server is running")

// AdminHandler serves what the operator's commands ask a running shop: the list of
// channels, a settlement, a hot backup of the store. It has no access control of
// its own: serve it on a Unix socket that only its owner can open ([ListenAdmin]).
func (s *Shop) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /channels", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, ListChannels(s.Ledger))
	})
	mux.HandleFunc("POST /settle", func(w http.ResponseWriter, r *http.Request) {
		dryRun, err := strconv.ParseBool(r.URL.Query().Get("dryRun"))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, adminError{fmt.Sprintf("dryRun: %v", err)})
			return
		}
		settlement, err := s.Settler.Settle(r.Context(), dryRun)
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, adminError{err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, settlement)
	})
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		if _, err := s.Store.Backup(w); err != nil {
			s.logger.Error("backup", "error", err)
			panic(http.ErrAbortHandler) // the client sees a cut body, not a short backup
		}
	})
	return mux
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

// Channels is [ListChannels] of the running server.
func (a *Admin) Channels(ctx context.Context) ([]ChannelView, error) {
	var views []ChannelView
	return views, a.ask(ctx, http.MethodGet, "/channels", &views)
}

// Settle is [Settler.Settle] of the running server.
func (a *Admin) Settle(ctx context.Context, dryRun bool) (Settlement, error) {
	var settlement Settlement
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}}
	return settlement, a.ask(ctx, http.MethodPost, "/settle?"+query.Encode(), &settlement)
}

// Backup writes a consistent copy of the running server's store.
func (a *Admin) Backup(ctx context.Context, w io.Writer) (int64, error) {
	body, err := a.do(ctx, http.MethodGet, "/backup")
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

func (a *Admin) ask(ctx context.Context, method, path string, answer any) error {
	body, err := a.do(ctx, method, path)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(answer); err != nil {
		return fmt.Errorf("admin socket %s: %s %s: %w", a.path, method, path, err)
	}
	return nil
}

func (a *Admin) do(ctx context.Context, method, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, nil)
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
