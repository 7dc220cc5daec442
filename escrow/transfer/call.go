package transfer

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/vouchers"
)

// Call is a call of a contract that is part of a settlement.
type Call struct {
	// To is the contract, Data the call.
	To   common.Address
	Data []byte
	// MayFail says that what follows may be good all the same.
	MayFail bool
}

// Calls returns the calls that settle the transfer, in their order: one, or for an account
// that is [ByUndeployed] two, which have to be in one transaction ([Aggregate]). The amount
// is what moves, in atomic units: the transfer's Value, or with [Upto] 1 up to that, and is
// refused with [ErrUptoAmount] or the method's error for amounts otherwise. The account is
// what [Transfer.CheckOnChain] found, or [Transfer.Check] where there was no need to ask.
//
// With [Upto] the facilitator itself must call the proxy.
func (t Transfer) Calls(account Account, amount vouchers.Amount) ([]Call, error) {
	if err := t.checkAmount(amount); err != nil {
		return nil, err
	}
	signature, calls, err := t.inner(account)
	if err != nil {
		return nil, err
	}
	switch t.Method {
	case EIP3009:
		return append(calls, t.authorizedCall(account, signature)), nil
	case Permit2:
		return append(calls, t.exactCall(signature)), nil
	case Upto:
		return append(calls, t.uptoCall(amount, signature)), nil
	}
	return nil, fmt.Errorf("%w: %s", ErrMethod, t.Method)
}

// inner is the signature that the chain is shown, and what is called before to deploy the
// contract that takes it.
func (t Transfer) inner(account Account) (vouchers.Signature, []Call, error) {
	switch {
	case account == ByKey || account == ByDelegate:
		return plain(t.Signature), nil, nil
	case !isWrapped(t.Signature):
		return t.Signature, nil, nil
	}
	w, err := unwrap(t.Signature)
	if err != nil || account != ByUndeployed {
		return w.signature, nil, err
	}
	return w.signature, []Call{{To: w.factory, Data: w.data, MayFail: true}}, nil // somebody may have deployed it since
}

func (t Transfer) checkAmount(amount vouchers.Amount) error {
	switch {
	case t.Method == Upto && amount > t.Value:
		return fmt.Errorf("%w: %s of %s", ErrUptoAmount, amount, t.Value)
	case amount == 0, t.Method != Upto && amount != t.Value:
		return fmt.Errorf("%w: %s of %s", t.either(ErrValue, ErrPermit2Value), amount, t.Value)
	}
	return nil
}

// authorizedCall is the token's transferWithAuthorization: with the signature in parts where
// it is a key's, which is cheaper, and else in one piece.
func (t Transfer) authorizedCall(account Account, signature vouchers.Signature) Call {
	token := abigen.NewToken()
	value, after, before := t.Value.Big(), bigOf(t.ValidAfter), bigOf(t.ValidBefore)
	if (account == ByKey || account == ByDelegate) && len(signature) == vouchers.PlainLength {
		v, r, s := parts(signature)
		return Call{To: t.Token, Data: token.PackTransferWithAuthorization0(t.From, t.To, value, after, before, t.Nonce, v, r, s)}
	}
	return Call{To: t.Token, Data: token.PackTransferWithAuthorization(t.From, t.To, value, after, before, t.Nonce, signature)}
}

func (t Transfer) exactCall(signature vouchers.Signature) Call {
	proxy, witness := abigen.NewExactPermit2Proxy(), abigen.ExactWitness{To: t.To, ValidAfter: bigOf(t.ValidAfter)}
	if t.Permit != nil {
		return Call{To: ExactProxy, Data: proxy.PackSettleWithPermit(t.tokenPermit(), t.permit2(), t.From, witness, signature)}
	}
	return Call{To: ExactProxy, Data: proxy.PackSettle(t.permit2(), t.From, witness, signature)}
}

func (t Transfer) uptoCall(amount vouchers.Amount, signature vouchers.Signature) Call {
	proxy := abigen.NewUptoPermit2Proxy()
	witness := abigen.UptoWitness{To: t.To, Facilitator: t.Facilitator, ValidAfter: bigOf(t.ValidAfter)}
	if t.Permit != nil {
		return Call{To: UptoProxy, Data: proxy.PackSettleWithPermit(t.tokenPermit(), t.permit2(), amount.Big(), t.From, witness, signature)}
	}
	return Call{To: UptoProxy, Data: proxy.PackSettle(t.permit2(), amount.Big(), t.From, witness, signature)}
}

// permit2 is what Permit2 is told that the payer permits.
func (t Transfer) permit2() abigen.IPermit2PermitTransferFrom {
	return abigen.IPermit2PermitTransferFrom{
		Permitted: abigen.IPermit2TokenPermissions{Token: t.Token, Amount: t.Value.Big()},
		Nonce:     t.Nonce.Big(),
		Deadline:  bigOf(t.ValidBefore),
	}
}

// tokenPermit is the EIP-2612 permit as the proxies take it.
func (t Transfer) tokenPermit() abigen.Eip2612Permit {
	v, r, s := parts(plain(t.Permit.Signature))
	return abigen.Eip2612Permit{Value: t.Value.Big(), Deadline: bigOf(t.Permit.Deadline), V: v, R: r, S: s}
}

// permitCall hands the EIP-2612 permit to the token.
func (t Transfer) permitCall() Call {
	p := t.tokenPermit()
	return Call{To: t.Token, Data: abigen.NewToken().PackPermit0(t.From, abigen.Permit2Address, p.Value, p.Deadline, p.V, p.R, p.S)}
}

// plain is a signature in 65 bytes, if it has 64.
func plain(signature vouchers.Signature) vouchers.Signature {
	if len(signature) != vouchers.CompactLength {
		return signature
	}
	full := append(make(vouchers.Signature, 0, vouchers.PlainLength), signature...)
	full[32] &= 0x7f
	return append(full, 27+signature[32]>>7)
}

// parts are v, r and s of a signature of 65 bytes; of a shorter one they are nothing.
func parts(signature vouchers.Signature) (v uint8, r, s common.Hash) {
	if len(signature) != vouchers.PlainLength {
		return 0, r, s
	}
	return signature[64], common.Hash(signature[:32]), common.Hash(signature[32:64])
}

func bigOf(v uint64) *big.Int { return new(big.Int).SetUint64(v) }

// Aggregate is the call of Multicall3 that makes others, in one transaction and in their
// order. One that may not fail undoes all of them if it does.
func Aggregate(calls []Call) Call {
	rows := make([]abigen.IMulticall3Call3, len(calls))
	for i, c := range calls {
		rows[i] = abigen.IMulticall3Call3{Target: c.To, AllowFailure: c.MayFail, CallData: c.Data}
	}
	return Call{To: abigen.Multicall3Address, Data: abigen.NewMulticall3().PackAggregate3(rows)}
}
