package config

import "github.com/chitpay/chit/vouchers"

// Stream is what answers cost that pass on as they come, in atomic USDC. The zero value is of
// answers that do not: one of Lines and Bytes is set.
type Stream struct {
	// Lines is what each line costs that is not empty, Bytes each MiB.
	Lines, Bytes vouchers.Amount
	// Slice is what is charged at once, at least.
	Slice vouchers.Amount
}

// defaultSlice is 0.001 USDC.
const defaultSlice vouchers.Amount = 1_000

func readStream(r *reader, to *Stream) setting {
	return func(at place) {
		to.Slice = defaultSlice
		before := r.Found()
		r.Object(at, map[string]setting{"lines": r.Amount(&to.Lines), "bytes": r.Amount(&to.Bytes), "slice": r.Amount(&to.Slice)})
		if r.Found() == before && (to.Lines > 0) == (to.Bytes > 0) {
			r.Report(at, "it needs either lines, what each line of an answer costs, or bytes, what each MiB does")
		}
	}
}
