package server

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

// learnGasPrice asks for the price of gas if it is old and matters: where the price of
// the coin is not known, no amount follows it. Where the chain does not say, what was
// known stays.
func (t *till) learnGasPrice(ctx context.Context) {
	now, asked := time.Now().UnixNano(), t.gas.asked.Load()
	if t.coinPrice == 0 || now-asked < int64(gasPriceAge) || !t.gas.asked.CompareAndSwap(asked, now) {
		return
	}
	if wei, err := t.sender.GasPrice(ctx); err == nil {
		t.gas.wei.Store(wei)
	}
}

// followGasPrice keeps the price of gas new, so that the terms say what is asked for.
func (t *till) followGasPrice(ctx context.Context) {
	if t.coinPrice == 0 {
		return
	}
	ticker := time.NewTicker(gasPriceAge)
	defer ticker.Stop()
	for {
		t.learnGasPrice(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// costs is what an errand costs at the present price of gas, in atomic USDC; 0 if that
// is not known.
func (t *till) costs(what errand) vouchers.Amount {
	wei := t.gas.wei.Load()
	if wei == nil {
		return 0
	}
	cost := settle.Policy{CoinPrice: t.coinPrice}.InUSDC(new(big.Int).Mul(wei, new(big.Int).SetUint64(usualGas[what])))
	if cost == nil {
		return 0
	}
	return *cost
}

// leastDeposit is what the terms ask for. A deposit that was signed before gas became
// dearer may be of half of what follows its price.
func (s *Shop) leastDeposit(t *till) (announced, taken vouchers.Amount) {
	fixed, cost := max(t.minDeposit, s.limits.LeastDeposit), t.costs(depositing)
	return max(fixed, cost), max(fixed, cost/2)
}

// usualDeposit is how many prices a stock client deposits where the terms name no least
// deposit. Where they do it deposits exactly that, however little it is.
const usualDeposit = 5

// announcedDeposit is the least deposit in the terms of a price; 0 is none. One that the
// operator has not asked for is named only to a client that would deposit less.
func (s *Shop) announcedDeposit(t *till, price vouchers.Amount) vouchers.Amount {
	least, _ := s.leastDeposit(t)
	if t.minDeposit == 0 && least/usualDeposit <= price {
		return 0
	}
	return least
}
