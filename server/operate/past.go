package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/history"
)

// Prune is what an operator asks of the history. Keep nil is what the shop keeps by its own
// config.
type Prune struct {
	Keep   *history.Keep `json:"keep,omitempty"`
	DryRun bool          `json:"dryRun"`
}

func (on served) span(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, on.shop.HistorySpan())
}

// day answers with the receipts of a day as a Parquet file.
func (on served) day(w http.ResponseWriter, r *http.Request) {
	day, err := time.Parse(time.DateOnly, r.PathValue("day"))
	if err != nil {
		writeJSON(w, http.StatusBadRequest, failure{fmt.Sprintf("the day: %v", err)})
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a long day takes its time
	w.Header().Set("Content-Type", "application/vnd.apache.parquet")
	if err := on.shop.WriteDay(r.Context(), day, w); err != nil {
		on.logger.Error("archive", "day", r.PathValue("day"), "error", err)
		panic(http.ErrAbortHandler) // the client sees a cut body, not a short day
	}
}

// pruned is what a running server answers of [server.Shop.Prune]: what went, and why not all.
type pruned struct {
	history.Pruned
	Error string `json:"error,omitempty"`
}

func (on served) prune(w http.ResponseWriter, r *http.Request) {
	var req Prune
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, server.MaxBody)).Decode(&req); err != nil {
		writeJSON(w, http.StatusBadRequest, failure{fmt.Sprintf("the request: %v", err)})
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // much takes its time
	done, err := on.shop.Prune(r.Context(), req.Keep, req.DryRun)
	answer := pruned{Pruned: done}
	if err != nil {
		answer.Error = err.Error()
	}
	writeJSON(w, http.StatusOK, answer)
}

// HistorySpan is [server.Shop.HistorySpan] of the running server.
func (c *Client) HistorySpan(ctx context.Context) (books.Span, error) {
	return ask[books.Span](ctx, c, http.MethodGet, "/history")
}

// WriteDay is [server.Shop.WriteDay] of the running server.
func (c *Client) WriteDay(ctx context.Context, day time.Time, w io.Writer) error {
	body, err := c.do(ctx, http.MethodGet, "/history/"+day.Format(time.DateOnly), nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("admin socket %s: the server ended before the day did, and says why: %w", c.path, err)
	}
	return nil
}

// Prune is [server.Shop.Prune] of the running server.
func (c *Client) Prune(ctx context.Context, req Prune) (history.Pruned, error) {
	text, err := json.Marshal(req)
	if err != nil {
		return history.Pruned{}, fmt.Errorf("encode the request: %w", err)
	}
	body, err := c.do(ctx, http.MethodPost, "/history/prune", text)
	if err != nil {
		return history.Pruned{}, err
	}
	defer func() { _ = body.Close() }()
	var answer pruned
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return answer.Pruned, fmt.Errorf("admin socket %s: POST /history/prune: %w", c.path, err)
	}
	if answer.Error != "" {
		err = errors.New(answer.Error)
	}
	return answer.Pruned, err
}
