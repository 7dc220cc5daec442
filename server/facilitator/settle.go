package facilitator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/x402"
)

// settle answers POST /settle. The same request at the same time is one.
func (f *Facilitator) settle(w http.ResponseWriter, r *http.Request, caller Caller) *answer {
	asked, digest, refused := f.taken(w, r, f.unsettled)
	if refused != nil {
		return refused
	}
	ctx, cancel := f.within(r.Context())
	answered := f.settles.DoChan(caller.Name()+string(digest[:]), func() (any, error) {
		defer cancel()
		return f.settled(ctx, asked, caller), nil
	})
	defer cancel()
	select {
	case a := <-answered:
		return a.Val.(*answer)
	case <-r.Context().Done():
		return f.unsettled(asked, http.StatusOK, terms.Refuse(x402.ErrSettlementPending, "the request was given up; the payment goes on"))
	}
}

func (f *Facilitator) settled(ctx context.Context, r *request, caller Caller) *answer {
	p, refused := f.placeOf(r)
	switch {
	case refused != nil:
		return f.unsettled(r, http.StatusOK, refused)
	case r.work != nil:
		return p.doWork(ctx, r, caller)
	case r.terms.Scheme == x402.SchemeBatchSettlement:
		a := p.settleChannel(ctx, r, caller)
		f.list(r, a)
		return a
	}
	d, refused := p.readTransfer(ctx, r, true)
	if refused != nil {
		return f.unsettled(r, http.StatusOK, refused)
	}
	a := p.settleTransfer(ctx, r, d, caller)
	f.list(r, a)
	return a
}

// list shows what was paid for, if it was.
func (f *Facilitator) list(r *request, a *answer) {
	if a.refused == "" {
		f.shelf.put(r, f.options.Now(), f.options.Logger)
	}
}

// settleTransfer settles a payment of exact or upto. What is known of it counts before anything is
// checked: it may have been settled, and look spent for that reason.
func (p *place) settleTransfer(ctx context.Context, r *request, d *transferral, caller Caller) *answer {
	record, known, err := p.house.Look(d.transfer.Key())
	switch {
	case err != nil:
		return p.unknown(r, d, err)
	case known && (!record.Is(d.transfer) || record.Amount != d.amount):
		return p.f.unsettled(r, http.StatusOK, terms.Refuse(transfers.NonceUsed(d.transfer.Method), "the authorization was brought here before, at %s, with another signature or for another amount", record.Accepted))
	case known:
		return p.await(ctx, r, d)
	}
	gas, refused := d.check(ctx, false)
	switch {
	case refused != nil && isUsed(refused.Code): // by this very transfer, perhaps: the house looks for it
		gas = d.mayTake()
	case refused != nil:
		return p.f.unsettled(r, http.StatusOK, refused)
	case d.amount == 0:
		return p.f.told(r, http.StatusOK, x402.SettlementResponse{Success: true, Amount: &d.amount})
	}
	if a := p.begin(r, d.transfer.Key(), gas, caller); a != nil {
		return a
	}
	return p.await(ctx, r, d, note{caller.Name()}.encode()...)
}

// mayTake is the most gas that a transfer may take of which the chain has not said what account it is of.
func (d *transferral) mayTake() uint64 { return transfer.ByUndeployed.MaxGas() }

func isUsed(code x402.ErrorCode) bool {
	return code == x402.ErrExactNonceUsed || code == x402.ErrTransferPermit2InvalidNonce
}

// begin sets gas aside for a payment and puts it on its caller's tab; the answer is nil, or why not.
func (p *place) begin(r *request, key common.Hash, gas uint64, caller Caller) *answer {
	done, err := caller.Reserve(p.network, gas)
	if err != nil {
		return p.f.limited(r, err)
	}
	begun, err := p.f.tab.begin(key, caller.Name(), done)
	if !begun {
		done(0)
	}
	if err != nil {
		p.f.met.Add("callerWaiting")
		return p.f.limited(r, err)
	}
	return nil
}

// await submits a transfer, which is the same as to ask for it where it was submitted before, and
// waits for its outcome.
func (p *place) await(ctx context.Context, r *request, d *transferral, note ...byte) *answer {
	key := d.transfer.Key()
	ticket, err := p.house.Submit(ctx, d.transfer, d.amount, note)
	if err != nil {
		if isRefusal(err) {
			p.f.tab.end(key, 0)
		}
		return p.notAccepted(r, d, err)
	}
	record, err := ticket.Wait(ctx)
	switch {
	case errors.Is(err, clearing.ErrRejected):
		return p.rejected(r, d, &record, err)
	case err != nil:
		return p.unknown(r, d, err)
	case record.State == clearing.Failed:
		return p.f.unsettled(r, http.StatusOK, failed(&record))
	}
	return p.f.told(r, http.StatusOK, x402.SettlementResponse{Success: true, Transaction: record.Transaction.Hex(), Amount: &record.Moved})
}

