package book

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

func TestAGrantIsThatOfOneOrderAndPaidForOnce(t *testing.T) {
	b, err := Open(t.Context(), filepath.Join(t.TempDir(), "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	first := Grant{Channel: vouchers.ChannelID{1}, ID: macaroon.GrantID{1}, Order: common.Hash{1}}
	for _, test := range []struct {
		name   string
		change func(*Grant)
		paid   bool
		want   error
	}{
		{"the first", func(*Grant) {}, true, nil},
		{"the same order again", func(*Grant) {}, false, nil},
		{"the same order, paid again", func(*Grant) {}, true, ErrGrantGiven},
		{"another order", func(g *Grant) { g.Order = common.Hash{2} }, true, ErrGrantGiven},
		{"another order that nothing is taken for", func(g *Grant) { g.Order = common.Hash{2} }, false, ErrGrantGiven},
		{"another order's own grant", func(g *Grant) { g.Order, g.ID = common.Hash{2}, macaroon.GrantID{2} }, true, nil},
		{"a grant of the same name in another channel", func(g *Grant) { g.Order, g.Channel = common.Hash{2}, vouchers.ChannelID{2} }, true, nil},
	} {
		g := first
		test.change(&g)
		if err := b.TakeGrant(g, test.paid); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestTheBookRemembersSoManyGrantsOfAChannelUntilTheyExpire(t *testing.T) {
	b, err := Open(t.Context(), filepath.Join(t.TempDir(), "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Unix(1_800_000_000, 0)
	id := func(n int) (id macaroon.GrantID) {
		binary.BigEndian.PutUint32(id[:], uint32(n))
		return id
	}
	full := Grant{Channel: vouchers.ChannelID{1}, Order: common.Hash{1}, Expires: expires}
	err = b.update(grantsBucket, func(bucket *bbolt.Bucket) error {
		for n := range MaxGrants - 1 {
			full.ID = id(n)
			if err := bucket.Put(full.key(), full.record()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	room := func(channel byte, now time.Time, want error) {
		t.Helper()
		if err := b.RoomForGrant(vouchers.ChannelID{channel}, now); !errors.Is(err, want) {
			t.Errorf("room in channel %d at %s: %v, want %v", channel, now, err, want)
		}
	}
	room(1, expires, nil)
	endless := Grant{Channel: full.Channel, ID: id(MaxGrants), Order: common.Hash{1}}
	if err := b.TakeGrant(endless, true); err != nil {
		t.Fatal(err)
	}
	room(1, expires, ErrManyGrants)
	room(2, expires, nil)
	room(1, expires.Add(time.Second), nil)
	endless.Order = common.Hash{2}
	if err := b.TakeGrant(endless, true); !errors.Is(err, ErrGrantGiven) {
		t.Errorf("a grant that does not expire is forgotten: %v", err)
	}
	full.Order = common.Hash{2}
	if err := b.TakeGrant(full, true); err != nil {
		t.Errorf("a grant that has expired is remembered: %v", err)
	}
}
