package clearing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/transfer"
)

// The pauses before a row is tried again that came to nothing for another reason than its own.
const (
	awayPause = time.Second      // the chain does not answer
	feePause  = 5 * time.Second  // gas is too dear
	stopPause = 30 * time.Second // somebody has cancelled the transaction
)

// estimate returns how much gas rows need when each of them succeeds.
func (h *House) estimate(ctx context.Context, from common.Address, rows, ahead []*row) (uint64, error) {
	to, data, err := h.message(rows, ahead, false)
	if err != nil {
		return 0, err
	}
	most := capOf(rows) + transfer.KeyGas*uint64(len(ahead))
	gas, err := h.options.Client.EstimateGas(ctx, ethereum.CallMsg{From: from, To: &to, Gas: most, Data: data})
	if err != nil {
		return 0, err
	}
	if gas > most {
		return 0, fmt.Errorf("%w: it needs %d, the most is %d", chain.ErrGasCap, gas, most)
	}
	return gas, nil
}

// capOf is what rows may use in all, in gas units.
func capOf(rows []*row) (most uint64) {
	for _, r := range rows {
		most += max(r.kind, transfer.ByKey).MaxGas()
	}
	if len(rows) > 1 {
		most = min(most, BatchGas)
	}
	return most
}

// limitOf is the gas limit of rows that need so much, in gas units.
func limitOf(rows []*row, gas uint64) uint64 { return min(gas+gas/5, capOf(rows)) }

// sift simulates a load and returns the rows of it that the chain takes together, with their
// gas limit; it decides about the others. One question does for a load of which all is good.
func (h *House) sift(ctx context.Context, l *load) (good []*row, limit uint64) {
	good = l.rows
	for range 2 {
		gas, err := h.estimate(ctx, l.ship.Address(), good, l.ahead)
		switch {
		case err == nil:
			return good, limitOf(good, gas)
		case !isAboutRows(err):
			h.postpone(ctx, good, awayPause, err)
			return nil, 0
		case len(good) == 1:
			h.refused(ctx, good[0], err)
			return nil, 0
		}
		var bad []*row
		if good, bad, err = h.split(ctx, l, good); err != nil {
			h.postpone(ctx, append(good, bad...), awayPause, err)
			return nil, 0
		}
		h.judgeEach(ctx, l, bad)
		if len(good) == 0 {
			return nil, 0
		}
	}
	h.judgeEach(ctx, l, good)
	return nil, 0
}

// isAboutRows tells whether fewer or other rows may succeed.
func isAboutRows(err error) bool {
	return chain.IsRevert(err) || errors.Is(err, chain.ErrGasCap) || errors.Is(err, txmgr.ErrData)
}

// split tells the rows that succeed together from those that do not. Where it cannot be told all are bad.
func (h *House) split(ctx context.Context, l *load, rows []*row) (good, bad []*row, err error) {
	to, data, err := h.message(rows, l.ahead, true)
	if err != nil {
		return nil, rows, nil
	}
	from := l.ship.Address()
	raw, err := h.options.Client.CallContract(ctx, ethereum.CallMsg{From: from, To: &to, Gas: txmgr.MaxGas, Data: data}, nil)
	if isAboutRows(err) {
		return nil, rows, nil
	}
	if err != nil {
		return nil, rows, err
	}
	succeeded, err := results(raw)
	if err != nil || len(succeeded) != len(l.ahead)+len(rows) {
		return nil, rows, nil
	}
	for i, r := range rows {
		if succeeded[len(l.ahead)+i] {
			good = append(good, r)
			continue
		}
		bad = append(bad, r)
	}
	return good, bad, nil
}

// lookups is how many questions about single rows are asked at once.
const lookups = 8

// judgeEach simulates rows by themselves that do not succeed together. One that succeeds so goes by itself.
func (h *House) judgeEach(ctx context.Context, l *load, rows []*row) {
	var group errgroup.Group
	group.SetLimit(lookups)
	for _, r := range rows {
		group.Go(func() error {
			_, err := h.estimate(ctx, l.ship.Address(), []*row{r}, nil)
			switch {
			case err == nil:
				h.apart(r)
			case isAboutRows(err):
				h.refused(ctx, r, err)
			default:
				h.postpone(ctx, []*row{r}, awayPause, err)
			}
			return nil
		})
	}
	_ = group.Wait() // each has decided about its row
}

// apart has a row go by itself.
func (h *House) apart(r *row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.lone = true
	h.enqueue(r)
}

// postpone lets rows wait whose failing is no fault of theirs.
func (h *House) postpone(ctx context.Context, rows []*row, pause time.Duration, why error) {
	if ctx.Err() != nil {
		return // the house ends: they are taken up by the next one
	}
	h.options.Logger.Warn("payments wait", "payments", len(rows), "error", why)
	for _, r := range rows {
		h.again(r, pause, why.Error())
	}
}
