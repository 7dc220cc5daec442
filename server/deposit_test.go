package server_test

import (
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// until polls until ready.
func until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !ready() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// sent is how many transactions the shop's key has sent.
func sent(t testing.TB) uint64 {
	t.Helper()
	nonce, err := eth(t).NonceAt(t.Context(), keys.Dev(devnet.Seller).Address(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return nonce
}

func TestADepositCostsThePayerNoGas(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := newCustomer(t, shop, "payer")
	shoptest.Control(t, "anvil_setBalance", c.key.Address(), "0x0")
	got := c.call("chit_deposit", c.deposits(2*usdc, 0)).receipt()
	if !got.Success || *got.Amount != 2*usdc || got.Extra.ChannelState.Balance != 2*usdc || got.Extra.ChargedAmount != nil || got.Payer != c.config.Payer {
		t.Errorf("the receipt is %+v", got)
	}
	tx, err := shoptest.Net.Client.Receipt(t.Context(), common.HexToHash(got.Transaction))
	if err != nil || tx == nil || tx.Status != 1 {
		t.Errorf("transaction %q: %+v, %v", got.Transaction, tx, err)
	}
	if have := c.wallet(); have != 98*usdc {
		t.Errorf("the payer has %s", have)
	}
	got = c.call("chit_deposit", c.deposits(3*usdc, 0)).receipt()
	if got.Extra.ChannelState.Balance != 5*usdc || c.ledger(shop).Balance != 5*usdc {
		t.Errorf("after a top-up: %+v", got.Extra.ChannelState)
	}
}

func TestADepositThatIsSentTwiceIsCreditedOnce(t *testing.T) {
	options := selling(t)
	shop := shoptest.Open(t, options, new(tool).add)
	c := newCustomer(t, shop, "payer")
	payment, before := c.deposits(2*usdc, 0), sent(t)
	var both sync.WaitGroup
	answers := make([]answer, 2)
	for i := range answers {
		both.Go(func() { answers[i] = c.call("chit_deposit", payment) })
	}
	both.Wait()
	shop.Stop(t)
	shop = shoptest.Open(t, options, new(tool).add)
	c.url = shop.URL
	for i, got := range append(answers, c.call("chit_deposit", payment), c.call("chit_deposit", payment)) {
		r := got.receipt()
		if *r.Amount != 2*usdc || r.Extra.ChannelState.Balance != 2*usdc || r.Transaction != answers[0].receipt().Transaction || r.Transaction == "" {
			t.Errorf("answer %d: %s", i, got.raw)
		}
	}
	if have := c.wallet(); have != 98*usdc || c.ledger(shop).Balance != 2*usdc {
		t.Errorf("the payer has %s, the channel %s", have, c.ledger(shop).Balance)
	}
	if n := sent(t) - before; n != 1 {
		t.Errorf("%d transactions were sent", n)
	}
}

func TestADepositThatCannotBeTakenIsRefusedWithoutATransaction(t *testing.T) {
	options := selling(t)
	options.MinDeposit = usdc
	shop := shoptest.Open(t, options, new(tool).add)
	c := newCustomer(t, shop, "payer")
	if c.terms.Extra.MinDeposit != usdc {
		t.Errorf("the terms ask for %s at least", c.terms.Extra.MinDeposit)
	}
	thief := *c
	thief.key = shoptest.Key(t, "thief")
	authorization := func(value any, name string) any {
		return set(tree(t, c.deposits(2*usdc, 0)), value, "payload", "deposit", "authorization", "erc3009Authorization", name)
	}
	before := sent(t)
	for _, test := range []struct {
		name    string
		code    x402.ErrorCode
		payment any
	}{
		{"below the minimum", x402.ErrDepositBelowMinDeposit, c.deposits(usdc-1, 0)},
		{"of nothing", x402.ErrDepositBelowMinDeposit, c.deposits(0, 0)},
		{"signed by somebody else", x402.ErrDepositSimulationFailed, set(tree(t, c.deposits(2*usdc, 0)), tree(t, thief.deposits(2*usdc, 0))["payload"].(map[string]any)["deposit"], "payload", "deposit")},
		{"with a voucher of somebody else", x402.ErrVoucherSignature, thief.deposits(2*usdc, 0)},
		{"of another amount than is signed", x402.ErrDepositSimulationFailed, set(tree(t, c.deposits(2*usdc, 0)), "3000000", "payload", "deposit", "amount")},
		{"of more than the wallet has", x402.ErrDepositSimulationFailed, c.deposits(101*usdc, 0)},
		{"expired", x402.ErrDepositSimulationFailed, authorization("1", "validBefore")},
		{"not valid yet", x402.ErrDepositSimulationFailed, authorization("99999999999", "validAfter")},
		{"under another salt", x402.ErrDepositSimulationFailed, authorization(common.Hash{9}.Hex(), "salt")},
		{"without an authorization", x402.ErrPayload, set(tree(t, c.deposits(2*usdc, 0)), map[string]any{}, "payload", "deposit", "authorization")},
	} {
		if got := c.call("chit_deposit", test.payment).refusal(); got.Error != test.code {
			t.Errorf("a deposit %s: refused with %s (%s), want %s", test.name, got.Error, got.ErrorMessage, test.code)
		}
	}
	if n := sent(t) - before; n != 0 || c.wallet() != 100*usdc || shop.Ledger.Len() != 0 {
		t.Errorf("%d transactions, the payer has %s, the shop %d channels", n, c.wallet(), shop.Ledger.Len())
	}
}

func TestADepositWhoseAuthorizationWasCancelledIsNotCredited(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	fresh := newCustomer(t, shop, "newcomer")
	known := regular(t, shop, "payer", usdc)
	for _, c := range []*customer{fresh, known} {
		payment := c.deposits(2*usdc, 0)
		authorization := payment.Payload.(*x402.DepositPayload).Deposit.Authorization.Erc3009
		c.cancel(funding.Deposit{Salt: authorization.Salt}.Nonce(c.id))
		if got := c.call("chit_deposit", payment).refusal(); got.Error != x402.ErrDepositSimulationFailed || !strings.Contains(got.ErrorMessage, "used or cancelled") {
			t.Errorf("refused with %s (%s)", got.Error, got.ErrorMessage)
		}
	}
	if got := known.ledger(shop); got.Balance != usdc || known.wallet() != 99*usdc || shop.Ledger.Len() != 1 {
		t.Errorf("the channel has %s, the payer %s, the shop %d channels", got.Balance, known.wallet(), shop.Ledger.Len())
	}
}

// cancel makes an authorization of the customer's useless (EIP-3009).
func (c *customer) cancel(nonce common.Hash) {
	c.t.Helper()
	token, err := funding.ReadToken(c.t.Context(), shoptest.Net.Client, c.terms.Asset)
	if err != nil {
		c.t.Fatal(err)
	}
	structHash := crypto.Keccak256(crypto.Keccak256([]byte("CancelAuthorization(address authorizer,bytes32 nonce)")), common.LeftPadBytes(c.config.Payer[:], 32), nonce[:])
	signature, err := c.key.SignHash(c.t.Context(), crypto.Keccak256Hash([]byte{0x19, 0x01}, token.Separator[:], structHash))
	if err != nil {
		c.t.Fatal(err)
	}
	kind := func(name string) abi.Type { ty, _ := abi.NewType(name, "", nil); return ty }
	arguments, err := abi.Arguments{{Type: kind("address")}, {Type: kind("bytes32")}, {Type: kind("bytes")}}.Pack(c.config.Payer, nonce, signature)
	if err != nil {
		c.t.Fatal(err)
	}
	c.transact(c.terms.Asset, append(crypto.Keccak256([]byte("cancelAuthorization(address,bytes32,bytes)"))[:4], arguments...))
}

func TestADepositThatSomebodyElseSubmittedIsCredited(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := newCustomer(t, shop, "payer")
	payment := c.deposits(2*usdc, 0)
	d := payment.Payload.(*x402.DepositPayload).Deposit
	sender, err := txmgr.NewSender(t.Context(), shoptest.Net.Client, c.key)
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	a := d.Authorization.Erc3009
	if _, err := escrow.At(shoptest.Net.Client, *c.terms.Extra.Escrow).Deposit(t.Context(), sender, funding.Deposit{
		Config: c.config, Amount: d.Amount, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: a.Salt, Signature: a.Signature,
	}, escrow.Own.Collectors.EIP3009); err != nil {
		t.Fatal(err)
	}
	got := c.call("chit_deposit", payment).receipt()
	if got.Transaction != "" || *got.Amount != 2*usdc || got.Extra.ChannelState.Balance != 2*usdc {
		t.Errorf("the receipt is %+v", got)
	}
}

func TestADepositCountsOnceItIsDeepEnough(t *testing.T) {
	options := selling(t)
	options.Confirmations = 3
	shop := shoptest.Open(t, options, new(tool).add)
	c := newCustomer(t, shop, "payer")
	answered := make(chan answer, 1)
	go func() { answered <- c.call("chit_deposit", c.deposits(2*usdc, 0)) }()
	until(t, "the deposit is mined", func() bool { return c.wallet() == 98*usdc })
	for range 2 {
		if got := c.call("work", c.pays(price)).refusal(); got.Error != x402.ErrChannelNotFound {
			t.Errorf("before the deposit is deep enough a voucher is refused with %s (%s)", got.Error, got.ErrorMessage)
		}
		select {
		case got := <-answered:
			t.Fatalf("the deposit is answered too early: %s", got.raw)
		default:
		}
		shoptest.Control(t, "anvil_mine", "0x1")
	}
	if got := (<-answered).receipt(); got.Extra.ChannelState.Balance != 2*usdc {
		t.Errorf("the receipt is %+v", got.Extra.ChannelState)
	}
	if got := c.call("work", c.pays(price)); got.text() != "done" {
		t.Errorf("the first call: %s", got.raw)
	}
}

func TestADepositMayComeWithTheFirstCall(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := newCustomer(t, shop, "payer")
	payment := c.identified(c.deposits(2*usdc, price), identifier)
	first := c.call("work", payment)
	got := first.receipt()
	if first.text() != "done" || *got.Amount != 2*usdc || got.Transaction == "" || *got.Extra.ChargedAmount != price || *got.Extra.ChannelState.ChargedCumulativeAmount != price || got.Extra.ChannelState.Balance != 2*usdc {
		t.Errorf("answered %s", first.raw)
	}
	if again := c.call("work", payment); sorted(t, again.raw) != sorted(t, first.raw) || work.runs.Load() != 1 {
		t.Errorf("the same again: %s in %d runs", again.raw, work.runs.Load())
	}
	if got := c.ledger(shop); got.Charged != price || got.Balance != 2*usdc || c.wallet() != 98*usdc {
		t.Errorf("the channel is %+v, the payer has %s", got, c.wallet())
	}
}

func TestADepositIsLeftAloneWhoseVoucherWouldNotPayForTheCall(t *testing.T) {
	const deposit = 5 * price
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := newCustomer(t, shop, "payer")
	for n := range vouchers.Amount(4) {
		payment := c.pays((n + 1) * price)
		if n == 0 {
			payment = c.deposits(deposit, price)
		}
		if got := c.callWith(t.Context(), map[string]any{"n": n}, payment); got.text() != "done" {
			t.Fatalf("call %d: %s", n, got.raw)
		}
	}
	// A client without memory and without a chain to ask believes that its channel is new.
	forgotten := func(balance vouchers.Amount) {
		t.Helper()
		low := c.callWith(t.Context(), map[string]any{"after": balance}, c.deposits(deposit, price)).refusal()
		if state := low.Accepts[0].Extra.ChannelState; low.Error != x402.ErrCumulativeAmountMismatch || state.Balance != balance || low.Accepts[0].Extra.VoucherState == nil {
			t.Errorf("refused with %s, state %+v", low.Error, state)
		}
		if have := c.wallet(); have != 100*usdc-balance {
			t.Errorf("the payer has %s", have)
		}
	}
	forgotten(deposit)
	if got := c.call("work", c.pays(5*price)); got.text() != "done" {
		t.Fatalf("the last call of the balance: %s", got.raw)
	}
	forgotten(deposit)
	if got := c.callWith(t.Context(), map[string]any{"from": "the chain"}, c.pays(price)).refusal(); got.Error != x402.ErrCumulativeAmountMismatch {
		t.Errorf("a voucher over what is claimed is refused with %s", got.Error)
	}
	if got := c.call("work", c.pays(6*price)).refusal(); got.Error != x402.ErrCumulativeExceedsBalance {
		t.Errorf("a voucher over the balance is refused with %s", got.Error)
	}
	if got := c.call("work", c.deposits(deposit, 6*price)); got.text() != "done" || *got.receipt().Amount != deposit {
		t.Errorf("the top-up: %s", got.raw)
	}
	forgotten(2 * deposit)
}

func TestADepositIntoAnotherEscrowIsNotTaken(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := newCustomer(t, shop, "payer")
	c.domain = vouchers.NewDomain(vouchers.Deployment{ChainID: 31337, Escrow: escrow.Canonical.Escrow})
	c.id = c.domain.ChannelID(c.config)
	if got := c.call("chit_deposit", c.pay(&x402.DepositPayload{ChannelConfig: c.config, Voucher: c.sign(0), Deposit: c.authorize(usdc, big.NewInt(1))})).refusal(); got.Error != x402.ErrChannelIDMismatch {
		t.Errorf("refused with %s (%s)", got.Error, got.ErrorMessage)
	}
}
