package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// consentWord is isValidSignature's selector, and what it returns for yes (ERC-1271).
var consentWord = []byte{0x16, 0x26, 0xba, 0x7e}

var consentArguments = abi.Arguments{{Type: mustType("bytes32")}, {Type: mustType("bytes")}}

// consentCall asks a contract whether it has signed.
func consentCall(of common.Address, digest common.Hash, signature vouchers.Signature) (Call, error) {
	arguments, err := consentArguments.Pack(digest, []byte(signature))
	if err != nil {
		return Call{}, fmt.Errorf("ask %s for its signature: %w", of, err)
	}
	return Call{To: of, Data: append(bytes.Clone(consentWord), arguments...), MayFail: true}, nil
}

// consentGas is what a contract is let use to say yes when it has not within what it may
// cost: enough to tell one that is too dear from one that has not signed.
const consentGas = 10_000_000

// consented asks the payer's contract, which may have to be deployed for it, whether it has
// signed. A key has been asked already.
func (t Transfer) consented(ctx context.Context, client *chain.Client, s Simulation, account Account) error {
	if account == ByKey {
		return nil
	}
	calls, err := t.consentCalls(s.Token, account)
	if err != nil {
		return err
	}
	yes, err := t.consents(ctx, client, calls, account.MaxGas())
	if yes || err != nil {
		return err
	}
	yes, err = t.consents(ctx, client, calls, consentGas)
	switch {
	case err != nil:
		return err
	case yes:
		return fmt.Errorf("%w: the contract %s says yes for more than %d units", ErrGas, t.From, account.MaxGas())
	}
	return fmt.Errorf("%w: the contract %s does not say yes", t.either(ErrSignature, ErrPermit2Signature), t.From)
}

// consentCalls ask the payer's contract, after they have deployed it if they must.
func (t Transfer) consentCalls(token funding.Token, account Account) ([]Call, error) {
	signature, deployment, err := t.inner(account)
	if err != nil {
		return nil, err
	}
	ask, err := consentCall(t.From, t.Digest(token), signature)
	if err != nil {
		return nil, err
	}
	return append(deployment, ask), nil
}

// consents makes the calls by Multicall3, where no call can take the others with it, and
// tells whether the last one says yes. A chain without Multicall3 cannot tell: yes.
func (t Transfer) consents(ctx context.Context, client *chain.Client, calls []Call, gas uint64) (bool, error) {
	call := Aggregate(calls)
	raw, err := client.CallContract(ctx, ethereum.CallMsg{To: &call.To, Data: call.Data, Gas: gas}, nil)
	switch {
	case chain.IsRevert(err), errors.Is(err, chain.ErrGasCap):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("ask %s for its signature: %w", t.From, err)
	case len(raw) == 0:
		return true, nil
	}
	results, err := abigen.NewMulticall3().UnpackAggregate3(raw)
	if err != nil || len(results) != len(calls) {
		return false, fmt.Errorf("%w: of %d calls it answers %d: %v", chain.ErrWrongAnswer, len(calls), len(results), err)
	}
	answer := results[len(results)-1]
	if answer.Success && len(answer.ReturnData) == 0 {
		return false, fmt.Errorf("%w: there is nothing at %s after what came with the signature", ErrUndeployed, t.From)
	}
	return answer.Success && saysYes(answer.ReturnData), nil
}

// saysYes tells a contract's yes from everything else it may say.
func saysYes(answer []byte) bool {
	return len(answer) >= word && bytes.Equal(answer[:word], common.RightPadBytes(consentWord, word))
}
