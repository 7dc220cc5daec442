package shoptest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Wire sends requests that are made already, with a plain HTTP client that looks into
// no answer: what a call takes is what the server takes, and the same for all.
type Wire struct {
	t      testing.TB
	client *http.Client
}

// NewWire returns a wire for so many callers at once. It is closed with the test.
func NewWire(t testing.TB, callers int) *Wire {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 2*callers, 2*callers
	t.Cleanup(transport.CloseIdleConnections)
	return &Wire{t: t, client: &http.Client{Transport: transport}}
}

// Send makes a call for each of the bodies, by so many callers at once. The test fails
// unless every answer holds the text that is wanted.
func (w *Wire) Send(callers int, url string, bodies [][]byte, want string) Run {
	return Crowd(w.t, callers, len(bodies), func(i int) error {
		answer, err := w.post(url, bodies[i])
		if err == nil && !bytes.Contains(answer, []byte(want)) {
			err = fmt.Errorf("answered %s", answer)
		}
		return err
	})
}

// Crowd calls do for 0 to n-1, by so many callers at once. The test fails with the
// first error.
func Crowd(t testing.TB, callers, n int, do func(i int) error) Run {
	r := Run{took: make([]time.Duration, n)}
	cpu, began := processorTime(t), time.Now()
	var crowd sync.WaitGroup
	var next atomic.Int64
	for range callers {
		crowd.Go(func() {
			for !t.Failed() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				start := time.Now()
				if err := do(i); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
				r.took[i] = time.Since(start)
			}
		})
	}
	crowd.Wait()
	r.clock, r.cpu = time.Since(began), processorTime(t)-cpu
	return r
}

func (w *Wire) post(url string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Run is what a number of calls took.
type Run struct {
	clock, cpu time.Duration // cpu is that of this process on all cores
	took       []time.Duration
}

// Comparison holds calls against a baseline of as many calls, made in turns.
type Comparison struct {
	calls, baseline   Run
	ratios, cpuRatios []float64
}

// Add adds a turn.
func (c *Comparison) Add(calls, baseline Run) {
	c.ratios = append(c.ratios, float64(baseline.clock)/float64(calls.clock))
	c.cpuRatios = append(c.cpuRatios, float64(calls.cpu)/float64(baseline.cpu))
	c.calls.add(calls)
	c.baseline.add(baseline)
}

// Calls is how many were made, without those of the baseline.
func (c *Comparison) Calls() int { return len(c.calls.took) }

// Report reports the throughput of the calls under a name, as scripts/bench.sh reads it,
// with its ratio to the baseline's in the middle turn.
func (c *Comparison) Report(b *testing.B, name string) {
	if b.Failed() {
		return
	}
	b.ReportMetric(float64(c.Calls())/c.calls.clock.Seconds(), name+":calls/s")
	b.ReportMetric(median(c.ratios), name+":ratio")
	b.ReportMetric(0, "ns/op")
}

// ReportTimes reports how long a caller waits, and the processor time of a call with its
// ratio to the baseline's in the middle turn.
func (c *Comparison) ReportTimes(b *testing.B, name string) {
	if b.Failed() {
		return
	}
	b.ReportMetric(microseconds(c.calls.percentile(50)), name+".p50:us")
	b.ReportMetric(microseconds(c.calls.percentile(99)), name+".p99:us")
	b.ReportMetric(microseconds(c.calls.cpu)/float64(c.Calls()), name+".cpu:us")
	b.ReportMetric(median(c.cpuRatios), name+".cpu:ratio")
}

// ReportAdded reports how much longer than with the baseline a caller waits.
func (c *Comparison) ReportAdded(b *testing.B, name string) {
	if b.Failed() {
		return
	}
	for _, percent := range []int{50, 99} {
		added := c.calls.percentile(percent) - c.baseline.percentile(percent)
		b.ReportMetric(microseconds(added), fmt.Sprintf("%s.added.p%d:us", name, percent))
	}
}

func (r *Run) add(other Run) {
	r.clock += other.clock
	r.cpu += other.cpu
	r.took = append(r.took, other.took...)
}

func (r *Run) percentile(percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(r.took))
	return sorted[(len(sorted)-1)*percent/100]
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// processorTime is how long this process has run on all cores.
func processorTime(t testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
