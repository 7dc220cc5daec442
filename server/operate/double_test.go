package operate_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/journal"
)

func TestACheckSaysWhereReceiptsContradictOneAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chit.db")
	store, err := diskstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	double := &vouchers.Entry{Channel: vouchers.ChannelID{1}, Number: 7, Digest: common.Hash{0xd1}}
	record := new(frame.Encoder).Append(nil, &frame.Frame{Entries: []frame.Entry{{Entry: double, Of: -1}}})
	at := journal.Position{Segment: 3, Offset: 48}
	err = store.Bucket(inspect.DoubleBucket).Put(t.Context(), inspect.DoubleKey(at), inspect.DoubleValue([]int{0}, record))
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	report, err := operate.Place{Store: path}.CheckStore(t.Context(), nil)
	if !errors.Is(err, operate.ErrDoubles) || errors.Is(err, operate.ErrDamaged) {
		t.Errorf("the check says %v", err)
	}
	if len(report.Problems) != 0 || len(report.Doubles) != 1 || !strings.Contains(report.Doubles[0], "entry 7 of channel "+double.Channel.String()) || !strings.Contains(report.Doubles[0], at.String()) {
		t.Errorf("it names %q, %q", report.Doubles, report.Problems)
	}
}
