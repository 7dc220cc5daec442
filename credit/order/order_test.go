package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/vouchers"
)

func TestAnOrderIsGoodForWhatWasSignedAndForNow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	payer := crypto.PubkeyToAddress(key.PublicKey)
	signed := order.Order{Action: "revoke", Channel: vouchers.ChannelID{1}, Subject: "this one", Deadline: uint64(now.Add(order.Lifetime).Unix())}
	digest := signed.Digest()
	sig, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	sig[64] += 27
	if err := signed.Check(sig, payer, now); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*order.Order)
		signer common.Address
		at     time.Time
	}{
		"another action":  {func(o *order.Order) { o.Action = "list" }, payer, now},
		"another subject": {func(o *order.Order) { o.Subject = "that one" }, payer, now},
		"another channel": {func(o *order.Order) { o.Channel[0]++ }, payer, now},
		"a longer time":   {func(o *order.Order) { o.Deadline++ }, payer, now},
		"somebody else":   {func(*order.Order) {}, common.Address{1}, now},
		"too late":        {func(*order.Order) {}, payer, now.Add(order.Lifetime)},
		"far ahead":       {func(*order.Order) {}, payer, now.Add(-2 * time.Minute)},
	} {
		changed := signed
		c.change(&changed)
		if err := changed.Check(sig, c.signer, c.at); !errors.Is(err, order.ErrUnsigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
