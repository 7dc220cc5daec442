package escrow_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Wallets in the way of ERC-1271.
const (
	// turncoat says yes at once where gas has no price, as in an estimate, and burns
	// whatever it gets where it has: in a block.
	turncoat = "0x3a601257631626ba7e60e01b5f5260205ff35b601256"
	// agreeable always says yes.
	agreeable = "0x631626ba7e60e01b5f5260205ff3"
)

// walletPayer is a payer with a funded channel whose account is a contract from now on.
func (b *bench) walletPayer(t testing.TB, seed, code string) escrow.Claim {
	t.Helper()
	p := b.newPayer(t, seed)
	p.config.PayerAuthorizer = common.Address{}
	p.id = b.Domain().ChannelID(p.config)
	b.fund(t, p)
	if err := net.SetCode(t.Context(), p.config.Payer, common.FromHex(code)); err != nil {
		t.Fatal(err)
	}
	return escrow.Claim{Config: p.config, Ceiling: 3 * usdc, Total: 3 * usdc, Signature: vouchers.Signature("whatever it likes")}
}

// fund deposits by the collector of the bench's escrow.
func (b *bench) fund(t testing.TB, p *payer) {
	t.Helper()
	collector := escrow.Own.Collectors.EIP3009
	if b.Deployment().Escrow == escrow.Canonical.Escrow {
		collector = escrow.Canonical.Collectors.EIP3009
	}
	d := funding.Deposit{Config: p.config, Amount: 10 * usdc, ValidBefore: 1 << 40, Salt: funding.NewNonce()}
	if err := d.Sign(t.Context(), p.key, b.token, collector, p.id); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Deposit(t.Context(), b.seller, d, collector); err != nil {
		t.Fatal(err)
	}
}

// newStandardBench is a bench whose escrow says that it has no compact path, as the
// canonical one has none.
func newStandardBench(t testing.TB) *bench {
	t.Helper()
	if err := net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	code, err := net.Client.Code(t.Context(), escrow.Canonical.Escrow)
	if err != nil {
		t.Fatal(err)
	}
	code = bytes.ReplaceAll(code, abigen.CompactClaimInterfaceID[:], []byte{1, 2, 3, 4})
	if err := net.SetCode(t.Context(), escrow.Canonical.Escrow, code); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.Contract = escrow.At(net.Client, escrow.Canonical.Escrow)
	if compact, err := b.HasCompactClaim(t.Context()); err != nil || compact {
		t.Fatalf("it has the compact path: %t, %v", compact, err)
	}
	return b
}

func (b *bench) keyPayer(t testing.TB, seed string) escrow.Claim {
	t.Helper()
	p := b.newPayer(t, seed)
	b.fund(t, p)
	return p.claim(t, 3*usdc, 3*usdc)
}

func TestWalletsThatBurnGasWhenTheyAreMinedUndoNoHonestRow(t *testing.T) {
	b := newBench(t)
	claims := []escrow.Claim{
		b.keyPayer(t, "first"), b.walletPayer(t, "a", turncoat), b.walletPayer(t, "b", turncoat),
		b.walletPayer(t, "honest", agreeable), b.keyPayer(t, "last"),
	}
	plan, err := b.Plan(t.Context(), b.seller.Address(), claims)
	if err != nil || len(plan.Batches) != 1 || len(plan.Batches[0]) != len(claims) {
		t.Fatalf("planned are %+v, %v", plan, err)
	}
	outcome, err := b.ClaimAndSettle(t.Context(), b.seller, plan.Batches[0])
	if err != nil || len(outcome.Claimed) != 3 || len(outcome.Skipped) != 2 || outcome.Settled != 9*usdc {
		t.Errorf("came to %+v, %v", outcome, err)
	}
	for _, bad := range outcome.Skipped {
		if !strings.Contains(bad.Err.Error(), "InvalidSignature") {
			t.Errorf("skipped for %v", bad.Err)
		}
	}
}

func TestABatchIsPlannedForAllThatItsWalletsMayUse(t *testing.T) {
	b := newBench(t)
	const rows = 70
	wallet := b.walletPayer(t, "", agreeable)
	claims := make([]escrow.Claim, rows)
	for i := range claims { // more of the channel with each row
		claims[i] = wallet
		claims[i].Total = vouchers.Amount(i + 1)
	}
	plan, err := b.Plan(t.Context(), b.seller.Address(), claims)
	if err != nil || len(plan.Rejected) != 0 {
		t.Fatalf("planned are %+v, %v", plan, err)
	}
	const each = 250_000
	for _, batch := range plan.Batches {
		if len(batch)*each > escrow.BatchGas {
			t.Errorf("a batch of %d wallets may use %d gas", len(batch), len(batch)*each)
		}
		if outcome, err := b.ClaimAndSettle(t.Context(), b.seller, batch); err != nil || len(outcome.Claimed) != len(batch) {
			t.Errorf("came to %+v, %v", outcome, err)
		}
	}
}

func TestOnTheStandardPathTheRowsOfEachWalletGoByThemselves(t *testing.T) {
	b := newStandardBench(t)
	bad, good := b.walletPayer(t, "bad", turncoat), b.walletPayer(t, "good", agreeable)
	claims := []escrow.Claim{bad, b.keyPayer(t, "first"), good, b.keyPayer(t, "last")}
	plan, err := b.Plan(t.Context(), b.seller.Address(), claims)
	if err != nil || len(plan.Batches) != 3 || len(plan.Rejected) != 0 {
		t.Fatalf("planned are %+v, %v", plan, err)
	}
	for _, batch := range plan.Batches {
		outcome, err := b.ClaimAndSettle(t.Context(), b.seller, batch)
		if batch[0].Config == bad.Config {
			if !errors.Is(err, txmgr.ErrFailed) || len(outcome.Skipped) != 1 {
				t.Errorf("the bad wallet's batch came to %+v, %v", outcome, err)
			}
			continue
		}
		if err != nil || len(outcome.Claimed) != len(batch) {
			t.Errorf("a batch of %d came to %+v, %v", len(batch), outcome, err)
		}
	}
	if got := balanceOf(t, b.token, receiverOf(t)); got != 9*usdc {
		t.Errorf("the receiver has %s, want 9", got)
	}
}
