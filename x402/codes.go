package x402

import "net/http"

// ErrorCode is the standard's word for why a payment was not taken: what stands in
// [PaymentRequired.Error] and in [SettlementResponse.ErrorReason]. Servers may use
// words of their own.
type ErrorCode string

// Message explains the code to people, in a sentence or two. For a code that is not
// listed here it is the code itself.
func (c ErrorCode) Message() string {
	if message, ok := messages[c]; ok {
		return message
	}
	return string(c)
}

// IsKnown reports whether the code is one of this package, and not a word of somebody else's.
func (c ErrorCode) IsKnown() bool { _, ok := messages[c]; return ok }

// HTTPStatus is the status of an answer that refuses a payment with the code: 412 where the payer
// must approve Permit2 first (x402 v2, scheme exact), and 402 else.
func (c ErrorCode) HTTPStatus() int {
	if c == ErrTransferPermit2AllowanceRequired {
		return http.StatusPreconditionFailed
	}
	return http.StatusPaymentRequired
}

// Codes that every scheme shares (x402 v2, error handling).
const (
	ErrPaymentRequired        ErrorCode = "payment_required"
	ErrPayload                ErrorCode = "invalid_payload"
	ErrX402Version            ErrorCode = "invalid_x402_version"
	ErrInvalidScheme          ErrorCode = "invalid_scheme"
	ErrUnsupportedScheme      ErrorCode = "unsupported_scheme"
	ErrInvalidNetwork         ErrorCode = "invalid_network"
	ErrPaymentRequirements    ErrorCode = "invalid_payment_requirements"
	ErrInsufficientFunds      ErrorCode = "insufficient_funds"
	ErrTransactionState       ErrorCode = "invalid_transaction_state"
	ErrDuplicateSettlement    ErrorCode = "duplicate_settlement"
	ErrUnexpectedVerify       ErrorCode = "unexpected_verify_error"
	ErrUnexpectedSettle       ErrorCode = "unexpected_settle_error"
	ErrUnsupportedPayloadType ErrorCode = "unsupported_payload_type"
	ErrAssetNotContract       ErrorCode = "asset_not_deployed_contract"
	ErrFactoryNotAllowed      ErrorCode = "eip6492_factory_not_allowed"
	ErrWalletDeploymentFailed ErrorCode = "smart_wallet_deployment_failed"
	ErrSettlementPending      ErrorCode = "settlement_pending"
)

