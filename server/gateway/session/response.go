package session

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/server/door"
)

type requestKey struct{}

// Settle waits until so many notifications have left for the client whose call a context is,
// so that they come before its answer.
func Settle(ctx context.Context, notifications int64) {
	if seen, ok := ctx.Value(requestKey{}).(*observed); ok {
		seen.settle(ctx, notifications)
	}
}

// Observe logs every request, and notes what it is answered.
func Observe(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &observed{ResponseWriter: w, status: http.StatusOK, news: make(chan struct{}, 1)}
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), requestKey{}, seen)))
		if !logger.Enabled(r.Context(), slog.LevelDebug) {
			return
		}
		logger.LogAttrs(r.Context(), slog.LevelDebug, "http", slog.String("request", r.Header.Get(door.HeaderRequestID)), slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes), slog.Duration("took", time.Since(began)))
	})
}

// observed is a response that notes what is answered.
type observed struct {
	http.ResponseWriter
	status  int
	bytes   int64
	flushes atomic.Int64
	news    chan struct{} // holds one: there was a flush
}

func (o *observed) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(p []byte) (int, error) {
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// Flush sends what is written so far.
func (o *observed) Flush() {
	_ = http.NewResponseController(o.ResponseWriter).Flush()
	o.flushes.Add(1)
	select {
	case o.news <- struct{}{}:
	default: // it is known already
	}
}

// settle waits until so many notifications of a call have left, each with a flush of
// its own: the server library drops those that are still on their way when the call
// ends. It does not wait long, since they are only news.
func (o *observed) settle(ctx context.Context, notifications int64) {
	late := time.NewTimer(settlePatience)
	defer late.Stop()
	for o.flushes.Load() < notifications {
		select {
		case <-o.news:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Unwrap is for [http.ResponseController].
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// settlePatience is how long an answer waits for the notifications before it.
const settlePatience = time.Second
