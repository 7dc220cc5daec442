package metrics_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/facilitator/metrics"
	"github.com/chitpay/chit/x402"
)

// lines are those that a reader gets.
func lines(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the answer is %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestAnOutcomeIsAWordOfAClosedSet(t *testing.T) {
	for want, e := range map[string]facilitator.Event{
		"ok":                {Status: http.StatusOK},
		"invalid_payload":   {Status: http.StatusBadRequest, Refused: x402.ErrPayload},
		"facilitator_limit": {Status: http.StatusTooManyRequests, Refused: facilitator.CodeLimit},
		"other":             {Status: http.StatusOK, Refused: "written\nby a stranger"},
		"unauthorized":      {Status: http.StatusUnauthorized},
		"forbidden":         {Status: http.StatusForbidden},
		"limit":             {Status: http.StatusTooManyRequests},
		"error":             {Status: http.StatusInternalServerError},
	} {
		t.Run(want, func(t *testing.T) {
			m := metrics.New()
			e.Path, e.Scheme, e.Network, e.Took = "/settle", x402.SchemeExact, "eip155:8453", 3*time.Second
			m.Count(e)
			got := lines(t, m)
			for _, line := range []string{
				`chit_facilitator_requests_total{network="eip155:8453",outcome="` + want + `",path="/settle",scheme="exact"} 1`,
				`chit_facilitator_request_duration_seconds_bucket{path="/settle",le="2.5"} 0`,
				`chit_facilitator_request_duration_seconds_bucket{path="/settle",le="5"} 1`,
				`chit_facilitator_request_duration_seconds_sum{path="/settle"} 3`,
			} {
				if !strings.Contains(got, line+"\n") {
					t.Errorf("there is no %s in\n%s", line, got)
				}
			}
			if strings.Contains(got, "stranger") {
				t.Error("a stranger's text is a label")
			}
		})
	}
}
