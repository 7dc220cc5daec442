package agent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent"
)

var timestamp = regexp.MustCompile(`"timestamp":"0x([0-9a-f]+)"`)

// nodeOff is a node whose clock is off.
func nodeOff(t testing.TB, by time.Duration) string {
	return nodeThat(t, func(_, answer []byte) []byte {
		return timestamp.ReplaceAllFunc(answer, func(member []byte) []byte {
			at, err := strconv.ParseInt(string(timestamp.FindSubmatch(member)[1]), 16, 64)
			if err != nil {
				t.Error(err)
			}
			return fmt.Appendf(nil, `"timestamp":"0x%x"`, at+int64(by.Seconds()))
		})
	})
}

// runOut makes the deposits of a book older: they were good until a second ago.
func runOut(t testing.TB, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		deposits := tx.Bucket([]byte("deposits"))
		return deposits.ForEach(func(key, value []byte) error {
			row := map[string]any{}
			from := json.NewDecoder(bytes.NewReader(value))
			from.UseNumber()
			if err := from.Decode(&row); err != nil {
				return err
			}
			row["until"] = time.Now().Unix() - 1
			raw, err := json.Marshal(row)
			if err != nil {
				return err
			}
			return deposits.Put(key, raw)
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestADepositIsForgottenOnceItHasRunOutByTheMachinesClockAndTheChains(t *testing.T) {
	for name, c := range map[string]struct {
		runsOut bool          // by the machine's clock
		node    time.Duration // how far the chain's clock is ahead
		want    int           // how many deposits are signed
	}{
		"by both":             {true, 0, 2},
		"by the machine's":    {true, -time.Hour, 1},
		"by the chain's":      {false, time.Hour, 1},
		"by neither":          {false, 0, 1},
		"by both, much later": {true, 24 * time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			l := refuser(t, &o)
			signsDeposits(t, l, o, 1)
			if c.runsOut {
				runOut(t, o.Book)
			}
			o.RPC = nodeOff(t, c.node)
			signsDeposits(t, l, o, c.want)
			signsDeposits(t, l, o, c.want)
		})
	}
}

func TestADepositThatMayYetBeMadeCountsAgainstTheTopUpsOfItsDay(t *testing.T) {
	now := time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC)
	o := options(t)
	o.Policy.TopUpPerDay, o.Now = 3*usdc, func() time.Time { return now }
	l := refuser(t, &o)
	signsDeposits(t, l, o, 1)
	reported(t, o, 2*usdc)
	now = now.Add(24 * time.Hour)
	reported(t, o, 2*usdc)
	runOut(t, o.Book)
	signsDeposits(t, l, o, 2)
	reported(t, o, 2*usdc) // of this day's alone
	runOut(t, o.Book)
	signsDeposits(t, l, o, 3)
	reported(t, o, usdc) // one that has run out counts for its day
}

func TestWithoutABookADepositThatWasSentIsNotForgottenForAServerThatIsNotReachedLater(t *testing.T) {
	o := options(t)
	o.Book = ""
	l := refuser(t, &o)
	way := newDoor(t, l.url)
	client := dial(t, l.behind(way.url), o)
	if _, _, err := client.TopUp(t.Context()); err == nil {
		t.Error("it was taken")
	}
	way.shut()
	if _, _, err := client.TopUp(t.Context()); !errors.Is(err, agent.ErrUnreached) {
		t.Errorf("a top-up at a shut door: %v", err)
	}
	way.open(t)
	if _, _, err := client.TopUp(t.Context()); err == nil {
		t.Error("it was taken")
	}
	if n := len(authorizations(l)); n != 1 {
		t.Errorf("%d deposits were signed", n)
	}
}
