package server_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// poisoned is a node that fails on every request that names one of these addresses.
type poisoned struct {
	*httptest.Server
	names atomic.Pointer[[][]byte]
}

func newPoisoned(t testing.TB) *poisoned {
	t.Helper()
	target, err := url.Parse(shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	p, through := new(poisoned), httputil.NewSingleHostReverseProxy(target)
	p.by()
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		for _, name := range *p.names.Load() {
			if bytes.Contains(bytes.ToLower(body), name) {
				http.Error(w, "the node has stumbled over it", http.StatusTeapot)
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// by names what the node fails on from now on.
func (p *poisoned) by(addresses ...common.Address) {
	names := make([][]byte, len(addresses))
	for i, at := range addresses {
		names[i] = []byte(hex.EncodeToString(at[:]))
	}
	p.names.Store(&names)
}

func TestAReceiverThatCannotBeClaimedForKeepsNoOtherUnsettled(t *testing.T) {
	node := newPoisoned(t)
	o := selling(t)
	o.RPC = node.URL
	var bad []common.Address
	var last *customer
	var shop *shoptest.Shop
	for i := range 4 { // each time the shop is paid to another address
		o.PayTo = shoptest.Key(t, fmt.Sprint("receiver ", i)).Address()
		shop = shoptest.Open(t, o, new(tool).add)
		last = regular(t, shop, fmt.Sprint("payer ", i), usdc)
		if got := last.call("work", last.pays(price)); got.text() != "done" {
			t.Fatalf("call %d: %s", i, got.raw)
		}
		if i < 3 {
			bad = append(bad, o.PayTo)
			shop.Stop(t)
		}
	}
	node.by(bad...)
	settles := func(want vouchers.Amount) {
		t.Helper()
		done, err := shop.Settler.SettleAs(t.Context(), settle.Request{Final: true}, nil)
		if err == nil || done.Settled != want || income(t, shop) != want {
			t.Errorf("settled %+v, %v; the receiver has %s", done, err, income(t, shop))
		}
	}
	settles(price)

	// What was claimed and not transferred, as when the token did not pay, is so too.
	if got := last.callWith(t.Context(), count(1), last.pays(2*price)); got.text() != "done" {
		t.Fatalf("another call: %s", got.raw)
	}
	shop.Stop(t)
	claimUnsettled(t, o.Key, last, 2*price, price)
	node.by()
	shop = shoptest.Open(t, o)
	node.by(bad...)
	done, err := shop.Settler.SettleAs(t.Context(), settle.Request{Final: true}, nil)
	if err == nil || done.Settled != price || income(t, shop) != 2*price {
		t.Errorf("settled %+v, %v; the receiver has %s", done, err, income(t, shop))
	}
	node.by()
	if done, err := shop.Settler.SettleAs(t.Context(), settle.Request{Final: true}, nil); err != nil || done.Settled != 3*price {
		t.Errorf("without the poison it settled %+v, %v", done, err)
	}
}

// claimUnsettled claims from a customer's channel and leaves it in the escrow.
func claimUnsettled(t testing.TB, key keys.Signer, c *customer, total, before vouchers.Amount) {
	t.Helper()
	sender, err := txmgr.NewSender(t.Context(), c.net.Client, key)
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	claim := escrow.Claim{Config: c.config, Ceiling: total, Signature: c.sign(total).Signature, Total: total, Before: before}
	if _, err := escrow.At(c.net.Client, c.escrow().Escrow).ClaimAndSettle(t.Context(), sender, []escrow.Claim{claim}, escrow.WithoutSettling()); err != nil {
		t.Fatal(err)
	}
}

func TestAChannelThatCannotBeReadKeepsNoOtherUnsettled(t *testing.T) {
	shop, customers := busy(t, 3, 1)
	stranger := newCustomer(t, shop, "stranger")
	stranger.opens(stranger.config, 10*price)
	if got := stranger.call("work", stranger.pays(price)); got.text() != "done" {
		t.Fatalf("the stranger's call: %s", got.raw)
	}
	// More than the ledger can count, as a token of other decimals has it.
	collector := common.HexToAddress("0x00000000000000000000000000000000c0113c70")
	most := new(big.Int).Lsh(big.NewInt(1), 64)
	mint, err := txmgr.NewSender(t.Context(), shoptest.Net.Client, keys.Dev(devnet.Admin))
	if err != nil {
		t.Fatal(err)
	}
	defer mint.Close()
	if _, err := mint.Send(t.Context(), txmgr.Call{To: shoptest.Net.Token, Data: abigen.NewDevUSDC().PackMint(collector, most), Label: "mint"}); err != nil {
		t.Fatal(err)
	}
	stranger.transact(stranger.escrow().Escrow, abigen.NewEscrow().PackDeposit(abiConfig(stranger.config), most, collector, nil))
	done, err := shop.Settler.SettleAs(t.Context(), settle.Request{Final: true}, nil)
	if err == nil || !strings.Contains(err.Error(), stranger.id.Hex()) || done.Claimed != 4*price || income(t, shop) != 4*price {
		t.Errorf("settled %+v, %v; the receiver has %s", done, err, income(t, shop))
	}
	for i, c := range customers {
		if got := c.ledger(shop); got.Claimed != price {
			t.Errorf("of customer %d %s are claimed", i, got.Claimed)
		}
	}
}

func TestARecordThatCannotBeReadKeepsNoOtherFromBeingFrozenOrSetAside(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	unknown := vouchers.ChannelID{0: 0, 31: 1}
	for bucket, records := range map[string]map[string][]byte{
		"refunding": {"\x00": {}, string(unknown[:]): {}, string(c.id[:]): {}},
		"aside":     {"\x00": []byte("no entry"), string(c.id[:]): []byte(`{"channel":"` + c.id.Hex() + `","value":"1","reason":"a test","attempts":1}`)},
	} {
		for key, value := range records {
			if err := shop.Store.Bucket(bucket).Put(t.Context(), []byte(key), value); err != nil {
				t.Fatal(err)
			}
		}
	}
	shop.Stop(t)
	shop = shoptest.Open(t, shop.Options, new(tool).add)
	if view := shop.Channels()[0]; !c.ledger(shop).Frozen || view.SetAside == nil || view.SetAside.Reason != "a test" {
		t.Errorf("the channel is %+v", view)
	}
}
