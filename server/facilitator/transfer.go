package facilitator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// margin is for how long a payment must be good at least, as stock facilitators have it.
const margin = 6 * time.Second

// transferral is a payment by a transfer that fits its terms. Its signature is not checked.
type transferral struct {
	place    *place
	token    funding.Token
	transfer transfer.Transfer
	// amount is what is to move, in atomic units: 0, with upto alone, is nothing.
	amount vouchers.Amount
}

// payer is who a request says that pays; the zero address is not said.
func (r *request) payer() common.Address {
	switch {
	case r.work != nil:
		return r.work.payer()
	case transfers.Are(r.payment):
		return transfers.PayerOf(r.payment)
	case r.payment != nil:
		return channelPayer(r.payment.Payload)
	}
	return common.Address{}
}

// placeOf is where a request is for.
func (f *Facilitator) placeOf(r *request) (*place, *terms.Refusal) {
	if p := f.named[r.terms.Network]; p != nil {
		return p, nil
	}
	return nil, terms.Refuse(x402.ErrInvalidNetwork, "%s is not served here: GET /supported lists what is", r.terms.Network)
}

// readTransfer holds a payment of exact or upto against its terms. A payment of upto is settled over
// what the terms say, up to what is signed, and verified over all that is signed.
func (p *place) readTransfer(ctx context.Context, r *request, settles bool) (*transferral, *terms.Refusal) {
	token, err := p.token(ctx, r.terms.Asset)
	if err != nil {
		return nil, tokenRefusal(err)
	}
	t, refused := transfers.Of(p.Client.ChainID(), token.Address, r.payment)
	if refused != nil {
		return nil, refused
	}
	d := &transferral{p, token, t, r.terms.Amount}
	if refused := p.serves(t.Method); refused != nil {
		return nil, refused
	}
	switch {
	case t.To != r.terms.PayTo:
		return nil, terms.Refuse(transfers.RecipientMismatch(t.Method), "the transfer is to %s, the terms are for %s", t.To, r.terms.PayTo)
	case t.Method == transfer.Upto && !p.isSender(t.Facilitator):
		return nil, terms.Refuse(x402.ErrUptoFacilitatorMismatch, "the transfer is for %s to send, which is no key of this facilitator's", t.Facilitator)
	case t.Method == transfer.Upto && settles && d.amount > t.Value:
		return nil, terms.Refuse(x402.ErrUptoExceedsAmount, "%s is to be settled, and %s is signed", d.amount, t.Value)
	case d.amount != t.Value && (t.Method != transfer.Upto || !settles):
		return nil, terms.Refuse(transfers.AmountMismatch(t.Method), "%s is signed, the terms are over %s", t.Value, d.amount)
	}
	return d, domainRefusal(t.Method, &r.terms, token)
}

// serves refuses a method that the chain has no contract for.
func (p *place) serves(m transfer.Method) *terms.Refusal {
	if m == transfer.Permit2 && !p.proxies.Exact || m == transfer.Upto && !p.proxies.Upto {
		return terms.Refuse(x402.ErrTransferPermit2ProxyNotDeployed, "%s has no proxy of Permit2 at %s", p.network, m.Proxy())
	}
	return nil
}

// domainRefusal refuses terms by EIP-3009 that name another domain than the token's own: payers
// who sign by them sign nothing that the token takes.
func domainRefusal(m transfer.Method, of *x402.Requirements, token funding.Token) *terms.Refusal {
	switch {
	case m != transfer.EIP3009 || !token.EIP3009:
		return nil
	case of.Extra.Name == "" || of.Extra.Version == "":
		return terms.Refuse(x402.ErrExactMissingEIP712Domain, "the terms do not name the token's EIP-712 domain")
	case of.Extra.Name != token.Name:
		return terms.Refuse(x402.ErrExactTokenNameMismatch, "the token's EIP-712 domain has another name than the terms: %q", token.Name)
	case of.Extra.Version != token.Version:
		return terms.Refuse(x402.ErrExactTokenVersionMismatch, "the token's EIP-712 domain has another version than the terms: %q", token.Version)
	}
	return nil
}

func tokenRefusal(err error) *terms.Refusal {
	switch {
	case errors.Is(err, errToken):
		return terms.Refuse(x402.ErrPaymentRequirements, "%v", err)
	case chain.IsRevert(err), errors.Is(err, chain.ErrNoContract), errors.Is(err, chain.ErrWrongAnswer):
		return terms.Refuse(x402.ErrAssetNotContract, "%v", err)
	}
	return terms.Refuse(x402.ErrUnexpectedVerify, "%v", err)
}

// check holds a transfer against what can be known in memory, and against the chain where that has
// to tell whether the signature is good, or everything is wanted to be known. It returns what gas
// the transfer may take, in gas units.
func (d *transferral) check(ctx context.Context, everything bool) (gas uint64, refused *terms.Refusal) {
	f := d.place.f
	account, err := d.transfer.Check(f.options.Now(), margin, d.token)
	if err != nil {
		return 0, transferRefusal(err)
	}
	if latest := f.options.Now().Add(clearing.MaxValidity); d.transfer.ValidBefore > uint64(latest.Unix()) {
		return 0, terms.Refuse(expired(d.transfer.Method), "the transfer is good until %d, which is more than %s away", d.transfer.ValidBefore, clearing.MaxValidity)
	}
	if !account.NeedsChain() && !everything {
		return account.MaxGas(), nil // the house simulates it with the others
	}
	done, err := f.ask(ctx)
	if err != nil {
		return 0, terms.Refuse(x402.ErrUnexpectedVerify, "too many ask the chain at the moment; try again: %v", err)
	}
	defer done()
	s := transfer.Simulation{Token: d.token, Sender: d.place.senders[0].Address(), Amount: d.amount}
	if d.transfer.Method == transfer.Upto {
		s.Sender = d.transfer.Facilitator
	}
	settlement, err := d.transfer.CheckOnChain(ctx, d.place.Client, s)
	if err != nil {
		return 0, transferRefusal(err)
	}
	return settlement.Account.MaxGas(), nil
}

func expired(m transfer.Method) x402.ErrorCode {
	if m == transfer.EIP3009 {
		return x402.ErrExactValidBefore
	}
	return x402.ErrTransferPermit2DeadlineExpired
}

// transferRefusal puts an error in x402's words.
func transferRefusal(err error) *terms.Refusal {
	if code, refused := transfers.CodeOf(err); refused {
		return terms.Refuse(code, "%v", err)
	}
	return terms.Refuse(x402.ErrUnexpectedVerify, "%v", err)
}

// verifyTransfer says whether a payment of exact or upto could be settled. One that is being settled,
// or was, is no payment for anything else.
func (p *place) verifyTransfer(ctx context.Context, r *request) *terms.Refusal {
	d, refused := p.readTransfer(ctx, r, false)
	if refused != nil {
		return refused
	}
	record, known, err := p.house.Look(d.transfer.Key())
	switch {
	case err != nil:
		return terms.Refuse(x402.ErrUnexpectedVerify, "%v", err)
	case known && record.State == clearing.Failed:
		return failed(&record)
	case known:
		return terms.Refuse(transfers.NonceUsed(d.transfer.Method), "this facilitator was asked to settle the payment at %s", record.Accepted.Format(time.RFC3339))
	}
	_, refused = d.check(ctx, true)
	return refused
}

func failed(r *clearing.Record) *terms.Refusal {
	return terms.Refuse(transfers.TransactionFailed(r.Transfer.Method), "the transfer cannot be paid any more: %s", fmt.Sprint(r.Reason))
}
