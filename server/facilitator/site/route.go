package site

import (
	"errors"
	"net/http"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/facilitator/metrics"
	"github.com/chitpay/chit/server/limits"
)

// route is the facilitator, and GET /metrics: for keys that may read it, or, without keys, for this
// machine. A facilitator that is open to everybody has none.
func (s *Site) route(callers *access.Access, told *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.facilitator)
	if s.config.Open {
		return mux
	}
	lines := told.Handler(s.logger)
	reader := door.New(limits.Limits{}.WithDefaults(), limits.NewHits(s.logger))
	mux.Handle("GET /metrics", reader.Bound(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if callers != nil {
			if err := callers.Watch(r); err != nil {
				unwatched(w, err)
				return
			}
		}
		lines.ServeHTTP(w, r)
	})))
	return mux
}

// unwatched answers who may not read the metrics.
func unwatched(w http.ResponseWriter, err error) {
	if errors.Is(err, facilitator.ErrForbidden) {
		door.WriteProblem(w, http.StatusForbidden, err.Error())
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	door.WriteProblem(w, http.StatusUnauthorized, err.Error())
}
