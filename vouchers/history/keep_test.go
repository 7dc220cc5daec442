package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers/history"
)

func TestHowMuchHistoryIsKeptIsReadAsPeopleWriteIt(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		age, size string
		want      history.Keep
	}{
		{"", "", history.Keep{}},
		{"400d", "", history.Keep{Age: 400 * day}},
		{"36h", "20GB", history.Keep{Age: 36 * time.Hour, Bytes: 20_000_000_000}},
		{"1h30m", "", history.Keep{Age: 90 * time.Minute}},
		{"", "500MiB", history.Keep{Bytes: 500 << 20}},
		{"", "2 TB", history.Keep{Bytes: 2_000_000_000_000}},
		{"106751d", "8388607TiB", history.Keep{Age: 106751 * day, Bytes: 8388607 << 40}},
	} {
		if got, err := history.ParseKeep(test.age, test.size); err != nil || got != test.want {
			t.Errorf("%q and %q are %+v, %v; want %+v", test.age, test.size, got, err, test.want)
		}
	}
	for _, age := range []string{"d", "0d", "-1d", "1.5d", "400", "0s", "forever", "106752d", "99999999999999999999d"} {
		if _, err := history.ParseKeep(age, ""); !errors.Is(err, history.ErrKeep) {
			t.Errorf("an age of %q: %v", age, err)
		}
	}
	for _, size := range []string{"GB", "0GB", "-1GB", "20", "20 bytes", "1.5GB", "9223373TB", "8388608TiB"} {
		if _, err := history.ParseKeep("", size); !errors.Is(err, history.ErrKeep) {
			t.Errorf("a size of %q: %v", size, err)
		}
	}
}
