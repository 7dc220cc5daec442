package transfers

import (
	"errors"

	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
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

// CodeOf is x402's word for why a transfer is not taken, and false for an error that does not say so:
// what becomes of the transfer is not known then, or something else than the transfer is in the way.
func CodeOf(err error) (x402.ErrorCode, bool) {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code, true
		}
	}
	return "", false
}

// RecipientMismatch is the code for a transfer that pays somebody else than the terms.
func RecipientMismatch(m transfer.Method) x402.ErrorCode {
	if m == transfer.EIP3009 {
		return x402.ErrExactRecipientMismatch
	}
	return x402.ErrTransferPermit2RecipientMismatch
}

// AmountMismatch is the code for a transfer over another amount than the terms.
func AmountMismatch(m transfer.Method) x402.ErrorCode {
	if m == transfer.EIP3009 {
		return x402.ErrExactValueMismatch
	}
	return x402.ErrTransferPermit2AmountMismatch
}

// NonceUsed is the code for a transfer whose nonce went to something else.
func NonceUsed(m transfer.Method) x402.ErrorCode {
	if m == transfer.EIP3009 {
		return x402.ErrExactNonceUsed
	}
	return x402.ErrTransferPermit2InvalidNonce
}

// TransactionFailed is the code for a transfer that cannot be paid any more.
func TransactionFailed(m transfer.Method) x402.ErrorCode {
	if m == transfer.Upto {
		return x402.ErrUptoTransactionFailed
	}
	return x402.ErrExactTransactionFailed
}
