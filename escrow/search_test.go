package escrow_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

func TestAPayersChannelsAreFoundInTheLogAndNobodyElses(t *testing.T) {
	b := newBench(t)
	owner, another := b.newPayer(t, "one"), b.newPayer(t, "two")
	owner.deposit(t, usdc)
	another.deposit(t, usdc)
	control(t, "anvil_mine", 2_100) // beyond what one query covers
	second := *owner
	second.config.Salt = [32]byte{1}
	second.id = b.Domain().ChannelID(second.config)
	second.deposit(t, 2*usdc)
	owner.deposit(t, usdc) // again: it is found once
	head, err := net.Client.BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	var found []vouchers.ChannelConfig
	var reached []uint64
	search := escrow.Search{
		Payer:   owner.key.Address(),
		Found:   func(c vouchers.ChannelConfig) error { found = append(found, c); return nil },
		Reached: func(block, last uint64) { reached = append(reached, block, last) },
	}
	if err := b.Search(t.Context(), search); err != nil {
		t.Fatal(err)
	}
	if want := []vouchers.ChannelConfig{owner.config, second.config}; !slices.Equal(found, want) {
		t.Errorf("found %+v, want %+v", found, want)
	}
	if n := len(reached); n < 4 || reached[n-2] != head || reached[n-1] != head || reached[0] >= head {
		t.Errorf("the search tells of %v, the head is %d", reached, head)
	}

	found, search.From = nil, head-10
	if err := b.Search(t.Context(), search); err != nil || !slices.Equal(found, []vouchers.ChannelConfig{second.config}) {
		t.Errorf("from block %d on %+v, %v", search.From, found, err)
	}
	full := errors.New("full")
	search.Found = func(vouchers.ChannelConfig) error { return full }
	if err := b.Search(t.Context(), search); !errors.Is(err, full) {
		t.Errorf("the search ends with %v", err)
	}
}

func TestASearchWhereThereIsNoEscrowFindsNothing(t *testing.T) {
	none := escrow.At(net.Client, receiverOf(t))
	err := none.Search(t.Context(), escrow.Search{Found: func(c vouchers.ChannelConfig) error {
		t.Errorf("found %+v", c)
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
}
