package meanstest_test

import (
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func TestTransfers(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{
		Options: func(o *server.Options) { o.Accept = offer.Accept{offer.Exact, offer.BatchSettlement} },
		Open:    spenders, UsedUp: string(x402.ErrExactInsufficientBalance), Snap: snap, Resumes: true,
		Except: wholeTransfers,
	})
}

func TestTrustedTransfers(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{
		Options: func(o *server.Options) {
			o.Accept = offer.Accept{offer.Exact}
			o.Exact.Trust = exact.Trust{PerPayer: 10 * shoptest.USDC, Total: 100 * shoptest.USDC}
		},
		Open: spenders, UsedUp: string(x402.ErrExactInsufficientBalance), Snap: snap, Resumes: true,
		Except: wholeTransfers,
	})
}

var wholeTransfers = map[meanstest.Rule]string{
	meanstest.ChargesMeters:  "a transfer moves what is signed: what is metered is sold by upto",
	meanstest.ChargesInParts: "a transfer moves at once",
}

// spenders have so much money of their own.
func spenders(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
	t.Helper()
	s := &spender{key: shoptest.Key(t, "spender"), authorizer: at.Key()}
	if err := shoptest.Net.Mint(t.Context(), s.key.Address(), budget); err != nil {
		t.Fatal(err)
	}
	s.terms = shoptest.NewWire(t, 1).Terms(at.URL, meanstest.Tool)
	var err error
	if s.token, err = funding.ReadToken(t.Context(), shoptest.Net.Client, s.terms.Asset); err != nil {
		t.Fatal(err)
	}
	return s
}

// spender pays by a transfer for each call.
type spender struct {
	key   keys.Signer
	terms x402.Requirements
	token funding.Token
	// authorizer is the shop's key.
	authorizer common.Address
}

func (s *spender) Pay(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return s.pay(t, price, s.key)
}

// Forge is a transfer that another key has signed.
func (s *spender) Forge(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return s.pay(t, price, shoptest.Key(t, "forger"))
}

func (s *spender) pay(t testing.TB, price vouchers.Amount, by keys.Signer) meanstest.Payment {
	t.Helper()
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: shoptest.Net.Client.ChainID(), Token: s.terms.Asset, From: s.key.Address(), To: s.terms.PayTo,
		Value: price, ValidBefore: uint64(time.Now().Add(time.Hour).Unix()), Nonce: transfer.NewNonce(),
	}
	if err := order.Sign(t.Context(), by, s.token); err != nil {
		t.Fatal(err)
	}
	p := signed{Accepted: s.terms, Payload: &x402.AuthorizationPayload{Signature: order.Signature, Authorization: x402.TransferAuthorization{
		From: order.From, To: order.To, Value: order.Value, ValidAfter: order.ValidAfter, ValidBefore: order.ValidBefore, Nonce: order.Nonce,
	}}}
	p.Accepted.Amount = price
	return &p
}

// Charged implements [meanstest.Payer].
func (s *spender) Charged(t testing.TB, at *server.Shop) vouchers.Amount {
	t.Helper()
	d := vouchers.Deployment{ChainID: shoptest.Net.Client.ChainID(), Escrow: escrow.Own.Escrow}
	head, err := at.Store.History().Head(vouchers.NewDomain(d).ChannelID(exact.AccountConfig(at.PayTo(), s.authorizer, s.terms.Asset, s.key.Address())))
	if err != nil {
		t.Fatal(err)
	}
	return head.Cumulative
}

// snap takes a picture of the chain between two blocks: anvil's of one that is being mined has
// the new block's state under the old block's number.
func snap(t testing.TB) (back func()) {
	t.Helper()
	client, err := rpc.DialContext(t.Context(), shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ask := func(to any, method string, args ...any) {
		if err := client.CallContext(t.Context(), to, method, args...); err != nil {
			t.Error(err)
		}
	}
	var id string
	for settled := false; !settled && !t.Failed(); {
		var before, after struct{ Pending, Queued string }
		var first, last string
		ask(&first, "eth_blockNumber")
		ask(&before, "txpool_status")
		ask(&id, "evm_snapshot")
		ask(&after, "txpool_status")
		ask(&last, "eth_blockNumber")
		settled = first == last && before == after && before.Pending == "0x0"
	}
	return func() {
		var done bool
		if ask(&done, "evm_revert", id); !done {
			t.Error("the chain is not put back")
		}
	}
}
