package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// streamed is a shop that sells what a handler streams, by its lines, and a payer.
type streamed struct {
	*customer
	shop *shoptest.Shop
	url  string
}

const (
	linePrice = 10
	slice     = 35
)

func streaming(t testing.TB, count func() server.Counter, next http.HandlerFunc) *streamed {
	t.Helper()
	shop := shoptest.Open(t, selling(t), new(tool).add)
	sold := shop.SellHTTP(server.HTTPOffer{
		Name: "POST /stream", Price: func() vouchers.Amount { return price },
		Stream: &server.Stream{Count: count, Slice: slice},
	})(next)
	route := httptest.NewServer(sold)
	t.Cleanup(route.Close)
	return &streamed{regular(t, shop, "payer", usdc), shop, route.URL}
}

// byVoucher and byToken pay for a request; charged is what the channel was charged before.
func (s *streamed) byVoucher(charged vouchers.Amount) func(*http.Request) {
	header, err := x402.EncodeHeader(s.pays(charged + price))
	if err != nil {
		s.t.Fatal(err)
	}
	return func(r *http.Request) { r.Header.Set(x402.HeaderPaymentSignature, header) }
}

func (s *streamed) byToken(vouchers.Amount) func(*http.Request) {
	g := s.granted(macaroon.Scope{Budget: price}, 0)
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+g.Token) }
}

func (s *streamed) open(ctx context.Context, pay func(*http.Request)) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader("{}"))
	if err != nil {
		s.t.Fatal(err)
	}
	pay(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// means runs a test for each means that charges by slices.
func means(t *testing.T, run func(t *testing.T, pays func(s *streamed) func(*http.Request))) {
	t.Run("by voucher", func(t *testing.T) {
		run(t, func(s *streamed) func(*http.Request) { return s.byVoucher(0) })
	})
	t.Run("by token", func(t *testing.T) {
		run(t, func(s *streamed) func(*http.Request) { return s.byToken(0) })
	})
}

func TestAStreamPassesOnAsItComesAndIsChargedBefore(t *testing.T) {
	means(t, func(t *testing.T, pays func(s *streamed) func(*http.Request)) {
		more := make(chan struct{})
		s := streaming(t, server.PerLines(linePrice, 1), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "a=b")
			for range 5 {
				_, _ = io.WriteString(w, "line\n")
				w.(http.Flusher).Flush()
				select {
				case <-more:
				case <-r.Context().Done():
					return
				}
			}
		})
		pay := pays(s)
		resp := s.open(t.Context(), pay)
		lines := bufio.NewReader(resp.Body)
		for n, want := range []vouchers.Amount{slice, slice, slice, 2 * slice, 2 * slice} {
			if line, err := lines.ReadString('\n'); err != nil || line != "line\n" {
				t.Fatalf("line %d: %q %v", n, line, err)
			}
			if got := s.ledger(s.shop).Charged; got != want {
				t.Errorf("with line %d there the channel is charged %s, want %s", n, got, want)
			}
			more <- struct{}{}
		}
		if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
			t.Errorf("at the end: %q %v", rest, err)
		}
		if resp.Header.Get("Set-Cookie") != "" || resp.Trailer.Get("Chit-Receipt") == "" {
			t.Errorf("the head %v, the trailers %v", resp.Header, resp.Trailer)
		}
		resp.Header = resp.Trailer
		if got := s.charge(resp); got != 2*slice {
			t.Errorf("told of a charge of %s", got)
		}
		if left := resp.Trailer.Get("Chit-Credit-Remaining"); left != "" && left != "930" {
			t.Errorf("told that %s are left", left)
		}
		if ch := s.ledger(s.shop); ch.Charged != 2*slice || ch.Reserved != 0 {
			t.Errorf("in the end %s are charged, %s reserved", ch.Charged, ch.Reserved)
		}
	})
}

