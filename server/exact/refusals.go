package exact

import (
	"errors"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// codes gives x402's word for each reason why a transfer is not taken.
var codes = []struct {
	err  error
	code x402.ErrorCode
}{
	{transfer.ErrSignatureForm, x402.ErrExactSignatureForm},
	{transfer.ErrSignature, x402.ErrExactSignature},
	{transfer.ErrUndeployed, x402.ErrExactSignature},
	{transfer.ErrValue, x402.ErrExactAuthorizationValue},
	{transfer.ErrNotYetValid, x402.ErrExactValidAfter},
	{transfer.ErrExpired, x402.ErrExactValidBefore},
	{transfer.ErrNonceUsed, x402.ErrExactNonceUsed},
	{transfer.ErrBalance, x402.ErrExactInsufficientBalance},
	{transfer.ErrNoEIP3009, x402.ErrExactEIP3009NotSupported},
	{transfer.ErrSimulation, x402.ErrExactSimulationFailed},
	{transfer.ErrPermit2Spender, x402.ErrTransferPermit2Spender},
	{transfer.ErrPermit2Signature, x402.ErrTransferPermit2Signature},
	{transfer.ErrPermit2Value, x402.ErrTransferPermit2InvalidAmount},
	{transfer.ErrPermit2NotYetValid, x402.ErrTransferPermit2NotYetValid},
	{transfer.ErrPermit2Expired, x402.ErrTransferPermit2DeadlineExpired},
	{transfer.ErrPermit2Nonce, x402.ErrTransferPermit2InvalidNonce},
	{transfer.ErrPermit2Balance, x402.ErrTransferPermit2InsufficientBalance},
	{transfer.ErrPermit2Allowance, x402.ErrTransferPermit2AllowanceRequired},
	{transfer.ErrPermit2Proxy, x402.ErrTransferPermit2ProxyNotDeployed},
	{transfer.ErrPermit2Simulation, x402.ErrTransferPermit2SimulationFailed},
	{transfer.ErrUptoAmount, x402.ErrUptoExceedsAmount},
	{transfer.ErrUptoFacilitator, x402.ErrUptoFacilitatorMismatch},
	{transfer.ErrPermit, x402.ErrTokenPermitFormat},
	{transfer.ErrPermitExpired, x402.ErrTokenPermitDeadlineExpired},
	{transfer.ErrNetwork, x402.ErrExactNetworkMismatch},
	{transfer.ErrToken, x402.ErrTransferPermit2TokenMismatch},
	{transfer.ErrGas, x402.ErrExactSimulationFailed},
	{clearing.ErrConflict, x402.ErrExactNonceUsed},
	{clearing.ErrPayment, x402.ErrExactValidBefore},
	{clearing.ErrRejected, x402.ErrExactSimulationFailed},
}

// isRefusal reports whether an error says why a transfer is not taken, and not only that it is
// not known what becomes of it.
func isRefusal(err error) bool {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return true
		}
	}
	return errors.Is(err, clearing.ErrNoGas) || errors.Is(err, clearing.ErrBusy)
}

// refusal puts an error in x402's words. What is not known to be the payment's fault is none
// of it.
func refusal(err error) *terms.Refusal {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return terms.Refuse(c.code, "%v", err)
		}
	}
	if refused := terms.FromLedger(err); errors.Is(err, vouchers.ErrStoreFailed) || errors.Is(err, vouchers.ErrStoreFull) || errors.Is(err, vouchers.ErrStoreClosed) {
		return refused
	}
	if errors.Is(err, clearing.ErrNoGas) || errors.Is(err, chain.ErrFunds) {
		return terms.Refuse(x402.ErrUnexpectedVerify, "the seller cannot settle transfers now, since its account cannot pay for gas; nothing of yours was moved: try again later")
	}
	return terms.Refuse(x402.ErrUnexpectedVerify, "%v; nothing is known to have moved: send the same payment again", err)
}
