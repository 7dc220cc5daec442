package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// patiently runs a call of an hour at most with a clock of a minute's silence, and says
// after which time it has ended, and why.
func patiently(t *testing.T, whole time.Duration, call func(*clock)) (took time.Duration, why error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		within, c, stop := startClock(t.Context(), time.Minute, whole)
		defer stop()
		var calling sync.WaitGroup
		calling.Go(func() { call(c) })
		select {
		case <-within.Done():
		case <-time.After(time.Hour):
		}
		took, why = time.Since(began), tooSlow(within)
		calling.Wait()
	})
	return took, why
}

func TestAClockCutsSilenceAndNotACallThatGivesSignsOfLife(t *testing.T) {
	progress := func(times int) func(*clock) {
		return func(c *clock) {
			for range times {
				time.Sleep(15 * time.Second)
				c.heard()
			}
		}
	}
	for name, c := range map[string]struct {
		whole time.Duration
		call  func(*clock)
		took  time.Duration
		why   error
	}{
		"silence":                       {0, func(*clock) {}, time.Minute, errSilent},
		"75 seconds of progress":        {0, progress(5), 75*time.Second + time.Minute, errSilent},
		"progress without end":          {0, progress(240), time.Hour, nil},
		"progress beyond the whole":     {75 * time.Second, progress(240), 75 * time.Second, errOverdue},
		"silence before the whole ends": {75 * time.Second, func(*clock) {}, time.Minute, errSilent},
		"a client that is asked": {0, func(c *clock) {
			time.Sleep(50 * time.Second)
			resume := c.pause()
			time.Sleep(5 * time.Minute)
			resume()
		}, 50*time.Second + 6*time.Minute, errSilent},
		"progress while two are asked": {0, func(c *clock) {
			first, second := c.pause(), c.pause()
			c.heard()
			time.Sleep(5 * time.Minute)
			first()
			c.heard()
			time.Sleep(5 * time.Minute)
			second()
		}, 11 * time.Minute, errSilent},
		"a whole in which a client is asked": {3 * time.Minute, func(c *clock) { c.pause() }, 3 * time.Minute, errOverdue},
	} {
		t.Run(name, func(t *testing.T) {
			if took, why := patiently(t, c.whole, c.call); took != c.took || !errors.Is(why, c.why) {
				t.Errorf("it ended after %s with %v, want %s with %v", took, why, c.took, c.why)
			}
		})
	}
}

func TestAClockIsNotStartedAgainByWhatComesAfterTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		within, c, stop := startClock(t.Context(), time.Minute, time.Hour)
		resume := c.pause()
		stop()
		resume()
		c.heard()
		if c.silence.Stop() || c.whole.Stop() {
			t.Error("a timer of a call that has ended runs")
		}
		if tooSlow(within) != nil || !errors.Is(context.Cause(within), context.Canceled) {
			t.Errorf("the call ended with %v", context.Cause(within))
		}
	})
}