// isRefusal reports whether an error of submitting says that nothing was accepted.
func isRefusal(err error) bool {
	for _, why := range []error{clearing.ErrPayment, clearing.ErrBusy, clearing.ErrNoGas} {
		if errors.Is(err, why) {
			return true
		}
	}
	return false
}

// notAccepted is the answer for a transfer that the house does not take.
func (p *place) notAccepted(r *request, d *transferral, err error) *answer {
	switch {
	case errors.Is(err, clearing.ErrBusy):
		p.f.met.Add("waiting")
		return p.f.later(r, "too many payments wait to be settled; nothing was sent: try again")
	case errors.Is(err, clearing.ErrNoGas):
		return p.f.later(r, "no key of this facilitator's can pay for gas now; nothing was sent: try again later")
	}
	if code, refused := transfers.CodeOf(err); refused {
		return p.f.unsettled(r, http.StatusOK, terms.Refuse(code, "%v", err))
	}
	return p.unknown(r, d, err)
}

// later is the answer that nothing was sent for a reason that is not the payment's.
func (f *Facilitator) later(r *request, why string) *answer {
	a := f.unsettled(r, http.StatusServiceUnavailable, terms.Refuse(x402.ErrUnexpectedSettle, "%s", why))
	a.header = http.Header{"Retry-After": {"1"}}
	return a
}

// rejected gives a transfer up that the chain refuses as things are, so that it is not sent after
// its server was told so. Where it is being sent at this moment, that is not known.
func (p *place) rejected(r *request, d *transferral, record *clearing.Record, why error) *answer {
	dropped, err := p.house.Drop(context.Background(), d.transfer.Key())
	if err != nil || !dropped {
		return p.unknown(r, d, errors.Join(why, err))
	}
	p.f.tab.end(d.transfer.Key(), record.Gas)
	if code, refused := transfers.CodeOf(why); refused {
		return p.f.unsettled(r, http.StatusOK, terms.Refuse(code, "%v", why))
	}
	return p.f.unsettled(r, http.StatusOK, terms.Refuse(x402.ErrExactSimulationFailed, "%v", why))
}

// unknown is the answer while nobody knows what becomes of a payment: never that it has failed.
func (p *place) unknown(r *request, d *transferral, err error) *answer {
	response := x402.SettlementResponse{ErrorReason: x402.ErrSettlementPending, ErrorMessage: fmt.Sprintf("%v: ask for the same payment again", err)}
	if tx, sent := p.house.Underway(d.transfer.Key()); sent {
		response.Transaction = tx.Hex()
	}
	if errors.Is(err, chain.ErrUnreachable) {
		p.f.options.Logger.Warn("it is not known what becomes of a payment", "chain", p.network, "payer", d.transfer.From, "error", err)
	}
	return p.f.told(r, http.StatusOK, response)
}

// note is what is kept with a payment: whose gas it takes.
type note struct {
	Caller string `json:"caller"`
}

func (n note) encode() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", n, err)) // a text alone
	}
	return raw
}

// readNote reads a note; without one a payment is nobody's.
func readNote(raw []byte) (n note) {
	_ = json.Unmarshal(raw, &n)
	return n
}

// takeUp puts a payment on its caller's tab that an earlier process has accepted.
func (p *place) takeUp(r clearing.Record) error {
	caller := readNote(r.Note).Caller
	p.f.tab.resume(r.Transfer.Key(), caller, func(used uint64) { p.f.options.Access.Spent(caller, p.network, used) })
	return nil
}

// ended closes the tab of a payment with an outcome.
func (p *place) ended(r clearing.Record) {
	used := r.Gas - p.taken(r.Transfer.Key())
	if !p.f.tab.end(r.Transfer.Key(), used) {
		p.f.options.Access.Spent(readNote(r.Note).Caller, p.network, used)
	}
}

// reorged remembers what gas was told of a payment that a reorganization has taken back.
func (p *place) reorged(r clearing.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told[r.Transfer.Key()] = r.Gas
}

// taken is what gas was told of a payment before.
func (p *place) taken(key common.Hash) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	gas := p.told[key]
	delete(p.told, key)
	return gas
}
