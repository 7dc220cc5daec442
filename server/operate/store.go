package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// checked is one line of what a running server answers while its store is checked: what it
// reads, and at last the report or why there is none.
type checked struct {
	Part   string          `json:"part,omitzero"`
	Done   int64           `json:"done,omitzero"`
	All    int64           `json:"all,omitzero"`
	Report *inspect.Report `json:"report,omitzero"`
	Error  string          `json:"error,omitzero"`
}

// check answers with a line for each part of the store. A client that goes away ends it.
func (on served) check(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, flush := json.NewEncoder(w), http.NewResponseController(w)
	tell := func(line checked) {
		_ = lines.Encode(line)
		_ = flush.Flush()
	}
	report, err := on.shop.Store.Check(r.Context(), func(part string, done, all int64) { tell(checked{Part: part, Done: done, All: all}) })
	if err != nil {
		tell(checked{Error: err.Error()})
		return
	}
	tell(checked{Report: &report})
}

func (on served) stats(w http.ResponseWriter, r *http.Request) {
	stats, err := on.shop.Store.Stats(r.Context())
	answer(w, stats, err)
}

func (on served) size(w http.ResponseWriter, _ *http.Request) {
	size, err := on.shop.Store.Size()
	answer(w, size, err)
}

func (on served) backup(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := on.shop.Backup(r.Context(), w); err != nil {
		on.logger.Error("backup", "error", err)
		panic(http.ErrAbortHandler) // the client sees a cut body, not a short backup
	}
}

// CheckStore has the running server read every value of its store. Progress may be nil.
func (c *Client) CheckStore(ctx context.Context, progress inspect.Progress) (report inspect.Report, err error) {
	body, err := c.do(ctx, http.MethodGet, "/store/check", nil)
	if err != nil {
		return report, err
	}
	defer func() { _ = body.Close() }()
	for lines := json.NewDecoder(body); ; {
		var line checked
		if err := lines.Decode(&line); err != nil {
			return report, fmt.Errorf("admin socket %s: the server ended before the check did: %w", c.path, err)
		}
		switch {
		case line.Error != "":
			return report, errors.New(line.Error)
		case line.Report != nil:
			return *line.Report, nil
		case progress != nil:
			progress(line.Part, line.Done, line.All)
		}
	}
}

// StoreStats is what the store of the running server holds.
func (c *Client) StoreStats(ctx context.Context) (inspect.Stats, error) {
	return ask[inspect.Stats](ctx, c, http.MethodGet, "/store/stats")
}

// StoreSize is how many bytes a backup of the running server's store has.
func (c *Client) StoreSize(ctx context.Context) (int64, error) {
	return ask[int64](ctx, c, http.MethodGet, "/store/size")
}

// Backup writes a consistent copy of the running server's store.
func (c *Client) Backup(ctx context.Context, w io.Writer) (int64, error) {
	body, err := c.do(ctx, http.MethodGet, "/backup", nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	n, err := io.Copy(w, body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server ended it before its end, and says why in its log: %w", err)
	}
	if err != nil {
		return n, fmt.Errorf("backup over %s: %w", c.path, err)
	}
	return n, nil
}
