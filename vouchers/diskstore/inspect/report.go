package inspect

import "context"

// Report is what a check of a store has found.
type Report struct {
	Stats
	// Torn is how many bytes at the end of the journal are of a write that was not finished:
	// nobody was answered for it, and it is cut when the store is opened.
	Torn int64 `json:"torn"`
	// Problems name what is damaged, each with its file, and where in it. None means that the
	// store is sound.
	Problems []string `json:"problems"`
	// Doubles name entries of the history of which there is a second one with the same number in
	// the same channel, kept in [DoubleBucket]: a mistake of the program that wrote them, after
	// which the store goes on. At most as many are named as problems.
	Doubles []string `json:"doubles,omitempty"`
}

// maxProblems is how many problems a report names.
const maxProblems = 100

// Progress is told which part of a store is read next, such as "history/0000000012.table", and
// how many of all bytes have been read.
type Progress func(part string, done, all int64)

func (r *Report) note(err error) {
	if err != nil && len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, err.Error())
	}
}

func (r *Report) double(which string) {
	if len(r.Doubles) < maxProblems {
		r.Doubles = append(r.Doubles, which)
	}
}

// addUp adds the stats. Where there are problems, what cannot be added up is none of its own.
func (r *Report) addUp(ctx context.Context, path string, of *Contents) (err error) {
	if r.Stats, err = of.Stats(ctx, path); err != nil && len(r.Problems) > 0 && ctx.Err() == nil {
		return nil
	}
	return err
}
