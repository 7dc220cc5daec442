package transfer

import "errors"

// What a transfer by [EIP3009] is refused with. The standard's word stands behind each.
var (
	// ErrSignatureForm says that a signature cannot be read (invalid_exact_evm_failed_to_parse_signature).
	ErrSignatureForm = errors.New("the signature cannot be read")
	// ErrSignature says that the payer has not signed this (invalid_exact_evm_signature).
	ErrSignature = errors.New("not signed by the payer")
	// ErrUndeployed says that the payer's contract is not deployed, and not by what came with
	// the signature (invalid_exact_evm_payload_undeployed_smart_wallet).
	ErrUndeployed = errors.New("the payer's contract is not deployed")
	// ErrValue says that the amount is none (invalid_exact_evm_authorization_value).
	ErrValue = errors.New("the amount cannot be paid")
	// ErrNotYetValid says that validAfter is to come (invalid_exact_evm_payload_authorization_valid_after).
	ErrNotYetValid = errors.New("the authorization is not valid yet")
	// ErrExpired says that validBefore is too near or past (invalid_exact_evm_payload_authorization_valid_before).
	ErrExpired = errors.New("the authorization leaves too little time")
	// ErrNonceUsed says that the authorization is used up or cancelled (invalid_exact_evm_nonce_already_used).
	ErrNonceUsed = errors.New("the authorization's nonce is used")
	// ErrBalance says that the payer has less than the amount (invalid_exact_evm_insufficient_balance).
	ErrBalance = errors.New("the payer has too little")
	// ErrNoEIP3009 says that the token moves by no authorization (invalid_exact_evm_eip3009_not_supported).
	ErrNoEIP3009 = errors.New("the token does not know EIP-3009")
	// ErrSimulation says that the chain would not take it, for another reason than the ones
	// that have a name (invalid_exact_evm_transaction_simulation_failed).
	ErrSimulation = errors.New("the chain does not take the transfer")
)

// What a transfer by [Permit2] or [Upto] is refused with.
var (
	// ErrPermit2Spender says that the permit is for another contract than the method's proxy (invalid_permit2_spender).
	ErrPermit2Spender = errors.New("the permit is for another spender")
	// ErrPermit2Signature says that the payer has not signed this (invalid_permit2_signature).
	ErrPermit2Signature = errors.New("the permit is not signed by the payer")
	// ErrPermit2Value says that the amount is none (permit2_invalid_amount).
	ErrPermit2Value = errors.New("the permitted amount cannot be paid")
	// ErrPermit2NotYetValid says that the witness's validAfter is to come (permit2_not_yet_valid).
	ErrPermit2NotYetValid = errors.New("the permit is not valid yet")
	// ErrPermit2Expired says that the deadline is too near or past (permit2_deadline_expired).
	ErrPermit2Expired = errors.New("the permit leaves too little time")
	// ErrPermit2Nonce says that the nonce is used (permit2_invalid_nonce).
	ErrPermit2Nonce = errors.New("the permit's nonce is used")
	// ErrPermit2Balance says that the payer has less than the amount (permit2_insufficient_balance).
	ErrPermit2Balance = errors.New("the payer has less than it permits")
	// ErrPermit2Allowance says that the payer lets Permit2 move less than the amount (permit2_allowance_required).
	ErrPermit2Allowance = errors.New("the payer must approve Permit2 for the token first")
	// ErrPermit2Proxy says that the chain has no proxy, or no Permit2 (permit2_proxy_not_deployed).
	ErrPermit2Proxy = errors.New("the proxy of Permit2 is not deployed")
	// ErrPermit2Simulation is [ErrSimulation] of a permit (permit2_simulation_failed).
	ErrPermit2Simulation = errors.New("the chain does not take the permit")
	// ErrUptoAmount says that more is to move than the payer permits (invalid_upto_evm_payload_settlement_exceeds_amount).
	ErrUptoAmount = errors.New("more than the payer permits")
	// ErrUptoFacilitator says that the payer has named another sender (upto_facilitator_mismatch).
	ErrUptoFacilitator = errors.New("the payer names another facilitator")
	// ErrPermit says that the EIP-2612 permit is not the payer's, or that the token does not take it
	// (invalid_eip2612_extension_format).
	ErrPermit = errors.New("the token's permit is not good")
	// ErrPermitExpired says that the EIP-2612 permit's deadline is too near or past (eip2612_deadline_expired).
	ErrPermitExpired = errors.New("the token's permit leaves too little time")
)

// What any transfer is refused with.
var (
	// ErrMethod says that the method is none of this package (unsupported_payload_type).
	ErrMethod = errors.New("unknown way to move tokens")
	// ErrNetwork says that it is for another chain (invalid_exact_evm_network_mismatch).
	ErrNetwork = errors.New("the transfer is for another chain")
	// ErrToken says that it moves another token (permit2_token_mismatch).
	ErrToken = errors.New("the transfer is of another token")
	// ErrGas says that it takes more gas than an account of its kind may cost. The standard
	// has no word of its own for it: it is a simulation that failed.
	ErrGas = errors.New("the transfer takes too much gas")
)