func TestAStreamOfWhoGoesAwayEndsAndIsChargedWhatWasDelivered(t *testing.T) {
	means(t, func(t *testing.T, pays func(s *streamed) func(*http.Request)) {
		ended := make(chan struct{})
		s := streaming(t, server.PerLines(linePrice, 1), func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			_, _ = io.WriteString(w, "line\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			_, _ = io.WriteString(w, strings.Repeat("line\n", 50))
		})
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		resp := s.open(ctx, pays(s))
		if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		leave()
		<-ended
		until(t, "the rest is given back", func() bool { return s.ledger(s.shop).Reserved == 0 })
		if got := s.ledger(s.shop).Charged; got != slice {
			t.Errorf("charged %s for a line of %d, by slices of %d", got, linePrice, slice)
		}
	})
}

func TestAStreamEndsAtItsPrice(t *testing.T) {
	means(t, func(t *testing.T, pays func(s *streamed) func(*http.Request)) {
		told := make(chan error, 1)
		s := streaming(t, server.PerLines(linePrice, 1), func(w http.ResponseWriter, r *http.Request) {
			var err error
			for err == nil {
				_, err = io.WriteString(w, "line\n")
			}
			<-r.Context().Done()
			told <- err
		})
		resp := s.open(t.Context(), pays(s))
		body, err := io.ReadAll(resp.Body)
		if lines := strings.Count(string(body), "line\n"); lines != price/linePrice || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d lines, then %v", lines, err)
		}
		if err := <-told; err == nil {
			t.Error("the handler is not told")
		}
		if got := s.ledger(s.shop).Charged; got != price {
			t.Errorf("charged %s", got)
		}
	})
}

func TestAStreamThatBreaksOffIsChargedWhatWasDelivered(t *testing.T) {
	means(t, func(t *testing.T, pays func(s *streamed) func(*http.Request)) {
		s := streaming(t, server.PerLines(linePrice, 1), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("line\n", 4))
			panic(http.ErrAbortHandler)
		})
		body, err := io.ReadAll(s.open(t.Context(), pays(s)).Body)
		if strings.Count(string(body), "line\n") != 4 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q %v", body, err)
		}
		if ch := s.ledger(s.shop); ch.Charged != 4*linePrice || ch.Reserved != 0 {
			t.Errorf("charged %s, reserved %s", ch.Charged, ch.Reserved)
		}
	})
}

func TestAStreamThatDeliversNothingCostsNothing(t *testing.T) {
	for name, next := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "line", http.StatusBadGateway) },
		"nothing":  func(http.ResponseWriter, *http.Request) {},
		"a head":   func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() },
		"a break":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			means(t, func(t *testing.T, pays func(s *streamed) func(*http.Request)) {
				s := streaming(t, server.PerLines(linePrice, 1), next)
				resp := s.open(t.Context(), pays(s))
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Error(err)
				}
				if ch := s.ledger(s.shop); ch.Charged != 0 || ch.Reserved != 0 {
					t.Errorf("%s: charged %s, reserved %s", resp.Status, ch.Charged, ch.Reserved)
				}
			})
		})
	}
}

func TestAPaymentOfAStreamIsChargedOnce(t *testing.T) {
	runs := 0
	s := streaming(t, server.PerLines(linePrice, 1), func(w http.ResponseWriter, _ *http.Request) {
		runs++
		_, _ = io.WriteString(w, "line\n")
	})
	pay := s.byVoucher(0)
	for range 2 {
		_, _ = io.ReadAll(s.open(t.Context(), pay).Body)
	}
	if got := s.ledger(s.shop).Charged; got != slice || runs != 1 {
		t.Errorf("charged %s in %d runs", got, runs)
	}
	if _, err := io.ReadAll(s.open(t.Context(), s.byVoucher(slice)).Body); err != nil || runs != 2 || s.ledger(s.shop).Charged != 2*slice {
		t.Errorf("the next: %v, %d runs", err, runs)
	}
}

func TestALongStreamTakesNoMemory(t *testing.T) {
	const length, most = 200 << 20, 8 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, grown := heap(), uint64(0)
	s := streaming(t, server.PerBytes(1, 1<<20), func(w http.ResponseWriter, _ *http.Request) {
		part := make([]byte, 1<<20)
		for n := 0; n < length; n += len(part) {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
		grown = max(heap(), before) - before
	})
	n, err := io.Copy(io.Discard, s.open(t.Context(), s.byVoucher(0)).Body)
	if n != length || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if grown > most {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
}
