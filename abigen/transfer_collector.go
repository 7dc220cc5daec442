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

// TransferCollectorMetaData contains all meta data concerning the TransferCollector contract.
var TransferCollectorMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"escrow_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"collect\",\"inputs\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"deposit\",\"inputs\":[{\"name\":\"config\",\"type\":\"tuple\",\"internalType\":\"structChannelConfig\",\"components\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payerAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiver\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"receiverAuthorizer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"withdrawDelay\",\"type\":\"uint40\",\"internalType\":\"uint40\"},{\"name\":\"salt\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"name\":\"amount\",\"type\":\"uint128\",\"internalType\":\"uint128\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"escrow\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"error\",\"name\":\"NotRequestedByPayer\",\"inputs\":[{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}]},{\"type\":\"error\",\"name\":\"OnlyEscrow\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"OnlyPayer\",\"inputs\":[{\"name\":\"caller\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"}]},{\"type\":\"error\",\"name\":\"SafeERC20FailedOperation\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}]}]",
	ID:  "TransferCollector",
	Bin: "0x60a034607457601f61074038819003918201601f19168301916001600160401b03831184841017607857808492602094604052833981010312607457516001600160a01b03811681036074576080526040516106b3908161008d823960805181818161010901528181610298015261034d0152f35b5f80fd5b634e487b7160e01b5f52604160045260245ffdfe60806040526004361015610011575f80fd5b5f5f3560e01c80632bae461b146102bc578063e2fdcc171461024d5763e416d8d31461003b575f80fd5b3461024a5760a07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261024a5760043573ffffffffffffffffffffffffffffffffffffffff8116808203610248576024359173ffffffffffffffffffffffffffffffffffffffff83169283810361024457604435916064359060843567ffffffffffffffff8111610240573660238201121561024057806004013567ffffffffffffffff811161023c57369101602401116102385773ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000169283330361021057828561013f928a5c94610669565b036101e5575084805d604051927f23b872dd00000000000000000000000000000000000000000000000000000000865260045260245260445260208360648180865af19060018451148216156101c5575b501561019a575080f35b7f5274afe7000000000000000000000000000000000000000000000000000000008252600452602490fd5b60018215166101dd5750813b15153d1516165f610190565b3d84823e3d90fd5b7f2520c4d5000000000000000000000000000000000000000000000000000000008652600452602485fd5b6004887f1a0831da000000000000000000000000000000000000000000000000000000008152fd5b8680fd5b8880fd5b8780fd5b8480fd5b825b80fd5b503461024a57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261024a57602060405173ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152f35b5034610479577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360161010081126104795760e0136104795760e4356fffffffffffffffffffffffffffffffff81168091036104795773ffffffffffffffffffffffffffffffffffffffff61032f6104fc565b1633036104af5773ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016906040517f5e5e0b870000000000000000000000000000000000000000000000000000000081526103a06004820161058d565b60208160e481865afa90811561046e575f9161047d575b506103c06104fc565b906084359173ffffffffffffffffffffffffffffffffffffffff83168303610479576103ed928491610669565b5f5d813b15610479575f91610164839260405194859384927f140f1e750000000000000000000000000000000000000000000000000000000084526104346004850161058d565b60e484015230610104840152610140610124840152816101448401525af1801561046e57610460575080f35b61046c91505f9061051f565b005b6040513d5f823e3d90fd5b5f80fd5b90506020813d6020116104a7575b816104986020938361051f565b8101031261047957515f6103b7565b3d915061048b565b73ffffffffffffffffffffffffffffffffffffffff6104cc6104fc565b7f5dc734a3000000000000000000000000000000000000000000000000000000005f52336004521660245260445ffd5b60043573ffffffffffffffffffffffffffffffffffffffff811681036104795790565b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff82111761056057604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b60043573ffffffffffffffffffffffffffffffffffffffff811680910361047957815260243573ffffffffffffffffffffffffffffffffffffffff811680910361047957602082015260443573ffffffffffffffffffffffffffffffffffffffff811680910361047957604082015260643573ffffffffffffffffffffffffffffffffffffffff811680910361047957606082015260843573ffffffffffffffffffffffffffffffffffffffff811680910361047957608082015260a43564ffffffffff81168091036104795760a082015260c060c435910152565b92909173ffffffffffffffffffffffffffffffffffffffff6040519381602086019616865216604084015260608301526080820152608081526106ad60a08261051f565b5190209056",
}

// TransferCollector is an auto generated Go binding around an Ethereum contract.
type TransferCollector struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *TransferCollector) GetABI() abi.ABI {
	return c.abi
}

// NewTransferCollector creates a new instance of TransferCollector.
func NewTransferCollector() *TransferCollector {
	parsed, err := TransferCollectorMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &TransferCollector{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *TransferCollector) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address escrow_) returns()
func (transferCollector *TransferCollector) PackConstructor(escrow_ common.Address) []byte {
	enc, err := transferCollector.abi.Pack("", escrow_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackCollect is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe416d8d3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes ) returns()
func (transferCollector *TransferCollector) PackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, arg4 []byte) []byte {
	enc, err := transferCollector.abi.Pack("collect", payer, token, amount, channelId, arg4)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCollect is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe416d8d3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes ) returns()
func (transferCollector *TransferCollector) TryPackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, arg4 []byte) ([]byte, error) {
	return transferCollector.abi.Pack("collect", payer, token, amount, channelId, arg4)
}

