package till

import (
	"context"
	"math/big"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// gasPriceAge is how old the price of gas may be by which least amounts are reckoned.
const gasPriceAge = time.Minute

// gasPrice is what gas costs on a chain, as of a short while ago.
type gasPrice struct {
	wei   atomic.Pointer[big.Int] // for one unit; nil if it is not known
	asked atomic.Int64            // when, in Unix nanoseconds
}

// LearnGasPrice asks for the price of gas if it is old and matters: where the price of
// the coin is not known, no amount follows it. Where the chain does not say, what was
// known stays.
func (t *Till) LearnGasPrice(ctx context.Context) {
	now, asked := time.Now().UnixNano(), t.gas.asked.Load()
	if t.coinPrice == 0 || now-asked < int64(gasPriceAge) || !t.gas.asked.CompareAndSwap(asked, now) {
		return
	}
	if wei, err := t.Sender.GasPrice(ctx); err == nil {
		t.gas.wei.Store(wei)
	}
}

// FollowGasPrice keeps the price of gas new, so that the terms say what is asked for.
func (t *Till) FollowGasPrice(ctx context.Context) {
	if t.coinPrice == 0 {
		return
	}
	ticker := time.NewTicker(gasPriceAge)
	defer ticker.Stop()
	for {
		t.LearnGasPrice(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Costs is what an errand costs at the present price of gas, in atomic USDC; 0 if that
// is not known.
func (t *Till) Costs(what Errand) vouchers.Amount { return t.CostOf(what.Gas()) }

// CostOf is what so many units of gas cost at the present price, in atomic USDC; 0 if that is not
// known.
func (t *Till) CostOf(gas uint64) vouchers.Amount {
	wei := t.gas.wei.Load()
	if wei == nil {
		return 0
	}
	cost := settle.Policy{CoinPrice: t.coinPrice}.InUSDC(new(big.Int).Mul(wei, new(big.Int).SetUint64(gas)))
	if cost == nil {
		return 0
	}
	return *cost
}

// LeastDeposit is what the terms ask for. A deposit that was signed before gas became
// dearer may be of half of what follows its price.
func (t *Till) LeastDeposit() (announced, taken vouchers.Amount) {
	fixed, cost := max(t.minDeposit, t.least), t.Costs(Depositing)
	return max(fixed, cost), max(fixed, cost/2)
}

// usualDeposit is how many prices a stock client deposits where the terms name no least
// deposit. Where they do it deposits exactly that, however little it is.
const usualDeposit = 5

// AnnouncedDeposit is the least deposit in the terms of a price; 0 is none. One that the
// operator has not asked for is named only to a client that would deposit less.
func (t *Till) AnnouncedDeposit(price vouchers.Amount) vouchers.Amount {
	least, _ := t.LeastDeposit()
	if t.minDeposit == 0 && least/usualDeposit <= price {
		return 0
	}
	return least
}

// Errand is a kind of transaction that the shop sends for its payers.
type Errand string

const (
	// Depositing is a deposit that a payer has signed.
	Depositing Errand = "deposit"
	// Refunding is a refund of a part. All that is left is given back whatever the budget.
	Refunding Errand = "refund"
	// Transferring is a transfer that a payer has signed for one call, sent by itself.
	Transferring Errand = "transfer"
)

// Gas is what the errand takes, in gas units, as long as it is not known better.
func (e Errand) Gas() uint64 { return usualGas[e] }

// usualGas is what an errand takes, in gas units, as long as it is not known better.
var usualGas = map[Errand]uint64{Depositing: 130_000, Refunding: 110_000, Transferring: 75_000}
