package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// health is what /healthz says.
type health struct {
	// Status is "ok", "degraded" while an upstream is down, or "down" when no payment
	// can be taken.
	Status    string                    `json:"status"`
	Error     string                    `json:"error,omitempty"`
	Upstreams map[string]upstreamHealth `json:"upstreams"`
}

type upstreamHealth struct {
	Up bool `json:"up"`
	// Since is when it came up or went down.
	Since time.Time `json:"since"`
}

func (g *Gateway) health(ctx context.Context) health {
	h := health{Status: "ok", Upstreams: make(map[string]upstreamHealth)}
	for _, u := range g.upstreams {
		up, since := u.State()
		h.Upstreams[u.Name] = upstreamHealth{Up: up, Since: since.UTC()}
		if !up {
			h.Status = "degraded"
		}
	}
	if err := g.shop.Healthy(ctx); err != nil {
		h.Status, h.Error = "down", err.Error()
	}
	return h
}

func (g *Gateway) serveHealth(w http.ResponseWriter, r *http.Request) {
	h := g.health(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if h.Status == "down" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // the client has gone: nobody is left to tell
}
