package facilitator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// errand is a transaction about channels, which happens once.
type errand struct {
	key    common.Hash // the same for the same request
	call   txmgr.Call
	most   uint64 // gas, in gas units
	payer  common.Address
	refuse struct{ simulated, failed x402.ErrorCode }
	// tell says what the transaction came to.
	tell func(ctx context.Context, receipt *types.Receipt) (x402.SettlementResponse, error)
}

// errandRecord is what the store has of an errand: who sends it, and, once it is known, what it
// came to.
type errandRecord struct {
	Sender common.Address  `json:"sender"`
	Caller string          `json:"caller"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

func (p *place) errands() vouchers.Bucket {
	return p.f.options.Store.Bucket(fmt.Sprintf("errands-%d", p.Client.ChainID()))
}

func (p *place) recall(key common.Hash) (*errandRecord, error) {
	raw, err := p.errands().Get(key[:])
	if err != nil || raw == nil {
		return nil, err
	}
	r := new(errandRecord)
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("read errand %s: %w", key, err)
	}
	return r, nil
}

func (p *place) remember(key common.Hash, r *errandRecord) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode errand %s: %w", key, err)
	}
	return p.errands().Put(context.Background(), key[:], raw)
}

// answered is what an errand came to, nil if that is not known.
func (p *place) answered(r *request, key common.Hash) *answer {
	known, err := p.recall(key)
	if err != nil {
		return p.pending(r, key, err)
	}
	if known == nil || known.Answer == nil {
		return nil
	}
	var response x402.SettlementResponse
	if err := json.Unmarshal(known.Answer, &response); err != nil {
		return p.pending(r, key, err)
	}
	return p.f.told(r, http.StatusOK, response)
}

// run does an errand, or waits for it where it is under way. It goes on when nobody waits.
func (p *place) run(ctx context.Context, r *request, caller Caller, e *errand) *answer {
	done := p.f.errands.DoChan(p.network+e.key.Hex(), func() (any, error) { return p.send(r, caller, e), nil })
	select {
	case a := <-done:
		return a.Val.(*answer)
	case <-ctx.Done():
		return p.pending(r, e.key, context.Cause(ctx))
	}
}

// errandName is the key under which a sender knows an errand.
func errandName(key common.Hash) string { return "errand/" + key.Hex() }

// send has the key send it that the store names, or the one that is freest.
func (p *place) send(r *request, caller Caller, e *errand) *answer {
	ctx := p.f.life
	if a := p.answered(r, e.key); a != nil {
		return a
	}
	known, err := p.recall(e.key)
	if err != nil {
		return p.pending(r, e.key, err)
	}
	if known == nil {
		known = &errandRecord{Sender: p.freest(), Caller: caller.Name()}
	}
	sender := p.senderOf(known.Sender)
	if sender == nil {
		return p.pending(r, e.key, fmt.Errorf("%s, which has sent it, is no key of this facilitator's any more", known.Sender))
	}
	gas := e.most
	if !sender.Knows(errandName(e.key)) {
		var a *answer
		if gas, a = p.simulate(ctx, r, sender.Address(), e); a != nil {
			return a
		}
	}
	if a := p.begin(r, e.key, gas, caller); a != nil {
		return a
	}
	if err := p.remember(e.key, known); err != nil {
		return p.pending(r, e.key, err)
	}
	p.hold(known.Sender, 1)
	defer p.hold(known.Sender, -1)
	e.call.Key, e.call.MaxGas, e.call.MaxFee, e.call.MaxCost, e.call.Confirmations = errandName(e.key), gas, p.MaxFee, p.MaxCost, p.Confirmations
	receipt, err := sender.Send(ctx, e.call)
	return p.sent(ctx, r, e, known, receipt, err)
}

// simulate asks the chain whether it takes an errand, and for how much gas.
func (p *place) simulate(ctx context.Context, r *request, from common.Address, e *errand) (uint64, *answer) {
	done, err := p.f.ask(ctx)
	if err != nil {
		return 0, p.f.later(r, "the facilitator ends")
	}
	defer done()
	gas, err := p.Client.EstimateGas(ctx, ethereum.CallMsg{From: from, To: &e.call.To, Data: e.call.Data, Gas: e.most})
	switch {
	case chain.IsRevert(err), errors.Is(err, chain.ErrGasCap):
		return 0, p.f.unsettled(r, http.StatusOK, terms.Refuse(e.refuse.simulated, "%v", err))
	case err != nil:
		return 0, p.f.unsettled(r, http.StatusOK, terms.Refuse(x402.ErrRPCReadFailed, "%v", err))
	}
	return min(gas+gas/4, e.most), nil
}

// sent writes down what an errand came to.
func (p *place) sent(ctx context.Context, r *request, e *errand, known *errandRecord, receipt *types.Receipt, err error) *answer {
	switch {
	case err == nil:
		response, err := e.tell(ctx, receipt)
		if err == nil {
			response.Success, response.Transaction, response.Network, response.Payer = true, receipt.TxHash.Hex(), p.network, e.payer
			known.Answer, err = json.Marshal(response)
		}
		if err == nil {
			err = p.remember(e.key, known)
		}
		if err != nil {
			return p.pending(r, e.key, err)
		}
		p.f.tab.end(e.key, receipt.GasUsed)
		return p.f.told(r, http.StatusOK, response)
	case ctx.Err() != nil || errors.Is(err, txmgr.ErrClosed):
		return p.pending(r, e.key, err)
	case errors.Is(err, txmgr.ErrFailed) && receipt != nil:
		p.f.tab.end(e.key, receipt.GasUsed)
		return p.f.told(r, http.StatusOK, x402.SettlementResponse{ErrorReason: e.refuse.failed, ErrorMessage: err.Error(), Transaction: receipt.TxHash.Hex()})
	case chain.IsRevert(err), errors.Is(err, chain.ErrGasCap):
		p.f.tab.end(e.key, 0)
		return p.f.unsettled(r, http.StatusOK, terms.Refuse(e.refuse.simulated, "%v", err))
	case errors.Is(err, chain.ErrFunds), errors.Is(err, txmgr.ErrFee), errors.Is(err, txmgr.ErrCost):
		p.f.tab.end(e.key, 0)
		p.f.options.Logger.Error("a transaction cannot be paid for", "chain", p.network, "key", known.Sender, "error", err)
		return p.f.later(r, "gas cannot be paid for at the moment; nothing was sent: try again later")
	}
	p.f.tab.end(e.key, 0)
	return p.pending(r, e.key, err)
}

// pending is the answer while nobody knows what becomes of an errand.
func (p *place) pending(r *request, key common.Hash, err error) *answer {
	response := x402.SettlementResponse{ErrorReason: x402.ErrSettlementPending, ErrorMessage: fmt.Sprintf("%v: ask for the same again", err)}
	for _, s := range p.senders {
		if tx, sent := s.Underway(errandName(key)); sent {
			response.Transaction = tx.Hex()
		}
	}
	return p.f.told(r, http.StatusOK, response)
}

func (p *place) senderOf(address common.Address) *txmgr.Sender {
	for _, s := range p.senders {
		if s.Address() == address {
			return s
		}
	}
	return nil
}

// hold counts what a key has under way.
func (p *place) hold(key common.Address, more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[key] += more
}
