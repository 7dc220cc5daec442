// Code generated via abigen V2 - DO NOT EDIT.
// This file is a generated binding and any manual changes will be lost.

package abigen

import (
	"bytes"
	"errors"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Reference imports to suppress errors if they are not otherwise used.
var (
	_ = bytes.Equal
	_ = errors.New
	_ = big.NewInt
	_ = common.Big1
	_ = types.BloomLookup
	_ = abi.ConvertType
)

// ChannelConfig is an auto generated low-level Go binding around an user-defined struct.
type ChannelConfig struct {
	Payer              common.Address
	PayerAuthorizer    common.Address
	Receiver           common.Address
	ReceiverAuthorizer common.Address
	Token              common.Address
	WithdrawDelay      *big.Int
	Salt               [32]byte
}

// Voucher is an auto generated low-level Go binding around an user-defined struct.
type Voucher struct {
	Channel            ChannelConfig
	MaxClaimableAmount *big.Int
}

// VoucherClaim is an auto generated low-level Go binding around an user-defined struct.
type VoucherClaim struct {
	Voucher      Voucher
	Signature    []byte
	TotalClaimed *big.Int
}

// EscrowMetaData contains all meta data concerning the Escrow contract.
var EscrowMetaData = bind.MetaData{
	ABI: "[{\"type\":\"function\",\"name\":\"CHANNEL_CONFIG_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"CLAIM_BATCH_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"CLAIM_ENTRY_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"COMPACT_CLAIM_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"MAX_WITHDRAW_DELAY\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint40\",\"internalType\":\"uint40\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"MIN_WITHDRAW_DELAY\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"uint40\",\"internalType\":\"uint40\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"REFUND_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"VOUCHER_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"channels\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"balance\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"totalClaimed\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"claim\",\"inputs\":[{\"name\":\"voucherClaims\",\"type\":\"tuple[]\",\"internalType\":\"structVoucherClaim[]\",\"components\":[{\"name\":\"voucher\",\"type\":\"tuple\",\"internalType\":\"structVoucher\",\"components\":[{\"name\":\"channel\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"maxClaimableAmount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"totalClaimed\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"claimCompact\",\"inputs\":[{\"name\":\"batch\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"claimed\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"skipped\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"claimCompactWithSignature\",\"inputs\":[{\"name\":\"batch\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"authorizerSignature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"claimed\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"skipped\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"claimWithSignature\",\"inputs\":[{\"name\":\"voucherClaims\",\"type\":\"tuple[]\",\"internalType\":\"structVoucherClaim[]\",\"components\":[{\"name\":\"voucher\",\"type\":\"tuple\",\"internalType\":\"structVoucher\",\"components\":[{\"name\":\"channel\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"maxClaimableAmount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"totalClaimed\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]},{\"name\":\"authorizerSignature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"deposit\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"collector\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"collectorData\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"eip712Domain\",\"inputs\":[],\"outputs\":[{\"name\":\"fields\",\"type\":\"bytes1\",\"internalType\":\"bytes1\"},{\"name\":\"name\",\"type\":\"string\",\"internalType\":\"string\"},{\"name\":\"version\",\"type\":\"string\",\"internalType\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"verifyingContract\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"extensions\",\"type\":\"uint256[]\",\"internalType\":\"uint256[]\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"finalizeWithdraw\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"getChannelId\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"getClaimBatchDigest\",\"inputs\":[{\"name\":\"voucherClaims\",\"type\":\"tuple[]\",\"internalType\":\"structVoucherClaim[]\",\"components\":[{\"name\":\"voucher\",\"type\":\"tuple\",\"internalType\":\"structVoucher\",\"components\":[{\"name\":\"channel\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"maxClaimableAmount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"},{\"name\":\"totalClaimed\",\"type\":\"uint128\",\"internalType\":\"uint128\"}]}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"getCompactClaimDigest\",\"inputs\":[{\"name\":\"batch\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"getRefundDigest\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"getVoucherDigest\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"maxClaimableAmount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"initiateWithdraw\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"multicall\",\"inputs\":[{\"name\":\"data\",\"type\":\"bytes[]\",\"internalType\":\"bytes[]\"}],\"outputs\":[{\"name\":\"results\",\"type\":\"bytes[]\",\"internalType\":\"bytes[]\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"pendingWithdrawals\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"initiatedAt\",\"type\":\"uint40\",\"internalType\":\"uint40\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"receivers\",\"inputs\":[{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[{\"name\":\"totalClaimed\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"totalSettled\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"refund\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"refundNonce\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"outputs\":[{\"name\":\"\",\"type\":\"uint256\",\"internalType\":\"uint256\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"refundWithSignature\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"receiverAuthorizerSignature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"settle\",\"inputs\":[{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"supportsInterface\",\"inputs\":[{\"name\":\"interfaceId\",\"type\":\"bytes4\",\"internalType\":\"bytes4\"}],\"outputs\":[{\"name\":\"\",\"type\":\"bool\",\"internalType\":\"bool\"}],\"stateMutability\":\"pure\"},{\"type\":\"event\",\"name\":\"ChannelClosed\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"config\",\"type\":\"tuple\",\"indexed\":false,\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"ChannelCreated\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"config\",\"type\":\"tuple\",\"indexed\":false,\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"ClaimSkipped\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"index\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"},{\"name\":\"reason\",\"type\":\"uint8\",\"indexed\":false,\"internalType\":\"enumICompactClaim.SkipReason\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Claimed\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"claimAmount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"},{\"name\":\"newTotalClaimed\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"CompactClaimed\",\"inputs\":[{\"name\":\"receiver\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":false,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"},{\"name\":\"claimed\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"},{\"name\":\"skipped\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Deposited\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"},{\"name\":\"newBalance\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Refunded\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Settled\",\"inputs\":[{\"name\":\"receiver\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"WithdrawFinalized\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"sender\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"WithdrawInitiated\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"indexed\":true,\"internalType\":\"bytes32\"},{\"name\":\"amount\",\"type\":\"uint128\",\"indexed\":false,\"internalType\":\"uint128\"},{\"name\":\"finalizeAfter\",\"type\":\"uint40\",\"indexed\":false,\"internalType\":\"uint40\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"AddressEmptyCode\",\"inputs\":[{\"name\":\"target\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"ClaimExceedsBalance\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ClaimExceedsCeiling\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"DepositCollectionFailed\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"DepositOverflow\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"EmptyBatch\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"FailedCall\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidChannel\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidCollector\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidRefundNonce\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidSignature\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"MalformedHeader\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"MalformedRow\",\"inputs\":[{\"name\":\"index\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"NotAuthorizedToClaim\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NotAuthorizedToFinalizeWithdraw\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NotAuthorizedToRefund\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NotReceiverAuthorizer\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NothingClaimed\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"NothingToWithdraw\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ReentrancyGuardReentrantCall\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"SafeCastOverflowedUintDowncast\",\"inputs\":[{\"name\":\"bits\",\"type\":\"uint8\",\"internalType\":\"uint8\"},{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"SafeERC20FailedOperation\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"SignatureGasUnavailable\",\"inputs\":[{\"name\":\"index\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"gasLimit\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"type\":\"error\",\"name\":\"WithdrawAmountExceedsAvailable\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"WithdrawDelayNotElapsed\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"WithdrawDelayOutOfRange\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"WithdrawalAlreadyPending\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"WithdrawalNotPending\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ZeroDeposit\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ZeroRefund\",\"inputs\":[]}]",
	ID:  "Escrow",
	Bin: "0x60808060405234601557613f78908161001a8239f35b5f80fdfe6080806040526004361015610012575f80fd5b5f905f3560e01c90816301ffc9a71461203457508063140f1e751461189d5780631e69ef40146118445780631fc3277d1461180857806321ff63891461175257806329237b0c146115e4578063488ccc3b146115815780634d1ded311461148e57806353ab0fae146114355780635e5e0b87146113f75780635f21f5e2146113945780636937ae9f1461133b5780637a7ebd7b146112d457806384b0196e14611185578063862bb199146111225780638e4a68ac146110c957806394739e87146110705780639db32a8f1461101f578063ac9650d814610e1e578063ae15943914610de3578063b5b17abd14610c89578063b77433e914610b7c578063b7f06ebe14610b04578063ba94ec0d14610aab578063cf5cf3dc146107dc578063dce4bfae146106d5578063e25cf18914610667578063e43ce1f21461046e578063e88377b1146101b25763f0dc792e14610168575f80fd5b346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760406020916004358152600283522054604051908152f35b80fd5b50346101af5760e07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af576101ea612618565b6101f2613b47565b156104465761020761020261268c565b6134ef565b80825260016020526040822064ffffffffff6040519161022683612305565b546fffffffffffffffffffffffffffffffff8116835260801c1660208201908082521561041e5764ffffffffff61026e91511664ffffffffff6102676125ca565b16906125de565b42106103f6576fffffffffffffffffffffffffffffffff6102b79183855260016020528460408120558385526002602052604085206102ad81546125eb565b9055511682613bff565b906fffffffffffffffffffffffffffffffff604051921691828152817f546ce1e2242cd930c196bd08b894443562d709b4fffe4f028a75a6d233efc6e360203393a3808352826020526fffffffffffffffffffffffffffffffff60408420541615806103e0575b6103a8575b5080610351575b50807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b6084359073ffffffffffffffffffffffffffffffffffffffff8216918281036103a4575060043573ffffffffffffffffffffffffffffffffffffffff811681036103a45761039e92613cf4565b5f61032a565b8380fd5b7f8d5942f197f362dfd44dfdc1b0b7a9721c9151b67f55817c83349271d3c08d3760e06040516103d98160046123ff565ba25f610323565b5080835282602052604083205460801c1561031e565b6004837ff3965827000000000000000000000000000000000000000000000000000000008152fd5b6004847f3a0a1ca6000000000000000000000000000000000000000000000000000000008152fd5b807f15f969d50000000000000000000000000000000000000000000000000000000060049252fd5b50346101af5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760043567ffffffffffffffff8111610663576104be9036906004016121d5565b9060243567ffffffffffffffff81116103a4576104df9036906004016121a7565b9290916104ea612618565b811561063b576104f861268c565b938135907ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec18336030182121561063757610539606061054b938501016122e4565b94610545858589612a1e565b86613850565b1561060f5773ffffffffffffffffffffffffffffffffffffffff859316925b8281106105985785807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b8373ffffffffffffffffffffffffffffffffffffffff6105c460606105be8588886124e0565b016122e4565b16036105e757806105e16105db60019386866124e0565b87612741565b0161056a565b6004867ff5e2237d000000000000000000000000000000000000000000000000000000008152fd5b6004857f8baa579f000000000000000000000000000000000000000000000000000000008152fd5b8680fd5b6004857fc2e5347d000000000000000000000000000000000000000000000000000000008152fd5b5080fd5b50346101af5760607ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af57604435906fffffffffffffffffffffffffffffffff821682036101af5760206106cd836024356004356106c861268c565b613b9e565b604051908152f35b50346101af577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360161010081126106635760e0136101af57610716612121565b61071e612618565b60443573ffffffffffffffffffffffffffffffffffffffff8116908181036103a45750331480156107b1575b15610789576107639061075e61020261268c565b613917565b807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b6004827f7864f008000000000000000000000000000000000000000000000000000000008152fd5b5060643573ffffffffffffffffffffffffffffffffffffffff8116908181036103a45750331461074a565b50346101af577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360161010081126106635760e0136101af5761081d612121565b610825612618565b61082d613b47565b15610a83576fffffffffffffffffffffffffffffffff8116908115610a5b5761085761020261268c565b9182845260016020526040842064ffffffffff815460801c16151580610a34575b610a0c57838552846020526fffffffffffffffffffffffffffffffff6108a86040872054828160801c9116612249565b1682116109e4576108b842613cae565b917fffffffffffffffffffffffffffffffff0000000000000000000000000000000082541617815580547fffffffffffffffffffffff0000000000ffffffffffffffffffffffffffffffff74ffffffffff000000000000000000000000000000008460801b16911617905564ffffffffff806109326125ca565b169116019064ffffffffff82116109b757604080516fffffffffffffffffffffffffffffffff92909216825264ffffffffff9290921660208201527fe4280d0d903c7f258f62b07c62f262377cbaa23f7791d78126e6446e0f0e3c239190a2807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b6024847f4e487b710000000000000000000000000000000000000000000000000000000081526011600452fd5b6004857f6d3d5764000000000000000000000000000000000000000000000000000000008152fd5b6004857fa2aed0f0000000000000000000000000000000000000000000000000000000008152fd5b5073ffffffffffffffffffffffffffffffffffffffff610a5261227b565b16331415610878565b6004837fd0d04f60000000000000000000000000000000000000000000000000000000008152fd5b6004827fea3a9a39000000000000000000000000000000000000000000000000000000008152fd5b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517f30b9a0367528fca13c3e8ec6134c3113f1887ebe7a1ad61de0955aac288b0cf58152f35b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af576004358152600160209081526040918290205482516fffffffffffffffffffffffffffffffff8216815260809190911c64ffffffffff169181019190915290819081015b0390f35b50346101af577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360161014081126106635760e0136101af57610bbd612121565b610104356101243567ffffffffffffffff81116103a457610be29036906004016121a7565b90610beb612618565b610bf661020261268c565b92838652600260205260408620548103610c615790610c1d85610c2a9493866106c861268c565b610c2561229e565b613850565b15610c39579061076391613917565b6004837f8baa579f000000000000000000000000000000000000000000000000000000008152fd5b6004867f164f1afe000000000000000000000000000000000000000000000000000000008152fd5b50346101af5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760043567ffffffffffffffff811161066357610cd99036906004016121a7565b919060243567ffffffffffffffff8111610ddf57610cfb9036906004016121a7565b90610d04612618565b610d0c612c11565b610d4e610d198685612c25565b92610d2261268c565b92610d2e888786613579565b73ffffffffffffffffffffffffffffffffffffffff602087015116613850565b15610db75791610b789491610d6293612d0c565b909391927f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d604051938493846040919493926fffffffffffffffffffffffffffffffff606083019616825260208201520152565b6004847f8baa579f000000000000000000000000000000000000000000000000000000008152fd5b8280fd5b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040516103848152f35b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760043567ffffffffffffffff811161066357610e6e9036906004016121d5565b906020604051610e7e828261234e565b848152818101917fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe08101368437610eb48561254d565b93610ec2604051958661234e565b8585527fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0610eef8761254d565b0182885b82811061100f57505050865b86811015610f9257600190610f7686610f708b87610f228660051b890189612565565b94909285604051968795858701378401908382019081528c519283915e01018d8152037fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0810183528261234e565b30613789565b610f8082896125b6565b52610f8b81886125b6565b5001610eff565b82888760405191838301848452825180915260408401948060408360051b870101940192955b828710610fc55785850386f35b909192938280610fff837fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc08a600196030186528851612206565b9601920196019592919092610fb8565b606082828a010152018390610ef3565b50346101af5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5761076361105a612140565b611062612163565b9061106b612618565b61367d565b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517f1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a698152f35b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517f1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db3088152f35b50346101af5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af57602435906fffffffffffffffffffffffffffffffff821682036101af5760206106cd8360043561118061268c565b613621565b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760405161127991602091906111c9838361234e565b8082525f3681376040926112868451946111e3818761234e565b601586527f7834303220426174636820536574746c656d656e740000000000000000000000838701528051611218828261234e565b600181527f31000000000000000000000000000000000000000000000000000000000000008482015281519788977f0f00000000000000000000000000000000000000000000000000000000000000895260e0868a015260e0890190612206565b9187830390880152612206565b904660608601523060808601528260a086015284820360c08601528080855193848152019401925b8281106112bd57505050500390f35b8351855286955093810193928101926001016112ae565b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af57600435815260208181526040918290205482516fffffffffffffffffffffffffffffffff8216815260809190911c91810191909152f35b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517fbe6761d3aedce3cf99ae495340609f3846488e2921dfc8edd8420ca4ce98a7718152f35b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af576004359067ffffffffffffffff82116101af5760206106cd6113e936600486016121a7565b906113f261268c565b613579565b50346101af5760e07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af575060206106cd61020261268c565b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517f42bd57c010b870c2e96203c66341f28a6a19b4d56a74533a8eb5f706b9fd6d578152f35b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760043567ffffffffffffffff8111610663576114de9036906004016121a7565b91906114e8612618565b6114f0612c11565b6114fa8382612c25565b73ffffffffffffffffffffffffffffffffffffffff8151163314158061155d575b6115355792610d6291610b789461153061268c565b612d0c565b6004837fdefb7069000000000000000000000000000000000000000000000000000000008152fd5b5073ffffffffffffffffffffffffffffffffffffffff60208201511633141561151b565b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af576004359067ffffffffffffffff82116101af5760206106cd6115d636600486016121d5565b906115df61268c565b612a1e565b50346101af5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760043567ffffffffffffffff8111610663576116349036906004016121d5565b9061163d612618565b811561172a5761164b61268c565b91835b81811061167c5784807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b6116878183856124e0565b73ffffffffffffffffffffffffffffffffffffffff6116a8604083016122e4565b1633149081156116fe575b50156116d657806116d06116ca60019385876124e0565b86612741565b0161164e565b6004857fdefb7069000000000000000000000000000000000000000000000000000000008152fd5b73ffffffffffffffffffffffffffffffffffffffff9150606061172191016122e4565b1633145f6116b3565b6004837fc2e5347d000000000000000000000000000000000000000000000000000000008152fd5b50346101af5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5773ffffffffffffffffffffffffffffffffffffffff60406117a1612140565b92826117ab612163565b9416815260036020522091165f52602052610b7860405f205460405191816fffffffffffffffffffffffffffffffff849360801c9116839092916fffffffffffffffffffffffffffffffff60209181604085019616845216910152565b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af57602060405162278d008152f35b50346101af57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126101af5760206040517fbe23ad087435072cd69b49cc5b92de10ee610fce7ae0ab428307972d764bb2168152f35b5034611e46577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36016101408112611e465760e013611e46576118de612121565b6101043573ffffffffffffffffffffffffffffffffffffffff8116808203611e46576101243567ffffffffffffffff8111611e46576119219036906004016121a7565b611929612618565b73ffffffffffffffffffffffffffffffffffffffff61194661227b565b1615801561200a575b8015611fe5575b8015611fc0575b611f985761038464ffffffffff6119726125ca565b16108015611f7e575b611f565761198842613cae565b506fffffffffffffffffffffffffffffffff8516938415611f2e573b15611f06576119b461020261268c565b93845f525f60205260405f20926fffffffffffffffffffffffffffffffff84541694856fffffffffffffffffffffffffffffffff036fffffffffffffffffffffffffffffffff8111611ed9576fffffffffffffffffffffffffffffffff168311611eb157602493602073ffffffffffffffffffffffffffffffffffffffff611a3a6122c1565b16604051968780927f70a082310000000000000000000000000000000000000000000000000000000082523060048301525afa948515611e72575f95611e7d575b50611a8461227b565b91611a8d6122c1565b91813b15611e46575f8094611b0973ffffffffffffffffffffffffffffffffffffffff9788948e6040519a8b998a9889977fe416d8d30000000000000000000000000000000000000000000000000000000089521660048801521660248601528b6044860152606485015260a0608485015260a484019161238f565b03925af18015611e7257611e5d575b506024602073ffffffffffffffffffffffffffffffffffffffff611b3a6122c1565b16604051928380927f70a082310000000000000000000000000000000000000000000000000000000082523060048301525afa908115611e52578891611e1c575b50828110928315611dd8575b505050611db05783906fffffffffffffffffffffffffffffffff611bab83856123cd565b167fffffffffffffffffffffffffffffffff0000000000000000000000000000000082541617815582159081611da3575b50611c66575b611c10611c3d917f6c2a09353b5e75e70d0b9778b80a413809bb235d46c211811c474b3346791d89936123cd565b604080516fffffffffffffffffffffffffffffffff96871681529590911660208601523394918291820190565b0390a3807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b506040519060043573ffffffffffffffffffffffffffffffffffffffff8116809103611d9f57825260243573ffffffffffffffffffffffffffffffffffffffff8116809103611d9f57602083015260443573ffffffffffffffffffffffffffffffffffffffff8116809103611d9f57604083015260643573ffffffffffffffffffffffffffffffffffffffff8116809103611d9f57606083015260843573ffffffffffffffffffffffffffffffffffffffff8116809103611d9f57608083015260a43564ffffffffff8116809103611d9f5784611c3d92857f69d8248d5566bdb2ebc4d218970710d8378a2ff9b709a999e052b71970f808fa60e087611c109660a07f6c2a09353b5e75e70d0b9778b80a413809bb235d46c211811c474b3346791d899a015260c43560c0820152a29350915050611be2565b8580fd5b90505460801c155f611bdc565b6004857feb43592c000000000000000000000000000000000000000000000000000000008152fd5b909192508103908111611def5714155f8080611b87565b6024877f4e487b710000000000000000000000000000000000000000000000000000000081526011600452fd5b90506020813d602011611e4a575b81611e376020938361234e565b81010312611e4657515f611b7b565b5f80fd5b3d9150611e2a565b6040513d8a823e3d90fd5b611e6a9197505f9061234e565b5f955f611b18565b6040513d5f823e3d90fd5b9094506020813d602011611ea9575b81611e996020938361234e565b81010312611e465751935f611a7b565b3d9150611e8c565b7f1132981b000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52601160045260245ffd5b7f18b1afd4000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f56316e87000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f4574fab6000000000000000000000000000000000000000000000000000000005f5260045ffd5b5062278d0064ffffffffff611f916125ca565b161161197b565b7fea3a9a39000000000000000000000000000000000000000000000000000000005f5260045ffd5b5073ffffffffffffffffffffffffffffffffffffffff611fde6122c1565b161561195d565b5073ffffffffffffffffffffffffffffffffffffffff61200361229e565b1615611956565b5060443573ffffffffffffffffffffffffffffffffffffffff811690818103611e4657501561194f565b34611e465760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360112611e4657600435907fffffffff000000000000000000000000000000000000000000000000000000008216809203611e4657817f01ffc9a700000000000000000000000000000000000000000000000000000000602093149081156120f7575b81156120cd575b5015158152f35b7fa78d626e00000000000000000000000000000000000000000000000000000000915014836120c6565b7f66e4e8e000000000000000000000000000000000000000000000000000000000811491506120bf565b60e435906fffffffffffffffffffffffffffffffff82168203611e4657565b6004359073ffffffffffffffffffffffffffffffffffffffff82168203611e4657565b6024359073ffffffffffffffffffffffffffffffffffffffff82168203611e4657565b359073ffffffffffffffffffffffffffffffffffffffff82168203611e4657565b9181601f84011215611e465782359167ffffffffffffffff8311611e465760208381860195010111611e4657565b9181601f84011215611e465782359167ffffffffffffffff8311611e46576020808501948460051b010111611e4657565b907fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f602080948051918291828752018686015e5f8582860101520116010190565b906fffffffffffffffffffffffffffffffff809116911603906fffffffffffffffffffffffffffffffff8211611ed957565b60043573ffffffffffffffffffffffffffffffffffffffff81168103611e465790565b60643573ffffffffffffffffffffffffffffffffffffffff81168103611e465790565b60843573ffffffffffffffffffffffffffffffffffffffff81168103611e465790565b3573ffffffffffffffffffffffffffffffffffffffff81168103611e465790565b6040810190811067ffffffffffffffff82111761232157604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff82111761232157604052565b601f82602094937fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe093818652868601375f8582860101520116010190565b906fffffffffffffffffffffffffffffffff809116911601906fffffffffffffffffffffffffffffffff8211611ed957565b73ffffffffffffffffffffffffffffffffffffffff61241d82612186565b16825273ffffffffffffffffffffffffffffffffffffffff61244160208301612186565b16602083015273ffffffffffffffffffffffffffffffffffffffff61246860408301612186565b16604083015273ffffffffffffffffffffffffffffffffffffffff61248f60608301612186565b16606083015273ffffffffffffffffffffffffffffffffffffffff6124b660808301612186565b16608083015260a081013564ffffffffff8116809103611e465760a083015260c090810135910152565b91908110156125205760051b810135907ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec181360301821215611e46570190565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52603260045260245ffd5b67ffffffffffffffff81116123215760051b60200190565b9035907fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe181360301821215611e46570180359067ffffffffffffffff8211611e4657602001918136038313611e4657565b80518210156125205760209160051b010190565b60a43564ffffffffff81168103611e465790565b91908201809211611ed957565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8114611ed95760010190565b7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005c6126645760017f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d565b7f3ee5aeb5000000000000000000000000000000000000000000000000000000005f5260045ffd5b60405160208101907f8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f82527fe03c502b9066cc6f23a8f0f48ed32cb7d506f9f0a2d0055449f256846a770e9a60408201527fc89efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc660608201524660808201523060a082015260a0815261271e60c08261234e565b51902090565b356fffffffffffffffffffffffffffffffff81168103611e465790565b9061274c818361353d565b90815f525f60205260405f20908154918260801c9261276e6101208401612724565b956fffffffffffffffffffffffffffffffff871685811115612a145760e08501926fffffffffffffffffffffffffffffffff6127a985612724565b1682116129ec576fffffffffffffffffffffffffffffffff16106129c457856127d46127da93612724565b91613621565b602083019073ffffffffffffffffffffffffffffffffffffffff6127fd836122e4565b1661299d576128269150612810846122e4565b61281e610100860186612565565b929091613850565b156129755780546fffffffffffffffffffffffffffffffff16608086901b7fffffffffffffffffffffffffffffffff00000000000000000000000000000000161790557f36bd546bb573e8921fdbfd934bbed62d872796b01792cd240cce27f79dd3eddd9161297091612943919061289e8288612249565b9073ffffffffffffffffffffffffffffffffffffffff6128c0604083016122e4565b165f52600360205273ffffffffffffffffffffffffffffffffffffffff6128ed608060405f2093016122e4565b165f526020526fffffffffffffffffffffffffffffffff61291560405f2092828454166123cd565b167fffffffffffffffffffffffffffffffff0000000000000000000000000000000082541617905585612249565b604080516fffffffffffffffffffffffffffffffff92831681529590911660208601523394918291820190565b0390a3565b7f8baa579f000000000000000000000000000000000000000000000000000000005f5260045ffd5b6129a96129bf926122e4565b6129b7610100860186612565565b929091613df5565b612826565b7f7d8242b6000000000000000000000000000000000000000000000000000000005f5260045ffd5b7ff1789775000000000000000000000000000000000000000000000000000000005f5260045ffd5b5050505050505050565b90929192612a2b8461254d565b90612a39604051928361234e565b848252612a458561254d565b947fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe06020840196013687375f5b818110612b6157505050604051602081018092519095905f5b818110612b4b57505050612aca81612b489596037fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0810183528261234e565b51902060405160208101917f42bd57c010b870c2e96203c66341f28a6a19b4d56a74533a8eb5f706b9fd6d578352604082015260408152612b0c60608261234e565b51902090604291604051917f19010000000000000000000000000000000000000000000000000000000000008352600283015260228201522090565b90565b8251885260209788019790920191600101612a8b565b80612b78612b7260019385876124e0565b8761353d565b612b8e60e0612b888487896124e0565b01612724565b6fffffffffffffffffffffffffffffffff612bb0610120612b8886898b6124e0565b816040519360208501957f30b9a0367528fca13c3e8ec6134c3113f1887ebe7a1ad61de0955aac288b0cf58752604086015216606084015216608082015260808152612bfd60a08261234e565b519020612c0a82876125b6565b5201612a72565b608060405103612c2357610300604052565bfe5b91906040519260a0840184811067ffffffffffffffff821117612321576040525f845260208401915f8352604085015f815260608601935f855260808701965f88528097604285108015612cf8575b612cd0578415612520576001863560f81c14905283601511611e4657600185013560601c905260298310611e4657601584013560601c9052603d8210611e4657602983013560601c9052604211611e4657603d013560d81c9052565b7f34ea3f6e000000000000000000000000000000000000000000000000000000005f5260045ffd5b508415612520576001863560f81c11612c74565b9293905f935f935f907f1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db3086080525f60a052835160e052602084019788516101005260408501938451610120526060860151610140527f1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a696101805261190161026052610280525f6102e052604282019101905b818110612ff45703612f9557809480968115612f3f576fffffffffffffffffffffffffffffffff8111612f0f576fffffffffffffffffffffffffffffffff169773ffffffffffffffffffffffffffffffffffffffff8551165f52600360205260405f2073ffffffffffffffffffffffffffffffffffffffff80865116165f5260205260405f206fffffffffffffffffffffffffffffffff612e428b828454166123cd565b167fffffffffffffffffffffffffffffffff000000000000000000000000000000008254161790557f773eeaf449cae6e6f64acf98c8a1d67eb30499e8099d7ac58c84b75c529d7c6f608073ffffffffffffffffffffffffffffffffffffffff808851169351169373ffffffffffffffffffffffffffffffffffffffff87511695604051913383528d602084015260408301526060820152a46080820151612ee8575050565b73ffffffffffffffffffffffffffffffffffffffff80612f0d9351169151169061367d565b565b7f6dfcc650000000000000000000000000000000000000000000000000000000005f52608060045260245260445ffd5b8215612f6d577fa335edb8000000000000000000000000000000000000000000000000000000005f5260045ffd5b7fc2e5347d000000000000000000000000000000000000000000000000000000005f5260045ffd5b612f9f90856125de565b7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8101908111611ed9577f19ab4e6a000000000000000000000000000000000000000000000000000000005f5260045260245ffd5b959686355f1a600881101561336057600188013560601c8060a05260c0525f6101605260158801357ff8f0e8e0d8d0c080000000000000000000000000000000000000000000000000821a1c9788907f0102030405060810000000000000000000000000000000000000000000000000831a016055601582019101995b6101006080206102a052604261027e20806102c05260406102c020928354956fffffffffffffffffffffffffffffffff8716938760801c978588118289111789891111156132f857508f8b91856101a0526101c0526060610180206102a052604261027e20926030808216145f1461326d5750906130ee916125de565b60a0519083359061317b8260e81c9561314f60405194859260208401987f1626ba7e000000000000000000000000000000000000000000000000000000008a526024850152604060448501526005606485019260d81c61ffff16910161238f565b037fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0810184528361234e565b5a613189603f8704876125de565b906127108201809211611ed9571061323d575091602093915f935192fa7f1626ba7e000000000000000000000000000000000000000000000000000000005f5114601f3d1116165b156131eb5750608083901b17905503019660010195612d9e565b93505050507fe7b47db8b2e20fea6a91fd41fda6b85f5d3e262f0c2fae787fede0b97b355e58604061322b613224879c9b959c976125eb565b968b6125de565b815190815260036020820152a2612d9e565b84907fa1267100000000000000000000000000000000000000000000000000000000005f5260045260245260445ffd5b90506020915083827f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0949501357f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8116956101e05260ff1c601b016102005235610220528361024052816101e060808160015afa5060011b1660a001519111906101e05114116131d1565b94509050613347929650604094507fe7b47db8b2e20fea6a91fd41fda6b85f5d3e262f0c2fae787fede0b97b355e589591506133418f9e989f9a61333b816125eb565b9b6125de565b93613e93565b825191825261335581613dbe565b6020820152a2612d9e565b60018801600160a05199608084165f146134d9575050881515985b5f60308416918290815f146134d157506010146134ba575b60c0525f60408416613474575b6101605260078316997ff8f0e8e0d8d0c0800000000000000000000000000000000000000000000000007f01020304050608100000000000000000000000000000000000000000000000008c1a9b1a918b8435841c94019b849360088716613464575b5050603060408d019114613450575b029990918a61307157613425878d6125de565b7f19ab4e6a000000000000000000000000000000000000000000000000000000005f5260045260245ffd5b5060058b3560d81c61ffff168c0101613412565b908d019c35901c92505f80613403565b50600182355f1a9a60207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8d0110169a818401358160031b610100031c930101916133a0565b506014829a923560601c92831515169a0191613393565b915050613393565b916015919a503560601c918260a052019061337b565b612b489060405160208101907f1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db308825261352c6040820160046123ff565b6101008152612b0c6101208261234e565b612b489160405161352c60208201927f1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db308845260408301906123ff565b909167ffffffffffffffff8111612321576040516135bf601f83017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0166020018261234e565b81815260208101913681860111611e46576020815f92612b489786378301015251902060405160208101917fbe6761d3aedce3cf99ae495340609f3846488e2921dfc8edd8420ca4ce98a7718352604082015260408152612b0c60608261234e565b90612b48926fffffffffffffffffffffffffffffffff6040519160208301937f1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a698552604084015216606082015260608152612b0c60808261234e565b9073ffffffffffffffffffffffffffffffffffffffff821691825f52600360205260405f2073ffffffffffffffffffffffffffffffffffffffff83165f5260205260405f209283546fffffffffffffffffffffffffffffffff6136e68183169260801c83612249565b169384156137815761374c73ffffffffffffffffffffffffffffffffffffffff92612f0d97906fffffffffffffffffffffffffffffffff7fffffffffffffffffffffffffffffffff0000000000000000000000000000000083549260801b169116179055565b169081604051918583527f7337b4386b690fdb8ba66905b92b9d45d33bc6626ee2620c905fb150ec0cc47d60203394a4613cf4565b505050505050565b905f8091602081519101845af4808061383d575b156137bd5750506040513d81523d5f602083013e60203d82010160405290565b156138045773ffffffffffffffffffffffffffffffffffffffff907f9996b315000000000000000000000000000000000000000000000000000000005f521660045260245ffd5b3d15613815576040513d5f823e3d90fd5b7fd6bda275000000000000000000000000000000000000000000000000000000005f5260045ffd5b503d15158061379d5750813b151561379d565b9061385d84848385613df5565b92831561386d575b505050905090565b5f93507fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f86602097606494604051967f1626ba7e0000000000000000000000000000000000000000000000000000000088526004880152604060248801528160448801528587013786848287010152011601915afa7f1626ba7e000000000000000000000000000000000000000000000000000000005f5114601f3d111616805f8080613865565b906fffffffffffffffffffffffffffffffff811615613b1f5761395290825f52600260205260405f2061394a81546125eb565b905582613bff565b90604051916fffffffffffffffffffffffffffffffff811692838152827fa84286cf8ebc7903a663c77c8d99aa92b600d4c2fcca872a5d4a663db4eb394b60203393a38215613b1a57815f52600160205260405f2090604051916139b583612305565b548464ffffffffff6fffffffffffffffffffffffffffffffff83169283865260801c1691826020860152115f14613aff57506fffffffffffffffffffffffffffffffff613a03925116612249565b815f5260016020526fffffffffffffffffffffffffffffffff60405f2091167fffffffffffffffffffffffffffffffff000000000000000000000000000000008254161790555b805f525f6020526fffffffffffffffffffffffffffffffff60405f2054161580613ae9575b613ab1575b5080613a7d5750565b612f0d9073ffffffffffffffffffffffffffffffffffffffff613aa060846122e4565b16613aab60046122e4565b90613cf4565b7f8d5942f197f362dfd44dfdc1b0b7a9721c9151b67f55817c83349271d3c08d3760e0604051613ae28160046123ff565ba25f613a74565b50805f525f60205260405f205460801c15613a6f565b91505015613a4a57805f5260016020525f6040812055613a4a565b505050565b7fd758525c000000000000000000000000000000000000000000000000000000005f5260045ffd5b60043573ffffffffffffffffffffffffffffffffffffffff811690818103611e46575033148015613b755790565b5060243573ffffffffffffffffffffffffffffffffffffffff811690818103611e465750331490565b916fffffffffffffffffffffffffffffffff612b48946040519260208401947fbe23ad087435072cd69b49cc5b92de10ee610fce7ae0ab428307972d764bb21686526040850152606084015216608082015260808152612b0c60a08261234e565b9190915f525f60205260405f2091613c2e83546fffffffffffffffffffffffffffffffff8160801c9116612249565b6fffffffffffffffffffffffffffffffff81166fffffffffffffffffffffffffffffffff8316105f14613ca65750915b6fffffffffffffffffffffffffffffffff613c7c8482845416612249565b167fffffffffffffffffffffffffffffffff00000000000000000000000000000000825416179055565b905091613c5e565b64ffffffffff8111613cc45764ffffffffff1690565b7f6dfcc650000000000000000000000000000000000000000000000000000000005f52602860045260245260445ffd5b9173ffffffffffffffffffffffffffffffffffffffff604051927fa9059cbb000000000000000000000000000000000000000000000000000000005f521660045260245260205f60448180865af19060015f5114821615613d9d575b60405215613d5b5750565b73ffffffffffffffffffffffffffffffffffffffff907f5274afe7000000000000000000000000000000000000000000000000000000005f521660045260245ffd5b906001811516613db557823b15153d15161690613d50565b503d5f823e3d90fd5b60041115613dc857565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52602160045260245ffd5b9260408103613e825780602011611e4657823590604011611e46576020613e4b9301359160ff601b7f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff851694821c011690613ee9565b505b613e5681613dbe565b159182613e6257505090565b73ffffffffffffffffffffffffffffffffffffffff919250811691161490565b9091613e8d92613eb5565b50613e4d565b91909160801c811115613eaf5711613eaa57600290565b600190565b50505f90565b9060418303613edf57613ed89250602081013591604082359201355f1a90613ee9565b9192909190565b50505f9160029190565b91907f7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a08411613f6d579160209360809260ff5f9560405194855216868401526040830152606082015282805260015afa15611e72575f5173ffffffffffffffffffffffffffffffffffffffff811615613f6357905f905f90565b505f906001905f90565b5050505f916003919056",
}

// Escrow is an auto generated Go binding around an Ethereum contract.
type Escrow struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Escrow) GetABI() abi.ABI {
	return c.abi
}

