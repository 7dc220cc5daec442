package timeout

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
func patiently(t *testing.T, whole time.Duration, call func(*Clock)) (took time.Duration, why error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		within, c, stop := Start(t.Context(), time.Minute, whole)
		defer stop()
		var calling sync.WaitGroup
		calling.Go(func() { call(c) })
		select {
		case <-within.Done():
		case <-time.After(time.Hour):
		}
		took, why = time.Since(began), Cause(within)
		calling.Wait()
	})
	return took, why
}

func TestAClockCutsSilenceAndNotACallThatGivesSignsOfLife(t *testing.T) {
	progress := func(times int) func(*Clock) {
		return func(c *Clock) {
			for range times {
				time.Sleep(15 * time.Second)
				c.Heard()
			}
		}
	}
	for name, c := range map[string]struct {
		whole time.Duration
		call  func(*Clock)
		took  time.Duration
		why   error
	}{
		"silence":                       {0, func(*Clock) {}, time.Minute, ErrSilent},
		"75 seconds of progress":        {0, progress(5), 75*time.Second + time.Minute, ErrSilent},
		"progress without end":          {0, progress(240), time.Hour, nil},
		"progress beyond the whole":     {75 * time.Second, progress(240), 75 * time.Second, ErrOverdue},
		"silence before the whole ends": {75 * time.Second, func(*Clock) {}, time.Minute, ErrSilent},
		"a client that is asked": {0, func(c *Clock) {
			time.Sleep(50 * time.Second)
			resume := c.Pause()
			time.Sleep(5 * time.Minute)
			resume()
		}, 50*time.Second + 6*time.Minute, ErrSilent},
		"progress while two are asked": {0, func(c *Clock) {
			first, second := c.Pause(), c.Pause()
			c.Heard()
			time.Sleep(5 * time.Minute)
			first()
			c.Heard()
			time.Sleep(5 * time.Minute)
			second()
		}, 11 * time.Minute, ErrSilent},
		"a whole in which a client is asked": {3 * time.Minute, func(c *Clock) { c.Pause() }, 3 * time.Minute, ErrOverdue},
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
		within, c, stop := Start(t.Context(), time.Minute, time.Hour)
		resume := c.Pause()
		stop()
		resume()
		c.Heard()
		if c.silence.Stop() || c.whole.Stop() {
			t.Error("a timer of a call that has ended runs")
		}
		if Cause(within) != nil || !errors.Is(context.Cause(within), context.Canceled) {
			t.Errorf("the call ended with %v", context.Cause(within))
		}
	})
}