// Codes of the batch-settlement scheme on EVM chains.
const (
	ErrChannelNotFound               ErrorCode = "invalid_batch_settlement_evm_channel_not_found"
	ErrTokenMismatch                 ErrorCode = "invalid_batch_settlement_evm_token_mismatch"
	ErrVoucherSignature              ErrorCode = "invalid_batch_settlement_evm_voucher_signature"
	ErrCumulativeExceedsBalance      ErrorCode = "invalid_batch_settlement_evm_cumulative_exceeds_balance"
	ErrCumulativeBelowClaimed        ErrorCode = "invalid_batch_settlement_evm_cumulative_below_claimed"
	ErrCumulativeAmountMismatch      ErrorCode = "invalid_batch_settlement_evm_cumulative_amount_mismatch"
	ErrChargeExceedsSignedCumulative ErrorCode = "invalid_batch_settlement_evm_charge_exceeds_signed_cumulative"
	ErrInsufficientBalance           ErrorCode = "invalid_batch_settlement_evm_insufficient_balance"
	ErrChannelIDMismatch             ErrorCode = "invalid_batch_settlement_evm_channel_id_mismatch"
	ErrChannelIDInvalid              ErrorCode = "invalid_batch_settlement_evm_channel_id_invalid"
	ErrMissingChannel                ErrorCode = "invalid_batch_settlement_evm_missing_channel"
	ErrChannelBusy                   ErrorCode = "invalid_batch_settlement_evm_channel_busy"
	ErrReceiverMismatch              ErrorCode = "invalid_batch_settlement_evm_receiver_mismatch"
	ErrReceiverAuthorizerMismatch    ErrorCode = "invalid_batch_settlement_evm_receiver_authorizer_mismatch"
	ErrAuthorizerAddressMismatch     ErrorCode = "invalid_batch_settlement_evm_authorizer_address_mismatch"
	ErrAuthorizerNotConfigured       ErrorCode = "invalid_batch_settlement_evm_authorizer_not_configured"
	ErrWithdrawDelayMismatch         ErrorCode = "invalid_batch_settlement_evm_withdraw_delay_mismatch"
	ErrWithdrawDelayOutOfRange       ErrorCode = "invalid_batch_settlement_evm_withdraw_delay_out_of_range"
	ErrPayloadType                   ErrorCode = "invalid_batch_settlement_evm_payload_type"
	ErrScheme                        ErrorCode = "invalid_batch_settlement_evm_scheme"
	ErrNetworkMismatch               ErrorCode = "invalid_batch_settlement_evm_network_mismatch"
	ErrMissingEIP712Domain           ErrorCode = "invalid_batch_settlement_evm_missing_eip712_domain"
	ErrValidBefore                   ErrorCode = "invalid_batch_settlement_evm_payload_authorization_valid_before"
	ErrValidAfter                    ErrorCode = "invalid_batch_settlement_evm_payload_authorization_valid_after"
	ErrReceiveAuthorizationSignature ErrorCode = "invalid_batch_settlement_evm_receive_authorization_signature"
	ErrErc3009AuthorizationRequired  ErrorCode = "invalid_batch_settlement_evm_erc3009_authorization_required"
	ErrErc20ApprovalUnavailable      ErrorCode = "invalid_batch_settlement_evm_erc20_approval_unavailable"
	ErrEIP2612AmountMismatch         ErrorCode = "invalid_batch_settlement_evm_eip2612_amount_mismatch"
	ErrEIP2612AssetMismatch          ErrorCode = "invalid_batch_settlement_evm_eip2612_asset_mismatch"
	ErrEIP2612DeadlineExpired        ErrorCode = "invalid_batch_settlement_evm_eip2612_deadline_expired"
	ErrEIP2612OwnerMismatch          ErrorCode = "invalid_batch_settlement_evm_eip2612_owner_mismatch"
	ErrEIP2612SpenderMismatch        ErrorCode = "invalid_batch_settlement_evm_eip2612_spender_mismatch"
	ErrEIP6492FactoryNotAllowed      ErrorCode = "invalid_batch_settlement_evm_eip6492_factory_not_allowed"
	ErrSmartWalletDeploymentFailed   ErrorCode = "invalid_batch_settlement_evm_smart_wallet_deployment_failed"
	ErrPermit2AuthorizationRequired  ErrorCode = "invalid_batch_settlement_evm_permit2_authorization_required"
	ErrPermit2InvalidSpender         ErrorCode = "invalid_batch_settlement_evm_permit2_invalid_spender"
	ErrPermit2AmountMismatch         ErrorCode = "invalid_batch_settlement_evm_permit2_amount_mismatch"
	ErrPermit2DeadlineExpired        ErrorCode = "invalid_batch_settlement_evm_permit2_deadline_expired"
	ErrPermit2InvalidSignature       ErrorCode = "invalid_batch_settlement_evm_permit2_invalid_signature"
	ErrPermit2AllowanceRequired      ErrorCode = "invalid_batch_settlement_evm_permit2_allowance_required"
	ErrDepositBelowMinDeposit        ErrorCode = "invalid_batch_settlement_evm_deposit_below_min_deposit"
	ErrDepositSimulationFailed       ErrorCode = "invalid_batch_settlement_evm_deposit_simulation_failed"
	ErrDepositTransactionFailed      ErrorCode = "invalid_batch_settlement_evm_deposit_transaction_failed"
	ErrClaimSimulationFailed         ErrorCode = "invalid_batch_settlement_evm_claim_simulation_failed"
	ErrClaimTransactionFailed        ErrorCode = "invalid_batch_settlement_evm_claim_transaction_failed"
	ErrSettleSimulationFailed        ErrorCode = "invalid_batch_settlement_evm_settle_simulation_failed"
	ErrSettleTransactionFailed       ErrorCode = "invalid_batch_settlement_evm_settle_transaction_failed"
	ErrNothingToSettle               ErrorCode = "invalid_batch_settlement_evm_nothing_to_settle"
	ErrRefundPayload                 ErrorCode = "invalid_batch_settlement_evm_refund_payload"
	ErrRefundNoBalance               ErrorCode = "invalid_batch_settlement_evm_refund_no_balance"
	ErrRefundAmountInvalid           ErrorCode = "invalid_batch_settlement_evm_refund_amount_invalid"
	ErrRefundSimulationFailed        ErrorCode = "invalid_batch_settlement_evm_refund_simulation_failed"
	ErrRefundTransactionFailed       ErrorCode = "invalid_batch_settlement_evm_refund_transaction_failed"
	ErrRPCReadFailed                 ErrorCode = "invalid_batch_settlement_evm_rpc_read_failed"
	ErrVerificationStateUnavailable  ErrorCode = "invalid_batch_settlement_evm_verification_state_unavailable"
)