// PackDeposit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2bae461b.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function deposit((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (transferCollector *TransferCollector) PackDeposit(config ChannelConfig, amount *big.Int) []byte {
	enc, err := transferCollector.abi.Pack("deposit", config, amount)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDeposit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2bae461b.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function deposit((address,address,address,address,address,uint40,bytes32) config, uint128 amount) returns()
func (transferCollector *TransferCollector) TryPackDeposit(config ChannelConfig, amount *big.Int) ([]byte, error) {
	return transferCollector.abi.Pack("deposit", config, amount)
}

// PackEscrow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe2fdcc17.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function escrow() view returns(address)
func (transferCollector *TransferCollector) PackEscrow() []byte {
	enc, err := transferCollector.abi.Pack("escrow")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackEscrow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe2fdcc17.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function escrow() view returns(address)
func (transferCollector *TransferCollector) TryPackEscrow() ([]byte, error) {
	return transferCollector.abi.Pack("escrow")
}

// UnpackEscrow is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe2fdcc17.
//
// Solidity: function escrow() view returns(address)
func (transferCollector *TransferCollector) UnpackEscrow(data []byte) (common.Address, error) {
	out, err := transferCollector.abi.Unpack("escrow", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (transferCollector *TransferCollector) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], transferCollector.abi.Errors["NotRequestedByPayer"].ID.Bytes()[:4]) {
		return transferCollector.UnpackNotRequestedByPayerError(raw[4:])
	}
	if bytes.Equal(raw[:4], transferCollector.abi.Errors["OnlyEscrow"].ID.Bytes()[:4]) {
		return transferCollector.UnpackOnlyEscrowError(raw[4:])
	}
	if bytes.Equal(raw[:4], transferCollector.abi.Errors["OnlyPayer"].ID.Bytes()[:4]) {
		return transferCollector.UnpackOnlyPayerError(raw[4:])
	}
	if bytes.Equal(raw[:4], transferCollector.abi.Errors["SafeERC20FailedOperation"].ID.Bytes()[:4]) {
		return transferCollector.UnpackSafeERC20FailedOperationError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// TransferCollectorNotRequestedByPayer represents a NotRequestedByPayer error raised by the TransferCollector contract.
type TransferCollectorNotRequestedByPayer struct {
	ChannelId [32]byte
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error NotRequestedByPayer(bytes32 channelId)
func TransferCollectorNotRequestedByPayerErrorID() common.Hash {
	return common.HexToHash("0x2520c4d555cd46e4ca96319d19a01d33a24fa0f6419b61853a589f3760f0611a")
}

// UnpackNotRequestedByPayerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error NotRequestedByPayer(bytes32 channelId)
func (transferCollector *TransferCollector) UnpackNotRequestedByPayerError(raw []byte) (*TransferCollectorNotRequestedByPayer, error) {
	out := new(TransferCollectorNotRequestedByPayer)
	if err := transferCollector.abi.UnpackIntoInterface(out, "NotRequestedByPayer", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TransferCollectorOnlyEscrow represents a OnlyEscrow error raised by the TransferCollector contract.
type TransferCollectorOnlyEscrow struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error OnlyEscrow()
func TransferCollectorOnlyEscrowErrorID() common.Hash {
	return common.HexToHash("0x1a0831da800135eb8b363f812c5ff2d62bfb89a98ac4ef39341b38008cca9563")
}

// UnpackOnlyEscrowError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error OnlyEscrow()
func (transferCollector *TransferCollector) UnpackOnlyEscrowError(raw []byte) (*TransferCollectorOnlyEscrow, error) {
	out := new(TransferCollectorOnlyEscrow)
	if err := transferCollector.abi.UnpackIntoInterface(out, "OnlyEscrow", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TransferCollectorOnlyPayer represents a OnlyPayer error raised by the TransferCollector contract.
type TransferCollectorOnlyPayer struct {
	Caller common.Address
	Payer  common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error OnlyPayer(address caller, address payer)
func TransferCollectorOnlyPayerErrorID() common.Hash {
	return common.HexToHash("0x5dc734a3544c7603990c9e2827c37e43c023dbfc40b0468db0c308c9a71f20f4")
}

// UnpackOnlyPayerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error OnlyPayer(address caller, address payer)
func (transferCollector *TransferCollector) UnpackOnlyPayerError(raw []byte) (*TransferCollectorOnlyPayer, error) {
	out := new(TransferCollectorOnlyPayer)
	if err := transferCollector.abi.UnpackIntoInterface(out, "OnlyPayer", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// TransferCollectorSafeERC20FailedOperation represents a SafeERC20FailedOperation error raised by the TransferCollector contract.
type TransferCollectorSafeERC20FailedOperation struct {
	Token common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SafeERC20FailedOperation(address token)
func TransferCollectorSafeERC20FailedOperationErrorID() common.Hash {
	return common.HexToHash("0x5274afe73c98b4749fc91ffae6b7b574e7842cb2144a159e9377a5f20b32edf9")
}

// UnpackSafeERC20FailedOperationError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SafeERC20FailedOperation(address token)
func (transferCollector *TransferCollector) UnpackSafeERC20FailedOperationError(raw []byte) (*TransferCollectorSafeERC20FailedOperation, error) {
	out := new(TransferCollectorSafeERC20FailedOperation)
	if err := transferCollector.abi.UnpackIntoInterface(out, "SafeERC20FailedOperation", raw); err != nil {
		return nil, err
	}
	return out, nil
}
