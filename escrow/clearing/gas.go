package clearing

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/transfer"
)

// inFlight is how many transactions of one sender are on their way at once, and wildInFlight
// how many of them may run the code of a payer: such payers keep no others waiting.
const (
	inFlight     = 4
	wildInFlight = inFlight / 2
)

// ship is a sender with what it is at.
type ship struct {
	*txmgr.Sender

	// What follows is guarded by the house's lock.
	flying, wild int      // loads that it has, and those of them that are wild
	balance      *big.Int // wei; nil is not known
	broke        bool     // it could not pay for a transaction, or for none there is
}

// isFree reports whether it takes one more load.
func (s *ship) isFree(wild bool) bool {
	return !s.broke && s.flying < inFlight && (!wild || s.wild < wildInFlight)
}

// GasState is what a sender can pay for gas with.
type GasState struct {
	Address common.Address
	// Balance is in wei; nil is not known yet.
	Balance *big.Int
	// Out says that it cannot pay for a transaction, and sends none until it can.
	Out bool
	// InFlight is how many transactions it has on their way, or is about to send.
	InFlight int
}

// Gas returns the state of each sender.
func (h *House) Gas() []GasState {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]GasState, len(h.fleet))
	for i, s := range h.fleet {
		all[i] = GasState{Address: s.Address(), Balance: s.balance, Out: s.broke, InFlight: s.flying}
	}
	return all
}

// shipOf is the sender with an address, nil if there is none.
func (h *House) shipOf(address common.Address) *ship {
	for _, s := range h.fleet {
		if s.Address() == address {
			return s
		}
	}
	return nil
}

// canPay refuses a payment that no sender can pay the gas of.
func (h *House) canPay(t transfer.Transfer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.fleet {
		if !s.broke && (t.Method != transfer.Upto || s.Address() == t.Facilitator) {
			return nil
		}
	}
	poor := h.fleet[0].Address()
	if t.Method == transfer.Upto {
		poor = t.Facilitator
	}
	return fmt.Errorf("%w: send some of the chain's coin to %s", ErrNoGas, poor)
}

// freest is the sender with the least to do that takes one more load, nil if none does. Called
// with h.mu held.
func (h *House) freest(wild bool) *ship {
	var best *ship
	for _, s := range h.fleet {
		if s.isFree(wild) && (best == nil || s.flying < best.flying) {
			best = s
		}
	}
	return best
}

// gasLook is how often the senders' balances are looked at.
const gasLook = 15 * time.Second

// watchGas follows what the senders can pay, until ctx ends.
func (h *House) watchGas(ctx context.Context) {
	tick := time.NewTicker(gasLook)
	defer tick.Stop()
	for {
		for _, s := range h.fleet {
			if err := h.lookAtGas(ctx, s); err != nil && ctx.Err() == nil {
				h.options.Logger.Warn("look at what a sender can pay for gas", "sender", s.Address(), "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lookAtGas reads a sender's balance. One that has run out is in again when it can pay for
// a transaction of several transfers, or has more than when it ran out.
func (h *House) lookAtGas(ctx context.Context, s *ship) error {
	balance, err := h.options.Client.Balance(ctx, s.Address())
	price, err2 := s.GasPrice(ctx)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	least := new(big.Int).Mul(price, big.NewInt(transfer.KeyGas))
	grown := s.balance == nil || balance.Cmp(s.balance) > 0
	switch {
	case balance.Cmp(least) < 0:
		if !s.broke {
			h.options.Logger.Error("a sender cannot pay for gas and is left out", "sender", s.Address(), "balance", balance)
		}
		s.broke = true
	case grown:
		s.broke = false
		h.rouse()
	}
	s.balance = balance
	return nil
}

// runsOut leaves a sender out that could not pay for a transaction.
func (h *House) runsOut(ctx context.Context, s *ship) {
	balance, err := h.options.Client.Balance(ctx, s.Address())
	h.mu.Lock()
	defer h.mu.Unlock()
	s.broke = true
	if err == nil {
		s.balance = balance
	}
	h.options.Logger.Error("a sender has run out of gas money and is left out", "sender", s.Address(), "balance", balance)
}

// waste tells of the gas that a row has used for nothing so far, once.
func (h *House) waste(r *row, gas uint64) {
	h.mu.Lock()
	more := gas - min(gas, r.wasted)
	r.wasted += more
	h.mu.Unlock()
	if more > 0 {
		h.options.Wasted(r.transfer, more)
	}
}