// Codes of the scheme exact on EVM chains, by EIP-3009. ErrExactAuthorizationValue is version 1's word for
// ErrExactValueMismatch.
const (
	ErrExactScheme                ErrorCode = "invalid_exact_evm_scheme"
	ErrExactNetworkMismatch       ErrorCode = "invalid_exact_evm_network_mismatch"
	ErrExactMissingEIP712Domain   ErrorCode = "invalid_exact_evm_missing_eip712_domain"
	ErrExactRecipientMismatch     ErrorCode = "invalid_exact_evm_recipient_mismatch"
	ErrExactSignature             ErrorCode = "invalid_exact_evm_signature"
	ErrExactSignatureForm         ErrorCode = "invalid_exact_evm_failed_to_parse_signature"
	ErrExactValidBefore           ErrorCode = "invalid_exact_evm_payload_authorization_valid_before"
	ErrExactValidAfter            ErrorCode = "invalid_exact_evm_payload_authorization_valid_after"
	ErrExactAuthorizationValue    ErrorCode = "invalid_exact_evm_authorization_value"
	ErrExactValueMismatch         ErrorCode = "invalid_exact_evm_payload_authorization_value_mismatch"
	ErrExactNonceUsed             ErrorCode = "invalid_exact_evm_nonce_already_used"
	ErrExactInsufficientBalance   ErrorCode = "invalid_exact_evm_insufficient_balance"
	ErrExactTokenNameMismatch     ErrorCode = "invalid_exact_evm_token_name_mismatch"
	ErrExactTokenVersionMismatch  ErrorCode = "invalid_exact_evm_token_version_mismatch"
	ErrExactEIP3009NotSupported   ErrorCode = "invalid_exact_evm_eip3009_not_supported"
	ErrExactSimulationFailed      ErrorCode = "invalid_exact_evm_transaction_simulation_failed"
	ErrExactTransactionFailed     ErrorCode = "invalid_exact_evm_transaction_failed"
	ErrExactTransferEventMismatch ErrorCode = "invalid_exact_evm_transfer_event_mismatch"
)

// Codes of payments of exact and upto by Permit2.
const (
	ErrTransferPermit2Spender              ErrorCode = "invalid_permit2_spender"
	ErrTransferPermit2Signature            ErrorCode = "invalid_permit2_signature"
	ErrTransferPermit2RecipientMismatch    ErrorCode = "invalid_permit2_recipient_mismatch"
	ErrTransferPermit2DeadlineExpired      ErrorCode = "permit2_deadline_expired"
	ErrTransferPermit2NotYetValid          ErrorCode = "permit2_not_yet_valid"
	ErrTransferPermit2AmountMismatch       ErrorCode = "permit2_amount_mismatch"
	ErrTransferPermit2TokenMismatch        ErrorCode = "permit2_token_mismatch"
	ErrTransferPermit2AllowanceRequired    ErrorCode = "permit2_allowance_required"
	ErrTransferPermit2InsufficientBalance  ErrorCode = "permit2_insufficient_balance"
	ErrTransferPermit2SimulationFailed     ErrorCode = "permit2_simulation_failed"
	ErrTransferPermit2ProxyNotDeployed     ErrorCode = "permit2_proxy_not_deployed"
	ErrTransferPermit2InvalidAmount        ErrorCode = "permit2_invalid_amount"
	ErrTransferPermit2InvalidDestination   ErrorCode = "permit2_invalid_destination"
	ErrTransferPermit2InvalidOwner         ErrorCode = "permit2_invalid_owner"
	ErrTransferPermit2PaymentTooEarly      ErrorCode = "permit2_payment_too_early"
	ErrTransferPermit2InvalidNonce         ErrorCode = "permit2_invalid_nonce"
	ErrTransferPermit2PermitAmountMismatch ErrorCode = "permit2_2612_amount_mismatch"
)

