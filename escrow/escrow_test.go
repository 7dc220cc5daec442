package escrow_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/vouchers"
)

func TestTheContractsAreRecognisedWhereTheyAre(t *testing.T) {
	b := newBench(t)
	deployed, err := escrow.Deploy(t.Context(), net.Client, b.seller)
	if err != nil || len(deployed) != 4 {
		t.Fatalf("deployed %v, %v", deployed, err)
	}
	for _, d := range deployed {
		if d.GasUsed != 0 || d.Tx != (common.Hash{}) {
			t.Errorf("%s was deployed again", d.Name)
		}
	}
	if err := escrow.VerifyDeployment(t.Context(), net.Client); err != nil {
		t.Error(err)
	}
}

func TestADeploymentWithOtherCodeIsRefused(t *testing.T) {
	local, err := anvil.Start(t.Context(), anvil.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = local.Stop() }()
	client, err := chain.Dial(t.Context(), local.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := escrow.VerifyDeployment(t.Context(), client); !errors.Is(err, chain.ErrNoContract) {
		t.Errorf("on an empty chain: %v", err)
	}
	raw, err := rpc.DialContext(t.Context(), local.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.CallContext(t.Context(), nil, "anvil_setCode", escrow.Own.Escrow, "0x6001"); err != nil {
		t.Fatal(err)
	}
	if _, err := escrow.Trusted(t.Context(), client, escrow.Own.Escrow); !errors.Is(err, escrow.ErrUntrusted) {
		t.Errorf("with foreign code at our address: %v", err)
	}
}

func TestOnlyKnownEscrowsAreTrusted(t *testing.T) {
	stranger := common.HexToAddress("0xbad")
	if _, err := escrow.Trusted(t.Context(), net.Client, stranger); !errors.Is(err, escrow.ErrUntrusted) {
		t.Errorf("a stranger: %v", err)
	}
	pinned := escrow.Addresses{Escrow: stranger}
	for name, want := range map[string]escrow.Addresses{"our own": escrow.Own, "the canonical": escrow.Canonical, "a pinned": pinned} {
		got, err := escrow.Trusted(t.Context(), net.Client, want.Escrow, pinned)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAPayerSignsAndTheSellerSubmits(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	if state := p.state(t); state.Balance != 0 {
		t.Errorf("the channel begins with %s", state.Balance)
	}
	authorized := p.authorize(t, 20*usdc)
	receipt, err := p.Deposit(t.Context(), p.seller, authorized, escrow.Own.Collectors.EIP3009)
	if err != nil || receipt == nil {
		t.Fatalf("deposit: %v, %v", receipt, err)
	}
	again, err := p.Deposit(t.Context(), p.seller, authorized, escrow.Own.Collectors.EIP3009)
	if err != nil || again.TxHash != receipt.TxHash {
		t.Errorf("the same deposit again is %v, %v", again, err)
	}
	if state := p.state(t); state.Balance != 20*usdc || balanceOf(t, p.token, p.key.Address()) != 80*usdc {
		t.Errorf("the channel holds %s", state.Balance)
	}
	elsewhere, err := txmgr.NewSender(t.Context(), net.Client, keys.Dev(9))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = elsewhere.Close() }()
	if foreign, err := p.Deposit(t.Context(), elsewhere, authorized, escrow.Own.Collectors.EIP3009); foreign != nil || err != nil {
		t.Errorf("a deposit that somebody else submitted: %v, %v", foreign, err)
	}
}

func TestADepositCountsOnceItIsDeepEnough(t *testing.T) {
	p := newBench(t).newPayer(t, "")
	p.deposit(t, 5*usdc)
	if state, err := p.State(t.Context(), p.config, 2); err != nil || state.Balance != 0 {
		t.Errorf("one block deep it counts as %s, %v", state.Balance, err)
	}
	p.newPayer(t, "another block")
	if state, err := p.State(t.Context(), p.config, 2); err != nil || state.Balance != 5*usdc {
		t.Errorf("two blocks deep it counts as %s, %v", state.Balance, err)
	}
	if state, err := p.State(t.Context(), p.config, 1<<30); err != nil || state.Balance != 0 {
		t.Errorf("deeper than the chain it counts as %s, %v", state.Balance, err)
	}
}

func TestASignatureForOtherMoneyIsRefused(t *testing.T) {
	p := newBench(t).newPayer(t, "")
	d := p.authorize(t, 1*usdc)
	d.Amount = 2 * usdc
	if _, err := p.Deposit(t.Context(), p.seller, d, escrow.Own.Collectors.EIP3009); !chain.IsRevert(err) {
		t.Errorf("more than was signed for: %v", err)
	}
	d = p.authorize(t, 1000*usdc)
	if _, err := p.Deposit(t.Context(), p.seller, d, escrow.Own.Collectors.EIP3009); !chain.IsRevert(err) {
		t.Errorf("more than there is: %v", err)
	}
}

func TestABatchPaysEveryGoodRowAndSetsTheBadOnesAside(t *testing.T) {
	b := newBench(t)
	var claims []escrow.Claim
	for i := range 7 {
		p := b.newPayer(t, string(rune('a'+i)))
		p.deposit(t, 10*usdc)
		claim := p.claim(t, 3*usdc, 4*usdc)
		if i == 3 {
			claim.Ceiling = 5 * usdc // not what was signed
		}
		claims = append(claims, claim)
	}
	plan, err := b.Plan(t.Context(), b.seller.Address(), claims)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Rejected) != 1 || plan.Rejected[0].Config != claims[3].Config || !strings.Contains(plan.Rejected[0].Err.Error(), "InvalidSignature") {
		t.Fatalf("rejected %+v", plan.Rejected)
	}
	if len(plan.Batches) != 1 || len(plan.Batches[0]) != 6 {
		t.Fatalf("%d batches, want one of 6 rows", len(plan.Batches))
	}
	for _, batch := range plan.Batches {
		outcome, err := b.ClaimAndSettle(t.Context(), b.seller, batch)
		if err != nil || outcome.Settled != 18*usdc || len(outcome.Claimed) != 6 || len(outcome.Skipped) != 0 {
			t.Errorf("came to %+v, %v", outcome, err)
		}
	}
	if got := balanceOf(t, b.token, receiverOf(t)); got != 18*usdc {
		t.Errorf("the receiver has %s, want 18", got)
	}
	if left, err := b.Settleable(t.Context(), receiverOf(t), net.Token); err != nil || left != 0 {
		t.Errorf("%s are left to settle, %v", left, err)
	}
}

func TestPoisonedFirstClaimsKeepNoneBack(t *testing.T) {
	b := newBench(t)
	honest := b.newPayer(t, "")
	honest.deposit(t, 10*usdc)
	good := honest.claim(t, 3*usdc, 3*usdc)
	nobodys, tooLong := good, good
	nobodys.Config.Payer = common.Address{}
	tooLong.Config.PayerAuthorizer, tooLong.Signature = common.Address{}, make(vouchers.Signature, 1<<16)
	plan, err := b.Plan(t.Context(), b.seller.Address(), []escrow.Claim{nobodys, tooLong, good})
	if err != nil || len(plan.Batches) != 1 || len(plan.Batches[0]) != 1 || plan.Batches[0][0].Config != good.Config {
		t.Fatalf("planned are %+v, %v", plan, err)
	}
	if len(plan.Rejected) != 2 || !errors.Is(plan.Rejected[0].Err, escrow.ErrClaims) || !errors.Is(plan.Rejected[1].Err, vouchers.ErrSignature) {
		t.Errorf("rejected are %+v", plan.Rejected)
	}
}

func TestOnlyTheReceiversSideClaims(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	plan, err := b.Plan(t.Context(), keys.Dev(devnet.Payer).Address(), []escrow.Claim{p.claim(t, usdc, usdc)})
	if err != nil || len(plan.Rejected) != 1 || !strings.Contains(plan.Rejected[0].Err.Error(), "NotAuthorizedToClaim") {
		t.Errorf("plan of a stranger: %+v, %v", plan, err)
	}
}

func TestARefundPaysWhatIsOwedAndGivesBackTheRest(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	if _, err := b.Refund(t.Context(), b.seller, p.claim(t, 3*usdc, 3*usdc), 7*usdc); err != nil {
		t.Fatal(err)
	}
	state := p.state(t)
	if state.Balance != 3*usdc || state.Claimed != 3*usdc || state.RefundNonce != 1 {
		t.Errorf("state %+v", state)
	}
	if got := balanceOf(t, b.token, p.key.Address()); got != 97*usdc {
		t.Errorf("the payer has %s, want 97", got)
	}
}

func TestAPayerTakesTheRestBackAfterTheDelay(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	raw, err := rpc.DialContext(t.Context(), net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.CallContext(t.Context(), nil, "anvil_setBalance", p.key.Address(), "0xde0b6b3a7640000"); err != nil {
		t.Fatal(err)
	}
	own, err := txmgr.NewSender(t.Context(), net.Client, p.key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	if _, err := b.InitiateWithdraw(t.Context(), own, p.config, 8*usdc); err != nil {
		t.Fatal(err)
	}
	if state := p.state(t); state.Withdrawal.Amount != 8*usdc || state.Withdrawal.FinalizeAfter == 0 {
		t.Errorf("state %+v", state)
	}
	if _, err := b.FinalizeWithdraw(t.Context(), own, p.config); !chain.IsRevert(err) || !strings.Contains(err.Error(), "WithdrawDelayNotElapsed") {
		t.Errorf("before the delay: %v", err)
	}
	for _, step := range []struct {
		method string
		args   []any
	}{{"evm_increaseTime", []any{p.config.WithdrawDelay}}, {"evm_mine", nil}} {
		if err := raw.CallContext(t.Context(), nil, step.method, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.FinalizeWithdraw(t.Context(), own, p.config); err != nil {
		t.Fatal(err)
	}
	if state := p.state(t); state.Balance != 2*usdc || state.Withdrawal.Amount != 0 {
		t.Errorf("state %+v", state)
	}
	if got := balanceOf(t, b.token, p.key.Address()); got != 98*usdc {
		t.Errorf("the payer has %s, want 98", got)
	}
}
