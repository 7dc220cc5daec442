package credit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
)

func TestAnOrderIsGoodForWhatWasSignedAndForNow(t *testing.T) {
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	payer := crypto.PubkeyToAddress(key.PublicKey)
	order := credit.Order{Action: "revoke", Channel: vouchers.ChannelID{1}, Subject: "this one", Deadline: uint64(start.Add(credit.OrderTime).Unix())}
	digest := order.Digest()
	sig, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	sig[64] += 27
	if err := order.Check(sig, payer, start); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*credit.Order)
		signer common.Address
		now    time.Time
	}{
		"another action":  {func(o *credit.Order) { o.Action = "list" }, payer, start},
		"another subject": {func(o *credit.Order) { o.Subject = "that one" }, payer, start},
		"another channel": {func(o *credit.Order) { o.Channel[0]++ }, payer, start},
		"a longer time":   {func(o *credit.Order) { o.Deadline++ }, payer, start},
		"somebody else":   {func(*credit.Order) {}, common.Address{1}, start},
		"too late":        {func(*credit.Order) {}, payer, start.Add(credit.OrderTime)},
		"far ahead":       {func(*credit.Order) {}, payer, start.Add(-2 * time.Minute)},
	} {
		changed := order
		c.change(&changed)
		if err := changed.Check(sig, c.signer, c.now); !errors.Is(err, credit.ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
