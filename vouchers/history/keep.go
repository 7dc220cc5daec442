package history

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrKeep is what a text is refused with that does not say how much history is kept.
var ErrKeep = errors.New("not how much history is kept")

// Keep is how much of the history is kept. Zero is no bound.
type Keep struct {
	// Age is how old the entries of a table may be, from the newest of them on.
	Age time.Duration `json:"age"`
	// Bytes are what all tables may take on disk.
	Bytes int64 `json:"bytes"`
}

// ParseKeep reads what people write: an age such as "400d" or "36h", and a size such as "20GB"
// or "500MiB". An empty text is no bound. The error wraps [ErrKeep].
func ParseKeep(age, size string) (k Keep, err error) {
	if age != "" {
		k.Age, err = parseAge(age)
	}
	if size != "" && err == nil {
		k.Bytes, err = parseSize(size)
	}
	return k, err
}

const day = 24 * time.Hour

func parseAge(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int64
		n, err = strconv.ParseInt(days, 10, 64)
		if n > int64(math.MaxInt64/day) {
			n = 0
		}
		d = time.Duration(n) * day
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: %q is not an age such as 400d or 36h", ErrKeep, text)
	}
	return d, nil
}

// sizeUnits end the text of a size.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
}

func parseSize(text string) (int64, error) {
	for _, unit := range sizeUnits {
		number, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64); err == nil && n > 0 && n <= math.MaxInt64/unit.bytes {
			return n * unit.bytes, nil
		}
	}
	return 0, fmt.Errorf("%w: %q is not a size such as 20GB or 500MiB", ErrKeep, text)
}
