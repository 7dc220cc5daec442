package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Handler serves what an operator asks a running shop: lists, a settlement, a comparison
// with the chain, grants, receipts, what the store holds, whether it is sound, a copy of it. It
// has no access control of its own: serve it on a Unix socket that only its owner can open
// ([Listen]). The logger is told of what cannot be answered any more; nil is slog's default.
func Handler(shop *server.Shop, logger *slog.Logger) http.Handler {
	if logger == nil {
		logger = slog.Default()
	}
	on := served{shop, logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /channels", listed(shop.Channels))
	mux.HandleFunc("GET /withdrawals", listed(shop.Withdrawals))
	mux.HandleFunc("GET /limits", listed(shop.LimitViews))
	mux.HandleFunc("GET /transactions", listed(shop.Transactions))
	mux.HandleFunc("POST /transactions/{nonce}/speedup", onTransaction(shop.SpeedUp))
	mux.HandleFunc("POST /transactions/{nonce}/cancel", onTransaction(shop.Cancel))
	mux.HandleFunc("GET /debts", listed(shop.Debts))
	mux.HandleFunc("POST /debts/{payer}/forgive", on.forgive)
	mux.HandleFunc("POST /settle", on.settle)
	mux.HandleFunc("POST /receipts", on.receipts)
	mux.HandleFunc("GET /credit/grants", on.grants)
	mux.HandleFunc("POST /credit/grants/{id}/revoke", on.revokeGrant)
	mux.HandleFunc("POST /credit/rotate", on.rotateCreditKey)
	mux.HandleFunc("POST /reconcile", on.reconcile)
	mux.HandleFunc("POST /resume", on.resume)
	mux.HandleFunc("GET /backup", on.backup)
	mux.HandleFunc("GET /history", on.span)
	mux.HandleFunc("GET /history/{day}", on.day)
	mux.HandleFunc("POST /history/prune", on.prune)
	mux.HandleFunc("GET /store/check", on.check)
	mux.HandleFunc("GET /store/stats", on.stats)
	mux.HandleFunc("GET /store/size", on.size)
	return mux
}

// served is a shop whose operator asks over HTTP.
type served struct {
	shop   *server.Shop
	logger *slog.Logger
}

func listed[T any](f func() []T) http.HandlerFunc {
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
			writeJSON(w, http.StatusBadRequest, failure{err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, struct{}{})
	}
}

// settle settles by the request in the body and answers with one event a line.
// A client that goes away interrupts the settlement.
func (on served) settle(w http.ResponseWriter, r *http.Request) {
	var req settle.Request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, server.MaxBody)).Decode(&req); err != nil {
		writeJSON(w, http.StatusBadRequest, failure{fmt.Sprintf("the request: %v", err)})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, flush := json.NewEncoder(w), http.NewResponseController(w)
	_, _ = on.shop.SettleAs(r.Context(), req, func(event settle.Event) { // its error is the last event
		_ = lines.Encode(event)
		_ = flush.Flush()
	})
}

// resumed is what a running server answers of [server.Shop.Resume]: those that go on, and why
// others do not.
type resumed struct {
	Resumed []ledger.Stop `json:"resumed"`
	Error   string        `json:"error,omitempty"`
}

func (on served) resume(w http.ResponseWriter, r *http.Request) {
	var ids []vouchers.ChannelID
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, server.MaxBody)).Decode(&ids); err != nil {
		writeJSON(w, http.StatusBadRequest, failure{fmt.Sprintf("the request: %v", err)})
		return
	}
	answer, err := resumed{}, error(nil)
	if answer.Resumed, err = on.shop.Resume(r.Context(), ids...); err != nil {
		answer.Error = err.Error()
	}
	writeJSON(w, http.StatusOK, answer)
}

func (on served) reconcile(w http.ResponseWriter, r *http.Request) {
	found, err := on.shop.Reconcile(r.Context())
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, failure{err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, found)
}

// receipts answers with the statement that the body asks for.
func (on served) receipts(w http.ResponseWriter, r *http.Request) {
	var want receipts.Filter
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, server.MaxBody)).Decode(&want); err != nil {
		writeJSON(w, http.StatusBadRequest, failure{fmt.Sprintf("the request: %v", err)})
		return
	}
	if _, known := on.shop.Ledger.Channel(want.Channel); want.Channel != (vouchers.ChannelID{}) && !known {
		writeJSON(w, http.StatusNotFound, failure{fmt.Sprintf("%v: %s", ledger.ErrChannelNotFound, want.Channel)})
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a long statement takes its time
	w.Header().Set("Content-Type", "application/x-ndjson")
	if err := on.shop.WriteStatement(r.Context(), want, w); err != nil {
		on.logger.Error("statement of receipts", "error", err)
		panic(http.ErrAbortHandler) // the client sees a cut body, not a short statement
	}
}

func (on served) revokeGrant(w http.ResponseWriter, r *http.Request) {
	id, err := macaroon.ParseGrantID(r.PathValue("id"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	grant, err := on.shop.Credit.Revoke(r.Context(), id, credit.ByOperator)
	answer(w, grant, err)
}

func (on served) rotateCreditKey(w http.ResponseWriter, r *http.Request) {
	number, err := on.shop.Credit.Keys().Rotate(r.Context())
	answer(w, number, err)
}

func answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, credit.ErrNoGrant):
		writeJSON(w, http.StatusNotFound, failure{err.Error()})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, failure{err.Error()})
	default:
		writeJSON(w, http.StatusOK, v)
	}
}

// failure is the answer to what cannot be done.
type failure struct {
	Error string `json:"error"`
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone: nobody is left to tell
}