// NewEscrow creates a new instance of Escrow.
func NewEscrow() *Escrow {
	parsed, err := EscrowMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Escrow{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Escrow) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackCHANNELCONFIGTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8e4a68ac.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function CHANNEL_CONFIG_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackCHANNELCONFIGTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("CHANNEL_CONFIG_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCHANNELCONFIGTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x8e4a68ac.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function CHANNEL_CONFIG_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackCHANNELCONFIGTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("CHANNEL_CONFIG_TYPEHASH")
}

// UnpackCHANNELCONFIGTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x8e4a68ac.
//
// Solidity: function CHANNEL_CONFIG_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackCHANNELCONFIGTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("CHANNEL_CONFIG_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackCLAIMBATCHTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x53ab0fae.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function CLAIM_BATCH_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackCLAIMBATCHTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("CLAIM_BATCH_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCLAIMBATCHTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x53ab0fae.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function CLAIM_BATCH_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackCLAIMBATCHTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("CLAIM_BATCH_TYPEHASH")
}

// UnpackCLAIMBATCHTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x53ab0fae.
//
// Solidity: function CLAIM_BATCH_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackCLAIMBATCHTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("CLAIM_BATCH_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackCLAIMENTRYTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xba94ec0d.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function CLAIM_ENTRY_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackCLAIMENTRYTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("CLAIM_ENTRY_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCLAIMENTRYTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xba94ec0d.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function CLAIM_ENTRY_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackCLAIMENTRYTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("CLAIM_ENTRY_TYPEHASH")
}

// UnpackCLAIMENTRYTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xba94ec0d.
//
// Solidity: function CLAIM_ENTRY_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackCLAIMENTRYTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("CLAIM_ENTRY_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackCOMPACTCLAIMTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6937ae9f.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function COMPACT_CLAIM_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackCOMPACTCLAIMTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("COMPACT_CLAIM_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCOMPACTCLAIMTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6937ae9f.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function COMPACT_CLAIM_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackCOMPACTCLAIMTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("COMPACT_CLAIM_TYPEHASH")
}

// UnpackCOMPACTCLAIMTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6937ae9f.
//
// Solidity: function COMPACT_CLAIM_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackCOMPACTCLAIMTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("COMPACT_CLAIM_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackMAXWITHDRAWDELAY is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1fc3277d.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function MAX_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) PackMAXWITHDRAWDELAY() []byte {
	enc, err := escrow.abi.Pack("MAX_WITHDRAW_DELAY")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMAXWITHDRAWDELAY is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1fc3277d.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function MAX_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) TryPackMAXWITHDRAWDELAY() ([]byte, error) {
	return escrow.abi.Pack("MAX_WITHDRAW_DELAY")
}

// UnpackMAXWITHDRAWDELAY is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x1fc3277d.
//
// Solidity: function MAX_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) UnpackMAXWITHDRAWDELAY(data []byte) (*big.Int, error) {
	out, err := escrow.abi.Unpack("MAX_WITHDRAW_DELAY", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackMINWITHDRAWDELAY is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xae159439.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function MIN_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) PackMINWITHDRAWDELAY() []byte {
	enc, err := escrow.abi.Pack("MIN_WITHDRAW_DELAY")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMINWITHDRAWDELAY is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xae159439.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function MIN_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) TryPackMINWITHDRAWDELAY() ([]byte, error) {
	return escrow.abi.Pack("MIN_WITHDRAW_DELAY")
}