// Codes of the scheme upto on EVM chains.
const (
	ErrUptoScheme                  ErrorCode = "invalid_upto_evm_scheme"
	ErrUptoNetworkMismatch         ErrorCode = "invalid_upto_evm_network_mismatch"
	ErrUptoExceedsAmount           ErrorCode = "invalid_upto_evm_payload_settlement_exceeds_amount"
	ErrUptoTransactionFailed       ErrorCode = "invalid_upto_evm_transaction_failed"
	ErrUptoAmountExceedsPermitted  ErrorCode = "upto_amount_exceeds_permitted"
	ErrUptoFacilitatorMismatch     ErrorCode = "upto_facilitator_mismatch"
	ErrUptoUnauthorizedFacilitator ErrorCode = "upto_unauthorized_facilitator"
)

// Codes of the token permit that comes with a payment of exact or upto by Permit2 (extension
// eip2612GasSponsoring).
const (
	ErrTokenPermitFormat            ErrorCode = "invalid_eip2612_extension_format"
	ErrTokenPermitFromMismatch      ErrorCode = "eip2612_from_mismatch"
	ErrTokenPermitAssetMismatch     ErrorCode = "eip2612_asset_mismatch"
	ErrTokenPermitSpenderNotPermit2 ErrorCode = "eip2612_spender_not_permit2"
	ErrTokenPermitDeadlineExpired   ErrorCode = "eip2612_deadline_expired"
)

