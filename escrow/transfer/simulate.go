package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// Simulation is how a transfer would be settled.
type Simulation struct {
	// Token is what moves.
	Token funding.Token
	// Sender sends the transaction. With [Upto] it must be the transfer's facilitator.
	Sender common.Address
	// Amount is what is to move, in atomic units: the transfer's Value, or with [Upto] 1 up
	// to that.
	Amount vouchers.Amount
}

// Settlement is what the chain says of a transfer that it would take.
type Settlement struct {
	// Account is who answers for the signature, now that the chain was asked.
	Account Account
	// Calls settle the transfer ([Transfer.Calls]).
	Calls []Call
	// Gas is what a transaction with these calls alone needs, in gas units; at most what
	// [Account.MaxGas] says.
	Gas uint64
}

// CheckOnChain asks the chain whether it takes a transfer that [Transfer.Check] has let
// pass, by doing it without a transaction: the very calls, from who will send them, within
// the gas that an account of its kind may cost. What a refusal is for is looked for after
// that: a nonce that is used, too little money, no approval of Permit2, a window of time by
// the chain's clock, or a contract of the payer's that says no. An error that wraps no
// sentinel of this package says that the chain could not be asked.
//
// A contract of the payer's ([Account.RunsCode]) may do another thing when the transaction
// is mined, for all the gas that it gives: no more than MaxGas should be its to use, and
// nobody else's transfer should stand behind it.
func (t Transfer) CheckOnChain(ctx context.Context, client *chain.Client, s Simulation) (Settlement, error) {
	if t.ChainID != client.ChainID() {
		return Settlement{}, fmt.Errorf("%w: %d, this is %s", ErrNetwork, t.ChainID, client.Network())
	}
	if t.Method == Upto && s.Sender != t.Facilitator {
		return Settlement{}, fmt.Errorf("%w: %s, not %s", ErrUptoFacilitator, t.Facilitator, s.Sender)
	}
	account, err := t.signer(s.Token)
	if err != nil {
		return Settlement{}, err
	}
	if account, err = t.accountOnChain(ctx, client, account); err != nil {
		return Settlement{}, err
	}
	calls, err := t.Calls(account, s.Amount)
	if err != nil {
		return Settlement{}, err
	}
	one := single(calls)
	gas, err := client.EstimateGas(ctx, ethereum.CallMsg{From: s.Sender, To: &one.To, Data: one.Data, Gas: account.MaxGas()})
	if err != nil {
		return Settlement{}, t.explain(ctx, client, s, account, err)
	}
	if gas > account.MaxGas() {
		return Settlement{}, fmt.Errorf("%w: %d units, %s may cost %d", ErrGas, gas, account, account.MaxGas())
	}
	return Settlement{Account: account, Calls: calls, Gas: gas}, nil
}

// single is one call that makes all of them.
func single(calls []Call) Call {
	if len(calls) == 1 {
		return calls[0]
	}
	return Aggregate(calls)
}

// accountOnChain is the payer's account, with what its code says of it. It refuses a permit
// where the chain has no proxy for it: a call of no contract would seem to be good.
func (t Transfer) accountOnChain(ctx context.Context, client *chain.Client, account Account) (Account, error) {
	var payer []byte
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		payer, err = client.Code(asking, t.From)
		return err
	})
	if t.Method != EIP3009 {
		group.Go(func() error {
			proxy, err := client.Code(asking, t.Method.Proxy())
			if err == nil && len(proxy) == 0 {
				err = fmt.Errorf("%w on %s at %s", ErrPermit2Proxy, client.Network(), t.Method.Proxy())
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	switch {
	case len(payer) > 0 && account == ByKey:
		return ByDelegate, nil
	case len(payer) > 0:
		return ByContract, nil
	case account == ByContract:
		return 0, fmt.Errorf("%w: %s, which has no contract", t.either(ErrSignature, ErrPermit2Signature), t.From)
	case account == ByUndeployed && t.Method == Upto: // the proxy must be called by the facilitator, not by Multicall3
		return 0, fmt.Errorf("%w: %s must be before it can pay up to an amount", ErrUndeployed, t.From)
	}
	return account, nil
}

// explain is why the chain refuses a transfer. What cannot be known is an error of the chain's.
func (t Transfer) explain(ctx context.Context, client *chain.Client, s Simulation, account Account, refusal error) error {
	if !chain.IsRevert(refusal) && !errors.Is(refusal, chain.ErrGasCap) {
		return fmt.Errorf("simulate the transfer of %s: %w", s.Amount, refusal)
	}
	for _, reason := range []func() error{
		func() error { return t.unused(ctx, client) },
		func() error { return t.affordable(ctx, client, s) },
		func() error { return t.timely(ctx, client) },
		func() error { return t.consented(ctx, client, s, account) },
	} {
		if err := reason(); err != nil {
			return err
		}
	}
	if errors.Is(refusal, chain.ErrGasCap) {
		return fmt.Errorf("%w: %s may cost %d units: %w", ErrGas, account, account.MaxGas(), refusal)
	}
	return fmt.Errorf("%w: %w", t.either(ErrSimulation, ErrPermit2Simulation), refusal)
}

func (t Transfer) unused(ctx context.Context, client *chain.Client) error {
	used, err := t.Used(ctx, client, nil)
	if err == nil && used {
		err = fmt.Errorf("%w: %s of %s", t.either(ErrNonceUsed, ErrPermit2Nonce), t.Nonce, t.From)
	}
	return err
}

// affordable tells whether the payer has the amount, and lets Permit2 move it.
func (t Transfer) affordable(ctx context.Context, client *chain.Client, s Simulation) error {
	balance, err := s.Token.Balance(ctx, client, t.From)
	if err != nil {
		return err
	}
	if balance < s.Amount {
		return fmt.Errorf("%w: it has %s of %s", t.either(ErrBalance, ErrPermit2Balance), balance, s.Amount)
	}
	if t.Method == EIP3009 {
		return nil
	}
	allowance, err := s.Token.Permit2Allowance(ctx, client, t.From)
	switch {
	case err != nil:
		return err
	case allowance.Cmp(s.Amount.Big()) >= 0:
		return nil
	case t.Permit == nil:
		return fmt.Errorf("%w: it allows %s atomic units of %d", ErrPermit2Allowance, allowance, uint64(s.Amount))
	}
	return t.permitted(ctx, client)
}

// permitted asks the token whether it takes the EIP-2612 permit.
func (t Transfer) permitted(ctx context.Context, client *chain.Client) error {
	call := t.permitCall()
	_, err := client.CallContract(ctx, ethereum.CallMsg{To: &call.To, Data: call.Data, Gas: ContractGas}, nil)
	if chain.IsRevert(err) || errors.Is(err, chain.ErrGasCap) {
		return fmt.Errorf("%w: %w", ErrPermit, err)
	}
	return err
}

// timely holds the window against the chain's clock.
func (t Transfer) timely(ctx context.Context, client *chain.Client) error {
	head, err := client.Header(ctx, nil)
	if err != nil {
		return err
	}
	return t.checkTime(head.Time, 0)
}
