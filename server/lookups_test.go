package server_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

func TestMadeUpChannelsDoNotFloodTheChain(t *testing.T) {
	options := selling(t)
	options.Limits.Lookups = 1
	work := new(tool)
	shop := shoptest.Open(t, options, work.add)
	c := regular(t, shop, "payer", usdc)
	codes := make(map[x402.ErrorCode]int)
	for i := range 40 {
		other := *c
		other.config.Salt = common.Hash{1, byte(i)}
		other.id = other.domain.ChannelID(other.config)
		codes[other.call("work", other.pays(price)).code()]++
	}
	if codes[x402.ErrChannelNotFound] < 10 || codes[x402.ErrVerificationStateUnavailable] == 0 || len(codes) != 2 {
		t.Errorf("40 made-up channels are answered with %v", codes)
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Errorf("a channel that is known: %s", got.raw)
	}
}