// UnpackMINWITHDRAWDELAY is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xae159439.
//
// Solidity: function MIN_WITHDRAW_DELAY() view returns(uint40)
func (escrow *Escrow) UnpackMINWITHDRAWDELAY(data []byte) (*big.Int, error) {
	out, err := escrow.abi.Unpack("MIN_WITHDRAW_DELAY", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackREFUNDTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1e69ef40.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function REFUND_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackREFUNDTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("REFUND_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackREFUNDTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x1e69ef40.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function REFUND_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackREFUNDTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("REFUND_TYPEHASH")
}

// UnpackREFUNDTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x1e69ef40.
//
// Solidity: function REFUND_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackREFUNDTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("REFUND_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackVOUCHERTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x94739e87.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function VOUCHER_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) PackVOUCHERTYPEHASH() []byte {
	enc, err := escrow.abi.Pack("VOUCHER_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackVOUCHERTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x94739e87.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function VOUCHER_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) TryPackVOUCHERTYPEHASH() ([]byte, error) {
	return escrow.abi.Pack("VOUCHER_TYPEHASH")
}

// UnpackVOUCHERTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x94739e87.
//
// Solidity: function VOUCHER_TYPEHASH() view returns(bytes32)
func (escrow *Escrow) UnpackVOUCHERTYPEHASH(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("VOUCHER_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackChannels is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7a7ebd7b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function channels(bytes32 channelId) view returns(uint128 balance, uint128 totalClaimed)
func (escrow *Escrow) PackChannels(channelId [32]byte) []byte {
	enc, err := escrow.abi.Pack("channels", channelId)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackChannels is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x7a7ebd7b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function channels(bytes32 channelId) view returns(uint128 balance, uint128 totalClaimed)
func (escrow *Escrow) TryPackChannels(channelId [32]byte) ([]byte, error) {
	return escrow.abi.Pack("channels", channelId)
}

// ChannelsOutput serves as a container for the return parameters of contract
// method Channels.
type ChannelsOutput struct {
	Balance      *big.Int
	TotalClaimed *big.Int
}

// UnpackChannels is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x7a7ebd7b.
//
// Solidity: function channels(bytes32 channelId) view returns(uint128 balance, uint128 totalClaimed)
func (escrow *Escrow) UnpackChannels(data []byte) (ChannelsOutput, error) {
	out, err := escrow.abi.Unpack("channels", data)
	outstruct := new(ChannelsOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Balance = abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	outstruct.TotalClaimed = abi.ConvertType(out[1], new(big.Int)).(*big.Int)
	return *outstruct, nil
}

// PackClaim is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x29237b0c.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function claim((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims) returns()
func (escrow *Escrow) PackClaim(voucherClaims []VoucherClaim) []byte {
	enc, err := escrow.abi.Pack("claim", voucherClaims)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackClaim is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x29237b0c.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function claim((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims) returns()
func (escrow *Escrow) TryPackClaim(voucherClaims []VoucherClaim) ([]byte, error) {
	return escrow.abi.Pack("claim", voucherClaims)
}

// PackClaimCompact is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x4d1ded31.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function claimCompact(bytes batch) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) PackClaimCompact(batch []byte) []byte {
	enc, err := escrow.abi.Pack("claimCompact", batch)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackClaimCompact is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x4d1ded31.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function claimCompact(bytes batch) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) TryPackClaimCompact(batch []byte) ([]byte, error) {
	return escrow.abi.Pack("claimCompact", batch)
}

// ClaimCompactOutput serves as a container for the return parameters of contract
// method ClaimCompact.
type ClaimCompactOutput struct {
	Amount  *big.Int
	Claimed *big.Int
	Skipped *big.Int
}

// UnpackClaimCompact is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x4d1ded31.
//
// Solidity: function claimCompact(bytes batch) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) UnpackClaimCompact(data []byte) (ClaimCompactOutput, error) {
	out, err := escrow.abi.Unpack("claimCompact", data)
	outstruct := new(ClaimCompactOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Amount = abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	outstruct.Claimed = abi.ConvertType(out[1], new(big.Int)).(*big.Int)
	outstruct.Skipped = abi.ConvertType(out[2], new(big.Int)).(*big.Int)
	return *outstruct, nil
}

// PackClaimCompactWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb5b17abd.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function claimCompactWithSignature(bytes batch, bytes authorizerSignature) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) PackClaimCompactWithSignature(batch []byte, authorizerSignature []byte) []byte {
	enc, err := escrow.abi.Pack("claimCompactWithSignature", batch, authorizerSignature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackClaimCompactWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb5b17abd.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function claimCompactWithSignature(bytes batch, bytes authorizerSignature) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) TryPackClaimCompactWithSignature(batch []byte, authorizerSignature []byte) ([]byte, error) {
	return escrow.abi.Pack("claimCompactWithSignature", batch, authorizerSignature)
}

// ClaimCompactWithSignatureOutput serves as a container for the return parameters of contract
// method ClaimCompactWithSignature.
type ClaimCompactWithSignatureOutput struct {
	Amount  *big.Int
	Claimed *big.Int
	Skipped *big.Int
}

// UnpackClaimCompactWithSignature is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xb5b17abd.
//
// Solidity: function claimCompactWithSignature(bytes batch, bytes authorizerSignature) returns(uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) UnpackClaimCompactWithSignature(data []byte) (ClaimCompactWithSignatureOutput, error) {
	out, err := escrow.abi.Unpack("claimCompactWithSignature", data)
	outstruct := new(ClaimCompactWithSignatureOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Amount = abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	outstruct.Claimed = abi.ConvertType(out[1], new(big.Int)).(*big.Int)
	outstruct.Skipped = abi.ConvertType(out[2], new(big.Int)).(*big.Int)
	return *outstruct, nil
}

// PackClaimWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe43ce1f2.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function claimWithSignature((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims, bytes authorizerSignature) returns()
func (escrow *Escrow) PackClaimWithSignature(voucherClaims []VoucherClaim, authorizerSignature []byte) []byte {
	enc, err := escrow.abi.Pack("claimWithSignature", voucherClaims, authorizerSignature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackClaimWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe43ce1f2.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function claimWithSignature((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims, bytes authorizerSignature) returns()
func (escrow *Escrow) TryPackClaimWithSignature(voucherClaims []VoucherClaim, authorizerSignature []byte) ([]byte, error) {
	return escrow.abi.Pack("claimWithSignature", voucherClaims, authorizerSignature)
}

// PackDeposit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x140f1e75.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function deposit((address,address,address,address,address,uint40,bytes32) config, uint128 amount, address collector, bytes collectorData) returns()
func (escrow *Escrow) PackDeposit(config ChannelConfig, amount *big.Int, collector common.Address, collectorData []byte) []byte {
	enc, err := escrow.abi.Pack("deposit", config, amount, collector, collectorData)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDeposit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x140f1e75.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function deposit((address,address,address,address,address,uint40,bytes32) config, uint128 amount, address collector, bytes collectorData) returns()
func (escrow *Escrow) TryPackDeposit(config ChannelConfig, amount *big.Int, collector common.Address, collectorData []byte) ([]byte, error) {
	return escrow.abi.Pack("deposit", config, amount, collector, collectorData)
}

// PackEip712Domain is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x84b0196e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function eip712Domain() view returns(bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
func (escrow *Escrow) PackEip712Domain() []byte {
	enc, err := escrow.abi.Pack("eip712Domain")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackEip712Domain is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x84b0196e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function eip712Domain() view returns(bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
func (escrow *Escrow) TryPackEip712Domain() ([]byte, error) {
	return escrow.abi.Pack("eip712Domain")
}

// Eip712DomainOutput serves as a container for the return parameters of contract
// method Eip712Domain.
type Eip712DomainOutput struct {
	Fields            [1]byte
	Name              string
	Version           string
	ChainId           *big.Int
	VerifyingContract common.Address
	Salt              [32]byte
	Extensions        []*big.Int
}

// UnpackEip712Domain is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x84b0196e.
//
// Solidity: function eip712Domain() view returns(bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)
func (escrow *Escrow) UnpackEip712Domain(data []byte) (Eip712DomainOutput, error) {
	out, err := escrow.abi.Unpack("eip712Domain", data)
	outstruct := new(Eip712DomainOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Fields = *abi.ConvertType(out[0], new([1]byte)).(*[1]byte)
	outstruct.Name = *abi.ConvertType(out[1], new(string)).(*string)
	outstruct.Version = *abi.ConvertType(out[2], new(string)).(*string)
	outstruct.ChainId = abi.ConvertType(out[3], new(big.Int)).(*big.Int)
	outstruct.VerifyingContract = *abi.ConvertType(out[4], new(common.Address)).(*common.Address)
	outstruct.Salt = *abi.ConvertType(out[5], new([32]byte)).(*[32]byte)
	outstruct.Extensions = *abi.ConvertType(out[6], new([]*big.Int)).(*[]*big.Int)
	return *outstruct, nil
}

// PackFinalizeWithdraw is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe88377b1.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function finalizeWithdraw((address,address,address,address,address,uint40,bytes32) config) returns()
func (escrow *Escrow) PackFinalizeWithdraw(config ChannelConfig) []byte {
	enc, err := escrow.abi.Pack("finalizeWithdraw", config)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackFinalizeWithdraw is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe88377b1.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function finalizeWithdraw((address,address,address,address,address,uint40,bytes32) config) returns()
func (escrow *Escrow) TryPackFinalizeWithdraw(config ChannelConfig) ([]byte, error) {
	return escrow.abi.Pack("finalizeWithdraw", config)
}

// PackGetChannelId is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5e5e0b87.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getChannelId((address,address,address,address,address,uint40,bytes32) config) view returns(bytes32)
func (escrow *Escrow) PackGetChannelId(config ChannelConfig) []byte {
	enc, err := escrow.abi.Pack("getChannelId", config)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetChannelId is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5e5e0b87.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getChannelId((address,address,address,address,address,uint40,bytes32) config) view returns(bytes32)
func (escrow *Escrow) TryPackGetChannelId(config ChannelConfig) ([]byte, error) {
	return escrow.abi.Pack("getChannelId", config)
}

// UnpackGetChannelId is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5e5e0b87.
//
// Solidity: function getChannelId((address,address,address,address,address,uint40,bytes32) config) view returns(bytes32)
func (escrow *Escrow) UnpackGetChannelId(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("getChannelId", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetClaimBatchDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x488ccc3b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getClaimBatchDigest((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims) view returns(bytes32)
func (escrow *Escrow) PackGetClaimBatchDigest(voucherClaims []VoucherClaim) []byte {
	enc, err := escrow.abi.Pack("getClaimBatchDigest", voucherClaims)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetClaimBatchDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x488ccc3b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getClaimBatchDigest((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims) view returns(bytes32)
func (escrow *Escrow) TryPackGetClaimBatchDigest(voucherClaims []VoucherClaim) ([]byte, error) {
	return escrow.abi.Pack("getClaimBatchDigest", voucherClaims)
}

// UnpackGetClaimBatchDigest is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x488ccc3b.
//
// Solidity: function getClaimBatchDigest((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[] voucherClaims) view returns(bytes32)
func (escrow *Escrow) UnpackGetClaimBatchDigest(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("getClaimBatchDigest", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetCompactClaimDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5f21f5e2.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getCompactClaimDigest(bytes batch) view returns(bytes32)
func (escrow *Escrow) PackGetCompactClaimDigest(batch []byte) []byte {
	enc, err := escrow.abi.Pack("getCompactClaimDigest", batch)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetCompactClaimDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x5f21f5e2.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getCompactClaimDigest(bytes batch) view returns(bytes32)
func (escrow *Escrow) TryPackGetCompactClaimDigest(batch []byte) ([]byte, error) {
	return escrow.abi.Pack("getCompactClaimDigest", batch)
}

// UnpackGetCompactClaimDigest is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x5f21f5e2.
//
// Solidity: function getCompactClaimDigest(bytes batch) view returns(bytes32)
func (escrow *Escrow) UnpackGetCompactClaimDigest(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("getCompactClaimDigest", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetRefundDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe25cf189.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) view returns(bytes32)
func (escrow *Escrow) PackGetRefundDigest(channelId [32]byte, nonce *big.Int, amount *big.Int) []byte {
	enc, err := escrow.abi.Pack("getRefundDigest", channelId, nonce, amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetRefundDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe25cf189.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) view returns(bytes32)
func (escrow *Escrow) TryPackGetRefundDigest(channelId [32]byte, nonce *big.Int, amount *big.Int) ([]byte, error) {
	return escrow.abi.Pack("getRefundDigest", channelId, nonce, amount)
}

// UnpackGetRefundDigest is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe25cf189.
//
// Solidity: function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) view returns(bytes32)
func (escrow *Escrow) UnpackGetRefundDigest(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("getRefundDigest", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackGetVoucherDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x862bb199.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) view returns(bytes32)
func (escrow *Escrow) PackGetVoucherDigest(channelId [32]byte, maxClaimableAmount *big.Int) []byte {
	enc, err := escrow.abi.Pack("getVoucherDigest", channelId, maxClaimableAmount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackGetVoucherDigest is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x862bb199.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) view returns(bytes32)
func (escrow *Escrow) TryPackGetVoucherDigest(channelId [32]byte, maxClaimableAmount *big.Int) ([]byte, error) {
	return escrow.abi.Pack("getVoucherDigest", channelId, maxClaimableAmount)
}

// UnpackGetVoucherDigest is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x862bb199.
//
// Solidity: function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) view returns(bytes32)
func (escrow *Escrow) UnpackGetVoucherDigest(data []byte) ([32]byte, error) {
	out, err := escrow.abi.Unpack("getVoucherDigest", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackInitiateWithdraw is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcf5cf3dc.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function initiateWithdraw((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (escrow *Escrow) PackInitiateWithdraw(config ChannelConfig, amount *big.Int) []byte {
	enc, err := escrow.abi.Pack("initiateWithdraw", config, amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackInitiateWithdraw is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xcf5cf3dc.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function initiateWithdraw((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (escrow *Escrow) TryPackInitiateWithdraw(config ChannelConfig, amount *big.Int) ([]byte, error) {
	return escrow.abi.Pack("initiateWithdraw", config, amount)
}

// PackMulticall is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xac9650d8.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function multicall(bytes[] data) returns(bytes[] results)
func (escrow *Escrow) PackMulticall(data [][]byte) []byte {
	enc, err := escrow.abi.Pack("multicall", data)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackMulticall is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xac9650d8.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function multicall(bytes[] data) returns(bytes[] results)
func (escrow *Escrow) TryPackMulticall(data [][]byte) ([]byte, error) {
	return escrow.abi.Pack("multicall", data)
}

// UnpackMulticall is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xac9650d8.
//
// Solidity: function multicall(bytes[] data) returns(bytes[] results)
func (escrow *Escrow) UnpackMulticall(data []byte) ([][]byte, error) {
	out, err := escrow.abi.Unpack("multicall", data)
	if err != nil {
		return *new([][]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([][]byte)).(*[][]byte)
	return out0, nil
}

// PackPendingWithdrawals is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb7f06ebe.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function pendingWithdrawals(bytes32 channelId) view returns(uint128 amount, uint40 initiatedAt)
func (escrow *Escrow) PackPendingWithdrawals(channelId [32]byte) []byte {
	enc, err := escrow.abi.Pack("pendingWithdrawals", channelId)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackPendingWithdrawals is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb7f06ebe.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function pendingWithdrawals(bytes32 channelId) view returns(uint128 amount, uint40 initiatedAt)
func (escrow *Escrow) TryPackPendingWithdrawals(channelId [32]byte) ([]byte, error) {
	return escrow.abi.Pack("pendingWithdrawals", channelId)
}

// PendingWithdrawalsOutput serves as a container for the return parameters of contract
// method PendingWithdrawals.
type PendingWithdrawalsOutput struct {
	Amount      *big.Int
	InitiatedAt *big.Int
}

// UnpackPendingWithdrawals is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xb7f06ebe.
//
// Solidity: function pendingWithdrawals(bytes32 channelId) view returns(uint128 amount, uint40 initiatedAt)
func (escrow *Escrow) UnpackPendingWithdrawals(data []byte) (PendingWithdrawalsOutput, error) {
	out, err := escrow.abi.Unpack("pendingWithdrawals", data)
	outstruct := new(PendingWithdrawalsOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.Amount = abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	outstruct.InitiatedAt = abi.ConvertType(out[1], new(big.Int)).(*big.Int)
	return *outstruct, nil
}

// PackReceivers is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x21ff6389.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function receivers(address receiver, address token) view returns(uint128 totalClaimed, uint128 totalSettled)
func (escrow *Escrow) PackReceivers(receiver common.Address, token common.Address) []byte {
	enc, err := escrow.abi.Pack("receivers", receiver, token)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackReceivers is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x21ff6389.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function receivers(address receiver, address token) view returns(uint128 totalClaimed, uint128 totalSettled)
func (escrow *Escrow) TryPackReceivers(receiver common.Address, token common.Address) ([]byte, error) {
	return escrow.abi.Pack("receivers", receiver, token)
}

// ReceiversOutput serves as a container for the return parameters of contract
// method Receivers.
type ReceiversOutput struct {
	TotalClaimed *big.Int
	TotalSettled *big.Int
}

// UnpackReceivers is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x21ff6389.
//
// Solidity: function receivers(address receiver, address token) view returns(uint128 totalClaimed, uint128 totalSettled)
func (escrow *Escrow) UnpackReceivers(data []byte) (ReceiversOutput, error) {
	out, err := escrow.abi.Unpack("receivers", data)
	outstruct := new(ReceiversOutput)
	if err != nil {
		return *outstruct, err
	}
	outstruct.TotalClaimed = abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	outstruct.TotalSettled = abi.ConvertType(out[1], new(big.Int)).(*big.Int)
	return *outstruct, nil
}

// PackRefund is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdce4bfae.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function refund((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (escrow *Escrow) PackRefund(config ChannelConfig, amount *big.Int) []byte {
	enc, err := escrow.abi.Pack("refund", config, amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRefund is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xdce4bfae.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function refund((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (escrow *Escrow) TryPackRefund(config ChannelConfig, amount *big.Int) ([]byte, error) {
	return escrow.abi.Pack("refund", config, amount)
}

// PackRefundNonce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf0dc792e.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function refundNonce(bytes32 channelId) view returns(uint256)
func (escrow *Escrow) PackRefundNonce(channelId [32]byte) []byte {
	enc, err := escrow.abi.Pack("refundNonce", channelId)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRefundNonce is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xf0dc792e.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function refundNonce(bytes32 channelId) view returns(uint256)
func (escrow *Escrow) TryPackRefundNonce(channelId [32]byte) ([]byte, error) {
	return escrow.abi.Pack("refundNonce", channelId)
}

// UnpackRefundNonce is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xf0dc792e.
//
// Solidity: function refundNonce(bytes32 channelId) view returns(uint256)
func (escrow *Escrow) UnpackRefundNonce(data []byte) (*big.Int, error) {
	out, err := escrow.abi.Unpack("refundNonce", data)
	if err != nil {
		return new(big.Int), err
	}
	out0 := abi.ConvertType(out[0], new(big.Int)).(*big.Int)
	return out0, nil
}

// PackRefundWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb77433e9.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function refundWithSignature((address,address,address,address,address,uint40,bytes32) config, uint128 amount, uint256 nonce, bytes receiverAuthorizerSignature) returns()
func (escrow *Escrow) PackRefundWithSignature(config ChannelConfig, amount *big.Int, nonce *big.Int, receiverAuthorizerSignature []byte) []byte {
	enc, err := escrow.abi.Pack("refundWithSignature", config, amount, nonce, receiverAuthorizerSignature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackRefundWithSignature is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xb77433e9.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function refundWithSignature((address,address,address,address,address,uint40,bytes32) config, uint128 amount, uint256 nonce, bytes receiverAuthorizerSignature) returns()
func (escrow *Escrow) TryPackRefundWithSignature(config ChannelConfig, amount *big.Int, nonce *big.Int, receiverAuthorizerSignature []byte) ([]byte, error) {
	return escrow.abi.Pack("refundWithSignature", config, amount, nonce, receiverAuthorizerSignature)
}

// PackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x9db32a8f.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function settle(address receiver, address token) returns()
func (escrow *Escrow) PackSettle(receiver common.Address, token common.Address) []byte {
	enc, err := escrow.abi.Pack("settle", receiver, token)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x9db32a8f.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function settle(address receiver, address token) returns()
func (escrow *Escrow) TryPackSettle(receiver common.Address, token common.Address) ([]byte, error) {
	return escrow.abi.Pack("settle", receiver, token)
}

// PackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function supportsInterface(bytes4 interfaceId) pure returns(bool)
func (escrow *Escrow) PackSupportsInterface(interfaceId [4]byte) []byte {
	enc, err := escrow.abi.Pack("supportsInterface", interfaceId)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSupportsInterface is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x01ffc9a7.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function supportsInterface(bytes4 interfaceId) pure returns(bool)
func (escrow *Escrow) TryPackSupportsInterface(interfaceId [4]byte) ([]byte, error) {
	return escrow.abi.Pack("supportsInterface", interfaceId)
}

// UnpackSupportsInterface is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x01ffc9a7.
//
// Solidity: function supportsInterface(bytes4 interfaceId) pure returns(bool)
func (escrow *Escrow) UnpackSupportsInterface(data []byte) (bool, error) {
	out, err := escrow.abi.Unpack("supportsInterface", data)
	if err != nil {
		return *new(bool), err
	}
	out0 := *abi.ConvertType(out[0], new(bool)).(*bool)
	return out0, nil
}

// EscrowChannelClosed represents a ChannelClosed event raised by the Escrow contract.
type EscrowChannelClosed struct {
	ChannelId [32]byte
	Config    ChannelConfig
	Raw       *types.Log // Blockchain specific contextual infos
}

const EscrowChannelClosedEventName = "ChannelClosed"

// ContractEventName returns the user-defined event name.
func (EscrowChannelClosed) ContractEventName() string {
	return EscrowChannelClosedEventName
}

// UnpackChannelClosedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChannelClosed(bytes32 indexed channelId, (address,address,address,address,address,uint40,bytes32) config)
func (escrow *Escrow) UnpackChannelClosedEvent(log *types.Log) (*EscrowChannelClosed, error) {
	event := "ChannelClosed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowChannelClosed)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowChannelCreated represents a ChannelCreated event raised by the Escrow contract.
type EscrowChannelCreated struct {
	ChannelId [32]byte
	Config    ChannelConfig
	Raw       *types.Log // Blockchain specific contextual infos
}

const EscrowChannelCreatedEventName = "ChannelCreated"

// ContractEventName returns the user-defined event name.
func (EscrowChannelCreated) ContractEventName() string {
	return EscrowChannelCreatedEventName
}

// UnpackChannelCreatedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ChannelCreated(bytes32 indexed channelId, (address,address,address,address,address,uint40,bytes32) config)
func (escrow *Escrow) UnpackChannelCreatedEvent(log *types.Log) (*EscrowChannelCreated, error) {
	event := "ChannelCreated"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowChannelCreated)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowClaimSkipped represents a ClaimSkipped event raised by the Escrow contract.
type EscrowClaimSkipped struct {
	ChannelId [32]byte
	Index     *big.Int
	Reason    uint8
	Raw       *types.Log // Blockchain specific contextual infos
}

const EscrowClaimSkippedEventName = "ClaimSkipped"

// ContractEventName returns the user-defined event name.
func (EscrowClaimSkipped) ContractEventName() string {
	return EscrowClaimSkippedEventName
}

// UnpackClaimSkippedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event ClaimSkipped(bytes32 indexed channelId, uint256 index, uint8 reason)
func (escrow *Escrow) UnpackClaimSkippedEvent(log *types.Log) (*EscrowClaimSkipped, error) {
	event := "ClaimSkipped"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowClaimSkipped)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowClaimed represents a Claimed event raised by the Escrow contract.
type EscrowClaimed struct {
	ChannelId       [32]byte
	Sender          common.Address
	ClaimAmount     *big.Int
	NewTotalClaimed *big.Int
	Raw             *types.Log // Blockchain specific contextual infos
}

const EscrowClaimedEventName = "Claimed"

// ContractEventName returns the user-defined event name.
func (EscrowClaimed) ContractEventName() string {
	return EscrowClaimedEventName
}

// UnpackClaimedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed)
func (escrow *Escrow) UnpackClaimedEvent(log *types.Log) (*EscrowClaimed, error) {
	event := "Claimed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowClaimed)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowCompactClaimed represents a CompactClaimed event raised by the Escrow contract.
type EscrowCompactClaimed struct {
	Receiver           common.Address
	ReceiverAuthorizer common.Address
	Token              common.Address
	Sender             common.Address
	Amount             *big.Int
	Claimed            *big.Int
	Skipped            *big.Int
	Raw                *types.Log // Blockchain specific contextual infos
}

const EscrowCompactClaimedEventName = "CompactClaimed"

// ContractEventName returns the user-defined event name.
func (EscrowCompactClaimed) ContractEventName() string {
	return EscrowCompactClaimedEventName
}

// UnpackCompactClaimedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event CompactClaimed(address indexed receiver, address indexed receiverAuthorizer, address indexed token, address sender, uint128 amount, uint256 claimed, uint256 skipped)
func (escrow *Escrow) UnpackCompactClaimedEvent(log *types.Log) (*EscrowCompactClaimed, error) {
	event := "CompactClaimed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowCompactClaimed)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowDeposited represents a Deposited event raised by the Escrow contract.
type EscrowDeposited struct {
	ChannelId  [32]byte
	Sender     common.Address
	Amount     *big.Int
	NewBalance *big.Int
	Raw        *types.Log // Blockchain specific contextual infos
}

const EscrowDepositedEventName = "Deposited"

// ContractEventName returns the user-defined event name.
func (EscrowDeposited) ContractEventName() string {
	return EscrowDepositedEventName
}

// UnpackDepositedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance)
func (escrow *Escrow) UnpackDepositedEvent(log *types.Log) (*EscrowDeposited, error) {
	event := "Deposited"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowDeposited)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowRefunded represents a Refunded event raised by the Escrow contract.
type EscrowRefunded struct {
	ChannelId [32]byte
	Sender    common.Address
	Amount    *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const EscrowRefundedEventName = "Refunded"

// ContractEventName returns the user-defined event name.
func (EscrowRefunded) ContractEventName() string {
	return EscrowRefundedEventName
}

// UnpackRefundedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount)
func (escrow *Escrow) UnpackRefundedEvent(log *types.Log) (*EscrowRefunded, error) {
	event := "Refunded"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowRefunded)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowSettled represents a Settled event raised by the Escrow contract.
type EscrowSettled struct {
	Receiver common.Address
	Token    common.Address
	Sender   common.Address
	Amount   *big.Int
	Raw      *types.Log // Blockchain specific contextual infos
}

const EscrowSettledEventName = "Settled"

// ContractEventName returns the user-defined event name.
func (EscrowSettled) ContractEventName() string {
	return EscrowSettledEventName
}

// UnpackSettledEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount)
func (escrow *Escrow) UnpackSettledEvent(log *types.Log) (*EscrowSettled, error) {
	event := "Settled"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowSettled)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowWithdrawFinalized represents a WithdrawFinalized event raised by the Escrow contract.
type EscrowWithdrawFinalized struct {
	ChannelId [32]byte
	Sender    common.Address
	Amount    *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const EscrowWithdrawFinalizedEventName = "WithdrawFinalized"

// ContractEventName returns the user-defined event name.
func (EscrowWithdrawFinalized) ContractEventName() string {
	return EscrowWithdrawFinalizedEventName
}

// UnpackWithdrawFinalizedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount)
func (escrow *Escrow) UnpackWithdrawFinalizedEvent(log *types.Log) (*EscrowWithdrawFinalized, error) {
	event := "WithdrawFinalized"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowWithdrawFinalized)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// EscrowWithdrawInitiated represents a WithdrawInitiated event raised by the Escrow contract.
type EscrowWithdrawInitiated struct {
	ChannelId     [32]byte
	Amount        *big.Int
	FinalizeAfter *big.Int
	Raw           *types.Log // Blockchain specific contextual infos
}

const EscrowWithdrawInitiatedEventName = "WithdrawInitiated"

// ContractEventName returns the user-defined event name.
func (EscrowWithdrawInitiated) ContractEventName() string {
	return EscrowWithdrawInitiatedEventName
}

// UnpackWithdrawInitiatedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter)
func (escrow *Escrow) UnpackWithdrawInitiatedEvent(log *types.Log) (*EscrowWithdrawInitiated, error) {
	event := "WithdrawInitiated"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != escrow.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(EscrowWithdrawInitiated)
	if len(log.Data) > 0 {
		if err := escrow.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range escrow.abi.Events[event].Inputs {
		if arg.Indexed {
			indexed = append(indexed, arg)
		}
	}
	if err := abi.ParseTopics(out, indexed, log.Topics[1:]); err != nil {
		return nil, err
	}
	out.Raw = log
	return out, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (escrow *Escrow) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], escrow.abi.Errors["AddressEmptyCode"].ID.Bytes()[:4]) {
		return escrow.UnpackAddressEmptyCodeError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["ClaimExceedsBalance"].ID.Bytes()[:4]) {
		return escrow.UnpackClaimExceedsBalanceError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["ClaimExceedsCeiling"].ID.Bytes()[:4]) {
		return escrow.UnpackClaimExceedsCeilingError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["DepositCollectionFailed"].ID.Bytes()[:4]) {
		return escrow.UnpackDepositCollectionFailedError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["DepositOverflow"].ID.Bytes()[:4]) {
		return escrow.UnpackDepositOverflowError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["EmptyBatch"].ID.Bytes()[:4]) {
		return escrow.UnpackEmptyBatchError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["FailedCall"].ID.Bytes()[:4]) {
		return escrow.UnpackFailedCallError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["InvalidChannel"].ID.Bytes()[:4]) {
		return escrow.UnpackInvalidChannelError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["InvalidCollector"].ID.Bytes()[:4]) {
		return escrow.UnpackInvalidCollectorError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["InvalidRefundNonce"].ID.Bytes()[:4]) {
		return escrow.UnpackInvalidRefundNonceError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["InvalidSignature"].ID.Bytes()[:4]) {
		return escrow.UnpackInvalidSignatureError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["MalformedHeader"].ID.Bytes()[:4]) {
		return escrow.UnpackMalformedHeaderError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["MalformedRow"].ID.Bytes()[:4]) {
		return escrow.UnpackMalformedRowError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NotAuthorizedToClaim"].ID.Bytes()[:4]) {
		return escrow.UnpackNotAuthorizedToClaimError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NotAuthorizedToFinalizeWithdraw"].ID.Bytes()[:4]) {
		return escrow.UnpackNotAuthorizedToFinalizeWithdrawError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NotAuthorizedToRefund"].ID.Bytes()[:4]) {
		return escrow.UnpackNotAuthorizedToRefundError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NotReceiverAuthorizer"].ID.Bytes()[:4]) {
		return escrow.UnpackNotReceiverAuthorizerError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NothingClaimed"].ID.Bytes()[:4]) {
		return escrow.UnpackNothingClaimedError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["NothingToWithdraw"].ID.Bytes()[:4]) {
		return escrow.UnpackNothingToWithdrawError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["ReentrancyGuardReentrantCall"].ID.Bytes()[:4]) {
		return escrow.UnpackReentrancyGuardReentrantCallError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["SafeCastOverflowedUintDowncast"].ID.Bytes()[:4]) {
		return escrow.UnpackSafeCastOverflowedUintDowncastError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["SafeERC20FailedOperation"].ID.Bytes()[:4]) {
		return escrow.UnpackSafeERC20FailedOperationError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["SignatureGasUnavailable"].ID.Bytes()[:4]) {
		return escrow.UnpackSignatureGasUnavailableError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["WithdrawAmountExceedsAvailable"].ID.Bytes()[:4]) {
		return escrow.UnpackWithdrawAmountExceedsAvailableError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["WithdrawDelayNotElapsed"].ID.Bytes()[:4]) {
		return escrow.UnpackWithdrawDelayNotElapsedError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["WithdrawDelayOutOfRange"].ID.Bytes()[:4]) {
		return escrow.UnpackWithdrawDelayOutOfRangeError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["WithdrawalAlreadyPending"].ID.Bytes()[:4]) {
		return escrow.UnpackWithdrawalAlreadyPendingError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["WithdrawalNotPending"].ID.Bytes()[:4]) {
		return escrow.UnpackWithdrawalNotPendingError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["ZeroDeposit"].ID.Bytes()[:4]) {
		return escrow.UnpackZeroDepositError(raw[4:])
	}
	if bytes.Equal(raw[:4], escrow.abi.Errors["ZeroRefund"].ID.Bytes()[:4]) {
		return escrow.UnpackZeroRefundError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// EscrowAddressEmptyCode represents a AddressEmptyCode error raised by the Escrow contract.
type EscrowAddressEmptyCode struct {
	Target common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error AddressEmptyCode(address target)
func EscrowAddressEmptyCodeErrorID() common.Hash {
	return common.HexToHash("0x9996b315c842ff135b8fc4a08ad5df1c344efbc03d2687aecc0678050d2aac89")
}

// UnpackAddressEmptyCodeError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error AddressEmptyCode(address target)
func (escrow *Escrow) UnpackAddressEmptyCodeError(raw []byte) (*EscrowAddressEmptyCode, error) {
	out := new(EscrowAddressEmptyCode)
	if err := escrow.abi.UnpackIntoInterface(out, "AddressEmptyCode", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowClaimExceedsBalance represents a ClaimExceedsBalance error raised by the Escrow contract.
type EscrowClaimExceedsBalance struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ClaimExceedsBalance()
func EscrowClaimExceedsBalanceErrorID() common.Hash {
	return common.HexToHash("0x7d8242b644ed15fd2ba487e6c0b4cd8132eeaec22a2a10eac4c365a7f6132dce")
}

// UnpackClaimExceedsBalanceError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ClaimExceedsBalance()
func (escrow *Escrow) UnpackClaimExceedsBalanceError(raw []byte) (*EscrowClaimExceedsBalance, error) {
	out := new(EscrowClaimExceedsBalance)
	if err := escrow.abi.UnpackIntoInterface(out, "ClaimExceedsBalance", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowClaimExceedsCeiling represents a ClaimExceedsCeiling error raised by the Escrow contract.
type EscrowClaimExceedsCeiling struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ClaimExceedsCeiling()
func EscrowClaimExceedsCeilingErrorID() common.Hash {
	return common.HexToHash("0xf1789775d20e6d801e1dcc76eab01f1cb47cdae0c7ca47c1339d503e1850128f")
}

// UnpackClaimExceedsCeilingError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ClaimExceedsCeiling()
func (escrow *Escrow) UnpackClaimExceedsCeilingError(raw []byte) (*EscrowClaimExceedsCeiling, error) {
	out := new(EscrowClaimExceedsCeiling)
	if err := escrow.abi.UnpackIntoInterface(out, "ClaimExceedsCeiling", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowDepositCollectionFailed represents a DepositCollectionFailed error raised by the Escrow contract.
type EscrowDepositCollectionFailed struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error DepositCollectionFailed()
func EscrowDepositCollectionFailedErrorID() common.Hash {
	return common.HexToHash("0xeb43592c973aefddc2c72f3fcc1cd6babb3269a7dda5fedb2a98f5e1934613f1")
}

// UnpackDepositCollectionFailedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error DepositCollectionFailed()
func (escrow *Escrow) UnpackDepositCollectionFailedError(raw []byte) (*EscrowDepositCollectionFailed, error) {
	out := new(EscrowDepositCollectionFailed)
	if err := escrow.abi.UnpackIntoInterface(out, "DepositCollectionFailed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowDepositOverflow represents a DepositOverflow error raised by the Escrow contract.
type EscrowDepositOverflow struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error DepositOverflow()
func EscrowDepositOverflowErrorID() common.Hash {
	return common.HexToHash("0x1132981b50988e5bf5914c2cdbec86f17b96e379b9fe376f3978c42411aafcd6")
}

// UnpackDepositOverflowError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error DepositOverflow()
func (escrow *Escrow) UnpackDepositOverflowError(raw []byte) (*EscrowDepositOverflow, error) {
	out := new(EscrowDepositOverflow)
	if err := escrow.abi.UnpackIntoInterface(out, "DepositOverflow", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowEmptyBatch represents a EmptyBatch error raised by the Escrow contract.
type EscrowEmptyBatch struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error EmptyBatch()
func EscrowEmptyBatchErrorID() common.Hash {
	return common.HexToHash("0xc2e5347df6cf8d1bf68f8a9651642312bd381b900d857d97cd665976180d6ae0")
}

// UnpackEmptyBatchError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error EmptyBatch()
func (escrow *Escrow) UnpackEmptyBatchError(raw []byte) (*EscrowEmptyBatch, error) {
	out := new(EscrowEmptyBatch)
	if err := escrow.abi.UnpackIntoInterface(out, "EmptyBatch", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowFailedCall represents a FailedCall error raised by the Escrow contract.
type EscrowFailedCall struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error FailedCall()
func EscrowFailedCallErrorID() common.Hash {
	return common.HexToHash("0xd6bda27508c0fb6d8a39b4b122878dab26f731a7d4e4abe711dd3731899052a4")
}

// UnpackFailedCallError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error FailedCall()
func (escrow *Escrow) UnpackFailedCallError(raw []byte) (*EscrowFailedCall, error) {
	out := new(EscrowFailedCall)
	if err := escrow.abi.UnpackIntoInterface(out, "FailedCall", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowInvalidChannel represents a InvalidChannel error raised by the Escrow contract.
type EscrowInvalidChannel struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidChannel()
func EscrowInvalidChannelErrorID() common.Hash {
	return common.HexToHash("0xea3a9a39ade8da556b2a0eb84fb492a877b9b1359a1d967769c796bffb21eff6")
}

// UnpackInvalidChannelError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidChannel()
func (escrow *Escrow) UnpackInvalidChannelError(raw []byte) (*EscrowInvalidChannel, error) {
	out := new(EscrowInvalidChannel)
	if err := escrow.abi.UnpackIntoInterface(out, "InvalidChannel", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowInvalidCollector represents a InvalidCollector error raised by the Escrow contract.
type EscrowInvalidCollector struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidCollector()
func EscrowInvalidCollectorErrorID() common.Hash {
	return common.HexToHash("0x18b1afd44def9c8e2335a0b175a19408f7f5ef09683ee05e2f45e8042eb0d72d")
}

// UnpackInvalidCollectorError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidCollector()
func (escrow *Escrow) UnpackInvalidCollectorError(raw []byte) (*EscrowInvalidCollector, error) {
	out := new(EscrowInvalidCollector)
	if err := escrow.abi.UnpackIntoInterface(out, "InvalidCollector", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowInvalidRefundNonce represents a InvalidRefundNonce error raised by the Escrow contract.
type EscrowInvalidRefundNonce struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidRefundNonce()
func EscrowInvalidRefundNonceErrorID() common.Hash {
	return common.HexToHash("0x164f1afe58c9ccb5990cf2f541ddec23cbaf091017a27897e515431a0b4fe8bf")
}

// UnpackInvalidRefundNonceError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidRefundNonce()
func (escrow *Escrow) UnpackInvalidRefundNonceError(raw []byte) (*EscrowInvalidRefundNonce, error) {
	out := new(EscrowInvalidRefundNonce)
	if err := escrow.abi.UnpackIntoInterface(out, "InvalidRefundNonce", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowInvalidSignature represents a InvalidSignature error raised by the Escrow contract.
type EscrowInvalidSignature struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidSignature()
func EscrowInvalidSignatureErrorID() common.Hash {
	return common.HexToHash("0x8baa579fce362245063d36f11747a89dd489c54795634fc673cc0e0db51fedc5")
}

// UnpackInvalidSignatureError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidSignature()
func (escrow *Escrow) UnpackInvalidSignatureError(raw []byte) (*EscrowInvalidSignature, error) {
	out := new(EscrowInvalidSignature)
	if err := escrow.abi.UnpackIntoInterface(out, "InvalidSignature", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowMalformedHeader represents a MalformedHeader error raised by the Escrow contract.
type EscrowMalformedHeader struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error MalformedHeader()
func EscrowMalformedHeaderErrorID() common.Hash {
	return common.HexToHash("0x34ea3f6ee72990850ba14992e1ca7072114ad0ff043c3976a3ed651411aa9d8c")
}

// UnpackMalformedHeaderError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error MalformedHeader()
func (escrow *Escrow) UnpackMalformedHeaderError(raw []byte) (*EscrowMalformedHeader, error) {
	out := new(EscrowMalformedHeader)
	if err := escrow.abi.UnpackIntoInterface(out, "MalformedHeader", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowMalformedRow represents a MalformedRow error raised by the Escrow contract.
type EscrowMalformedRow struct {
	Index *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error MalformedRow(uint256 index)
func EscrowMalformedRowErrorID() common.Hash {
	return common.HexToHash("0x19ab4e6ae42993d6f265731a2fad5d616a643dc30ec18fc0b0ab835aa974e641")
}

// UnpackMalformedRowError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error MalformedRow(uint256 index)
func (escrow *Escrow) UnpackMalformedRowError(raw []byte) (*EscrowMalformedRow, error) {
	out := new(EscrowMalformedRow)
	if err := escrow.abi.UnpackIntoInterface(out, "MalformedRow", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNotAuthorizedToClaim represents a NotAuthorizedToClaim error raised by the Escrow contract.
type EscrowNotAuthorizedToClaim struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAuthorizedToClaim()
func EscrowNotAuthorizedToClaimErrorID() common.Hash {
	return common.HexToHash("0xdefb7069aa3adba68f883d732ad2b24c087173487331fccb11d60d1fe7e970a0")
}

// UnpackNotAuthorizedToClaimError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAuthorizedToClaim()
func (escrow *Escrow) UnpackNotAuthorizedToClaimError(raw []byte) (*EscrowNotAuthorizedToClaim, error) {
	out := new(EscrowNotAuthorizedToClaim)
	if err := escrow.abi.UnpackIntoInterface(out, "NotAuthorizedToClaim", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNotAuthorizedToFinalizeWithdraw represents a NotAuthorizedToFinalizeWithdraw error raised by the Escrow contract.
type EscrowNotAuthorizedToFinalizeWithdraw struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAuthorizedToFinalizeWithdraw()
func EscrowNotAuthorizedToFinalizeWithdrawErrorID() common.Hash {
	return common.HexToHash("0x15f969d5c9e170be2291c083d6b150e6fcebf00ef2d8be6550ae6c3dc50dabdb")
}

// UnpackNotAuthorizedToFinalizeWithdrawError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAuthorizedToFinalizeWithdraw()
func (escrow *Escrow) UnpackNotAuthorizedToFinalizeWithdrawError(raw []byte) (*EscrowNotAuthorizedToFinalizeWithdraw, error) {
	out := new(EscrowNotAuthorizedToFinalizeWithdraw)
	if err := escrow.abi.UnpackIntoInterface(out, "NotAuthorizedToFinalizeWithdraw", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNotAuthorizedToRefund represents a NotAuthorizedToRefund error raised by the Escrow contract.
type EscrowNotAuthorizedToRefund struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotAuthorizedToRefund()
func EscrowNotAuthorizedToRefundErrorID() common.Hash {
	return common.HexToHash("0x7864f008ee834500b7f2733a6014e3f8eea31d50246cafde51f13a9311acfd40")
}

// UnpackNotAuthorizedToRefundError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotAuthorizedToRefund()
func (escrow *Escrow) UnpackNotAuthorizedToRefundError(raw []byte) (*EscrowNotAuthorizedToRefund, error) {
	out := new(EscrowNotAuthorizedToRefund)
	if err := escrow.abi.UnpackIntoInterface(out, "NotAuthorizedToRefund", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNotReceiverAuthorizer represents a NotReceiverAuthorizer error raised by the Escrow contract.
type EscrowNotReceiverAuthorizer struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotReceiverAuthorizer()
func EscrowNotReceiverAuthorizerErrorID() common.Hash {
	return common.HexToHash("0xf5e2237d61f9c9a130c1b6459a9c805b19d61228df4da0c80ec97c91b5bc3fb8")
}

// UnpackNotReceiverAuthorizerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotReceiverAuthorizer()
func (escrow *Escrow) UnpackNotReceiverAuthorizerError(raw []byte) (*EscrowNotReceiverAuthorizer, error) {
	out := new(EscrowNotReceiverAuthorizer)
	if err := escrow.abi.UnpackIntoInterface(out, "NotReceiverAuthorizer", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNothingClaimed represents a NothingClaimed error raised by the Escrow contract.
type EscrowNothingClaimed struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NothingClaimed()
func EscrowNothingClaimedErrorID() common.Hash {
	return common.HexToHash("0xa335edb8b3ea89c2ef736b9bddbef2ebe68eda7facd7668a9f94f89adebc4e82")
}

// UnpackNothingClaimedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NothingClaimed()
func (escrow *Escrow) UnpackNothingClaimedError(raw []byte) (*EscrowNothingClaimed, error) {
	out := new(EscrowNothingClaimed)
	if err := escrow.abi.UnpackIntoInterface(out, "NothingClaimed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowNothingToWithdraw represents a NothingToWithdraw error raised by the Escrow contract.
type EscrowNothingToWithdraw struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NothingToWithdraw()
func EscrowNothingToWithdrawErrorID() common.Hash {
	return common.HexToHash("0xd0d04f60bf4f7629141a1f00f5d2908fa0f3e15bf4cbf8bb8edc6fcbdf2509fa")
}

// UnpackNothingToWithdrawError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NothingToWithdraw()
func (escrow *Escrow) UnpackNothingToWithdrawError(raw []byte) (*EscrowNothingToWithdraw, error) {
	out := new(EscrowNothingToWithdraw)
	if err := escrow.abi.UnpackIntoInterface(out, "NothingToWithdraw", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowReentrancyGuardReentrantCall represents a ReentrancyGuardReentrantCall error raised by the Escrow contract.
type EscrowReentrancyGuardReentrantCall struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ReentrancyGuardReentrantCall()
func EscrowReentrancyGuardReentrantCallErrorID() common.Hash {
	return common.HexToHash("0x3ee5aeb571de7fc460830b4d0017439a1ca56fb0bc39062227ade4fe4a24c1ca")
}

// UnpackReentrancyGuardReentrantCallError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ReentrancyGuardReentrantCall()
func (escrow *Escrow) UnpackReentrancyGuardReentrantCallError(raw []byte) (*EscrowReentrancyGuardReentrantCall, error) {
	out := new(EscrowReentrancyGuardReentrantCall)
	if err := escrow.abi.UnpackIntoInterface(out, "ReentrancyGuardReentrantCall", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowSafeCastOverflowedUintDowncast represents a SafeCastOverflowedUintDowncast error raised by the Escrow contract.
type EscrowSafeCastOverflowedUintDowncast struct {
	Bits  uint8
	Value *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)
func EscrowSafeCastOverflowedUintDowncastErrorID() common.Hash {
	return common.HexToHash("0x6dfcc6503a32754ce7a89698e18201fc5294fd4aad43edefee786f88423b1a12")
}

// UnpackSafeCastOverflowedUintDowncastError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)
func (escrow *Escrow) UnpackSafeCastOverflowedUintDowncastError(raw []byte) (*EscrowSafeCastOverflowedUintDowncast, error) {
	out := new(EscrowSafeCastOverflowedUintDowncast)
	if err := escrow.abi.UnpackIntoInterface(out, "SafeCastOverflowedUintDowncast", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowSafeERC20FailedOperation represents a SafeERC20FailedOperation error raised by the Escrow contract.
type EscrowSafeERC20FailedOperation struct {
	Token common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SafeERC20FailedOperation(address token)
func EscrowSafeERC20FailedOperationErrorID() common.Hash {
	return common.HexToHash("0x5274afe73c98b4749fc91ffae6b7b574e7842cb2144a159e9377a5f20b32edf9")
}

// UnpackSafeERC20FailedOperationError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SafeERC20FailedOperation(address token)
func (escrow *Escrow) UnpackSafeERC20FailedOperationError(raw []byte) (*EscrowSafeERC20FailedOperation, error) {
	out := new(EscrowSafeERC20FailedOperation)
	if err := escrow.abi.UnpackIntoInterface(out, "SafeERC20FailedOperation", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowSignatureGasUnavailable represents a SignatureGasUnavailable error raised by the Escrow contract.
type EscrowSignatureGasUnavailable struct {
	Index    *big.Int
	GasLimit *big.Int
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SignatureGasUnavailable(uint256 index, uint256 gasLimit)
func EscrowSignatureGasUnavailableErrorID() common.Hash {
	return common.HexToHash("0xa1267100fff00f25d304f57339d7719bccd933b1d2864cb8f18b718b971ef1e8")
}

// UnpackSignatureGasUnavailableError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SignatureGasUnavailable(uint256 index, uint256 gasLimit)
func (escrow *Escrow) UnpackSignatureGasUnavailableError(raw []byte) (*EscrowSignatureGasUnavailable, error) {
	out := new(EscrowSignatureGasUnavailable)
	if err := escrow.abi.UnpackIntoInterface(out, "SignatureGasUnavailable", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowWithdrawAmountExceedsAvailable represents a WithdrawAmountExceedsAvailable error raised by the Escrow contract.
type EscrowWithdrawAmountExceedsAvailable struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error WithdrawAmountExceedsAvailable()
func EscrowWithdrawAmountExceedsAvailableErrorID() common.Hash {
	return common.HexToHash("0x6d3d5764eb95e3a6e5f7fa0be3c1d9073f1cf249735f075c057bad7a3474c94a")
}

// UnpackWithdrawAmountExceedsAvailableError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error WithdrawAmountExceedsAvailable()
func (escrow *Escrow) UnpackWithdrawAmountExceedsAvailableError(raw []byte) (*EscrowWithdrawAmountExceedsAvailable, error) {
	out := new(EscrowWithdrawAmountExceedsAvailable)
	if err := escrow.abi.UnpackIntoInterface(out, "WithdrawAmountExceedsAvailable", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowWithdrawDelayNotElapsed represents a WithdrawDelayNotElapsed error raised by the Escrow contract.
type EscrowWithdrawDelayNotElapsed struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error WithdrawDelayNotElapsed()
func EscrowWithdrawDelayNotElapsedErrorID() common.Hash {
	return common.HexToHash("0xf3965827abb4b3501eba40fbc36bf95518923256f8e4150f82d6abaf898dfecb")
}

// UnpackWithdrawDelayNotElapsedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error WithdrawDelayNotElapsed()
func (escrow *Escrow) UnpackWithdrawDelayNotElapsedError(raw []byte) (*EscrowWithdrawDelayNotElapsed, error) {
	out := new(EscrowWithdrawDelayNotElapsed)
	if err := escrow.abi.UnpackIntoInterface(out, "WithdrawDelayNotElapsed", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowWithdrawDelayOutOfRange represents a WithdrawDelayOutOfRange error raised by the Escrow contract.
type EscrowWithdrawDelayOutOfRange struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error WithdrawDelayOutOfRange()
func EscrowWithdrawDelayOutOfRangeErrorID() common.Hash {
	return common.HexToHash("0x4574fab68d66a7482499780fe2cf118b6bf35c8ed02b94811df48a01231e8390")
}

// UnpackWithdrawDelayOutOfRangeError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error WithdrawDelayOutOfRange()
func (escrow *Escrow) UnpackWithdrawDelayOutOfRangeError(raw []byte) (*EscrowWithdrawDelayOutOfRange, error) {
	out := new(EscrowWithdrawDelayOutOfRange)
	if err := escrow.abi.UnpackIntoInterface(out, "WithdrawDelayOutOfRange", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowWithdrawalAlreadyPending represents a WithdrawalAlreadyPending error raised by the Escrow contract.
type EscrowWithdrawalAlreadyPending struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error WithdrawalAlreadyPending()
func EscrowWithdrawalAlreadyPendingErrorID() common.Hash {
	return common.HexToHash("0xa2aed0f0fb41b1f15d5794b35460e07faf6ebe60d83540c80e89b1f06eca9396")
}

// UnpackWithdrawalAlreadyPendingError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error WithdrawalAlreadyPending()
func (escrow *Escrow) UnpackWithdrawalAlreadyPendingError(raw []byte) (*EscrowWithdrawalAlreadyPending, error) {
	out := new(EscrowWithdrawalAlreadyPending)
	if err := escrow.abi.UnpackIntoInterface(out, "WithdrawalAlreadyPending", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowWithdrawalNotPending represents a WithdrawalNotPending error raised by the Escrow contract.
type EscrowWithdrawalNotPending struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error WithdrawalNotPending()
func EscrowWithdrawalNotPendingErrorID() common.Hash {
	return common.HexToHash("0x3a0a1ca689ec71617ac2a09f285d91cf55fffc1e4a31ad8aeebcc94abb3a85b3")
}

// UnpackWithdrawalNotPendingError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error WithdrawalNotPending()
func (escrow *Escrow) UnpackWithdrawalNotPendingError(raw []byte) (*EscrowWithdrawalNotPending, error) {
	out := new(EscrowWithdrawalNotPending)
	if err := escrow.abi.UnpackIntoInterface(out, "WithdrawalNotPending", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowZeroDeposit represents a ZeroDeposit error raised by the Escrow contract.
type EscrowZeroDeposit struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroDeposit()
func EscrowZeroDepositErrorID() common.Hash {
	return common.HexToHash("0x56316e877e9063fd05b03c347d61a4639470c3199f0bdddd28efee0a5f8b6b02")
}

// UnpackZeroDepositError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroDeposit()
func (escrow *Escrow) UnpackZeroDepositError(raw []byte) (*EscrowZeroDeposit, error) {
	out := new(EscrowZeroDeposit)
	if err := escrow.abi.UnpackIntoInterface(out, "ZeroDeposit", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// EscrowZeroRefund represents a ZeroRefund error raised by the Escrow contract.
type EscrowZeroRefund struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ZeroRefund()
func EscrowZeroRefundErrorID() common.Hash {
	return common.HexToHash("0xd758525c34181c802038c9e1709640cd49191c6bc9afb13a57391cfe9abab6e8")
}

// UnpackZeroRefundError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ZeroRefund()
func (escrow *Escrow) UnpackZeroRefundError(raw []byte) (*EscrowZeroRefund, error) {
	out := new(EscrowZeroRefund)
	if err := escrow.abi.UnpackIntoInterface(out, "ZeroRefund", raw); err != nil {
		return nil, err
	}
	return out, nil
}
