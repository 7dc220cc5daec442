package config

import (
	"time"

	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/server/limits"
)

// readLimits reads those that differ from the facilitator's.
func readLimits(r *reader, to *facilitator.Limits) setting {
	return func(at place) {
		var waiting, callerWaiting, asking, claims, resources uint64
		r.Object(at, map[string]setting{
			"body": readSize(r, &to.Body), "bodies": readSize(r, &to.Bodies), "bodyTime": r.Duration(&to.BodyTime, time.Millisecond),
			"wait": r.Duration(&to.Wait, time.Millisecond), "waiting": r.Whole(&waiting), "callerWaiting": r.Whole(&callerWaiting),
			"asking": r.Whole(&asking), "claims": r.Whole(&claims), "resources": r.Whole(&resources),
		})
		to.Waiting, to.CallerWaiting, to.Asking = int(waiting), int(callerWaiting), int(asking)
		to.Claims, to.Resources = int(claims), int(resources)
	}
}

// readSize reads a number of bytes.
func readSize(r *reader, to *int64) setting {
	return func(at place) {
		text, ok := r.Scalar(at, "a size such as 64KiB", true)
		if !ok {
			return
		}
		size, err := limits.ParseSize(text)
		if err != nil {
			r.Report(at, "%v", err)
		}
		*to = size
	}
}