var messages = map[ErrorCode]string{
	ErrPaymentRequired:                     "This costs money. Pay with one of the ways in accepts.",
	ErrPayload:                             "The payment cannot be read.",
	ErrX402Version:                         "The payment speaks another version of x402.",
	ErrInvalidScheme:                       "The scheme is not valid.",
	ErrUnsupportedScheme:                   "The scheme is not supported.",
	ErrInvalidNetwork:                      "The network is not supported.",
	ErrPaymentRequirements:                 "The payment's terms are not valid.",
	ErrInsufficientFunds:                   "The payer has not enough money.",
	ErrTransactionState:                    "The transaction failed, or was rejected.",
	ErrDuplicateSettlement:                 "The payment was already settled.",
	ErrUnexpectedVerify:                    "The payment could not be checked. Try again.",
	ErrUnexpectedSettle:                    "The payment could not be settled. Try again.",
	ErrChannelNotFound:                     "There is no such channel, or it holds nothing. Make a deposit first.",
	ErrTokenMismatch:                       "The channel or the deposit is in another token than the one asked for.",
	ErrVoucherSignature:                    "The voucher is not signed by the channel's voucher signer.",
	ErrCumulativeExceedsBalance:            "The voucher is for more than the channel holds. Deposit more.",
	ErrCumulativeBelowClaimed:              "The voucher is for less than what was already claimed. Sign over the channel state in this answer.",
	ErrCumulativeAmountMismatch:            "The voucher is not for what was charged so far plus the price. Sign over the channel state in this answer.",
	ErrChargeExceedsSignedCumulative:       "The charge is more than the voucher allows.",
	ErrInsufficientBalance:                 "There is not enough money for this payment. Deposit more.",
	ErrChannelIDMismatch:                   "The channel id is not the one of this channel config.",
	ErrChannelIDInvalid:                    "The channel id is not 0x and 64 hex digits.",
	ErrMissingChannel:                      "The server has no record of the channel.",
	ErrChannelBusy:                         "The channel is busy with another payment. Try again.",
	ErrReceiverMismatch:                    "The channel pays another receiver.",
	ErrReceiverAuthorizerMismatch:          "The channel has another receiver authorizer than the one asked for.",
	ErrAuthorizerAddressMismatch:           "The receiver authorizer's key is not the channel's.",
	ErrAuthorizerNotConfigured:             "No receiver authorizer is set up.",
	ErrWithdrawDelayMismatch:               "The channel has another withdraw delay than the one asked for.",
	ErrWithdrawDelayOutOfRange:             "The withdraw delay is not within 15 minutes and 30 days.",
	ErrPayloadType:                         "The payload is of a type that is not taken here.",
	ErrScheme:                              "The payment is of another scheme.",
	ErrNetworkMismatch:                     "The payment is on another network.",
	ErrMissingEIP712Domain:                 "The terms do not name the token's EIP-712 domain.",
	ErrValidBefore:                         "The deposit's authorization has expired, or is about to.",
	ErrValidAfter:                          "The deposit's authorization is not valid yet.",
	ErrReceiveAuthorizationSignature:       "The deposit's authorization is not signed by the payer.",
	ErrErc3009AuthorizationRequired:        "The deposit needs an EIP-3009 authorization.",
	ErrErc20ApprovalUnavailable:            "The approval of Permit2 that came with the deposit cannot be used.",
	ErrEIP2612AmountMismatch:               "The token permit is for another amount.",
	ErrEIP2612AssetMismatch:                "The token permit is for another token.",
	ErrEIP2612DeadlineExpired:              "The token permit has expired.",
	ErrEIP2612OwnerMismatch:                "The token permit is another owner's.",
	ErrEIP2612SpenderMismatch:              "The token permit is for another spender than Permit2.",
	ErrEIP6492FactoryNotAllowed:            "The wallet's factory is not one that may be called.",
	ErrSmartWalletDeploymentFailed:         "The payer's smart wallet could not be deployed.",
	ErrPermit2AuthorizationRequired:        "The deposit needs a Permit2 authorization.",
	ErrPermit2InvalidSpender:               "The Permit2 authorization is for another spender than the collector.",
	ErrPermit2AmountMismatch:               "The Permit2 authorization is for another amount than the deposit.",
	ErrPermit2DeadlineExpired:              "The Permit2 authorization has expired.",
	ErrPermit2InvalidSignature:             "The Permit2 authorization is not signed by the payer.",
	ErrPermit2AllowanceRequired:            "The payer has not approved Permit2 for the token.",
	ErrDepositBelowMinDeposit:              "The deposit is below the least that is taken.",
	ErrDepositSimulationFailed:             "The deposit would fail on chain.",
	ErrDepositTransactionFailed:            "The deposit's transaction failed.",
	ErrClaimSimulationFailed:               "The claim would fail on chain.",
	ErrClaimTransactionFailed:              "The claim's transaction failed.",
	ErrSettleSimulationFailed:              "The settlement would fail on chain.",
	ErrSettleTransactionFailed:             "The settlement's transaction failed.",
	ErrNothingToSettle:                     "There is nothing to settle.",
	ErrRefundPayload:                       "The refund is not complete.",
	ErrRefundNoBalance:                     "There is nothing left to refund.",
	ErrRefundAmountInvalid:                 "The refund is for nothing, or for more than what is left.",
	ErrRefundSimulationFailed:              "The refund would fail on chain.",
	ErrRefundTransactionFailed:             "The refund's transaction failed.",
	ErrRPCReadFailed:                       "The chain could not be read. Try again.",
	ErrVerificationStateUnavailable:        "The payment cannot be checked right now. Try again.",
	ErrUnsupportedPayloadType:              "The payload is of a kind that the scheme does not have.",
	ErrAssetNotContract:                    "The token is no contract on this network.",
	ErrFactoryNotAllowed:                   "The factory of the payer's smart wallet is not one that may be called.",
	ErrWalletDeploymentFailed:              "The payer's smart wallet could not be deployed.",
	ErrSettlementPending:                   "The transaction was sent, and what became of it is not known yet. Ask again with the same payment.",
	ErrExactScheme:                         "The payment is not by the scheme exact.",
	ErrExactNetworkMismatch:                "The payment is on another network.",
	ErrExactMissingEIP712Domain:            "The terms do not name the token's EIP-712 domain.",
	ErrExactRecipientMismatch:              "The transfer is to another payee than the one asked for.",
	ErrExactSignature:                      "The transfer is not signed by the payer.",
	ErrExactSignatureForm:                  "The signature cannot be read.",
	ErrExactValidBefore:                    "The transfer's authorization has expired, or is about to.",
	ErrExactValidAfter:                     "The transfer's authorization is not valid yet.",
	ErrExactAuthorizationValue:             "The transfer is not of the amount asked for.",
	ErrExactValueMismatch:                  "The transfer is not of the amount asked for.",
	ErrExactNonceUsed:                      "The authorization was used before, or was cancelled. Sign another one.",
	ErrExactInsufficientBalance:            "The payer has not enough of the token.",
	ErrExactTokenNameMismatch:              "The token has another name than the terms say.",
	ErrExactTokenVersionMismatch:           "The token has another version than the terms say.",
	ErrExactEIP3009NotSupported:            "The token takes no signed transfers (EIP-3009).",
	ErrExactSimulationFailed:               "The transfer would fail on chain.",
	ErrExactTransactionFailed:              "The transfer's transaction failed.",
	ErrExactTransferEventMismatch:          "The transaction did not move what was signed.",
	ErrTransferPermit2Spender:              "The permit is for another spender than the scheme's proxy.",
	ErrTransferPermit2Signature:            "The permit is not signed by the payer.",
	ErrTransferPermit2RecipientMismatch:    "The permit is for another payee than the one asked for.",
	ErrTransferPermit2DeadlineExpired:      "The permit has expired, or is about to.",
	ErrTransferPermit2NotYetValid:          "The permit is not valid yet.",
	ErrTransferPermit2AmountMismatch:       "The permit is not for the amount asked for.",
	ErrTransferPermit2TokenMismatch:        "The permit is for another token than the one asked for.",
	ErrTransferPermit2AllowanceRequired:    "The payer has not approved Permit2 for the token. Approve it, or send a token permit with the payment.",
	ErrTransferPermit2InsufficientBalance:  "The payer has not enough of the token.",
	ErrTransferPermit2SimulationFailed:     "The transfer by Permit2 would fail on chain.",
	ErrTransferPermit2ProxyNotDeployed:     "The scheme's proxy of Permit2 is not on this network.",
	ErrTransferPermit2InvalidAmount:        "The proxy refuses the amount.",
	ErrTransferPermit2InvalidDestination:   "The proxy refuses the payee.",
	ErrTransferPermit2InvalidOwner:         "The proxy refuses the owner.",
	ErrTransferPermit2PaymentTooEarly:      "The proxy says that the permit is not valid yet.",
	ErrTransferPermit2InvalidNonce:         "The permit's nonce was used before. Sign another one.",
	ErrTransferPermit2PermitAmountMismatch: "The token permit is for another amount than the transfer.",
	ErrUptoScheme:                          "The payment is not by the scheme upto.",
	ErrUptoNetworkMismatch:                 "The payment is on another network.",
	ErrUptoExceedsAmount:                   "The charge is more than the payer has permitted.",
	ErrUptoTransactionFailed:               "The transfer's transaction failed.",
	ErrUptoAmountExceedsPermitted:          "The proxy says that the charge is more than the payer has permitted.",
	ErrUptoFacilitatorMismatch:             "The permit is for another sender than the one asked for.",
	ErrUptoUnauthorizedFacilitator:         "The proxy says that the permit is for another sender.",
	ErrTokenPermitFormat:                   "The token permit cannot be read.",
	ErrTokenPermitFromMismatch:             "The token permit is another owner's.",
	ErrTokenPermitAssetMismatch:            "The token permit is for another token.",
	ErrTokenPermitSpenderNotPermit2:        "The token permit is for another spender than Permit2.",
	ErrTokenPermitDeadlineExpired:          "The token permit has expired, or is about to.",
}
