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

// Erc3009CollectorMetaData contains all meta data concerning the Erc3009Collector contract.
var Erc3009CollectorMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"escrow_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"collect\",\"inputs\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"collectorData\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"escrow\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"error\",\"name\":\"OnlyEscrow\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"SafeERC20FailedOperation\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"}]}]",
	ID:  "Erc3009Collector",
	Bin: "0x60a034606d57601f6104e738819003918201601f19168301916001600160401b03831184841017607157808492602094604052833981010312606d57516001600160a01b0381168103606d576080526040516104619081610086823960805181818161010001526103fc0152f35b5f80fd5b634e487b7160e01b5f52604160045260245ffdfe6080806040526004361015610012575f80fd5b5f905f3560e01c908163e2fdcc17146103b4575063e416d8d314610034575f80fd5b3461035b5760a07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261035b5760043573ffffffffffffffffffffffffffffffffffffffff811680910361035b576024359073ffffffffffffffffffffffffffffffffffffffff821680920361035b5760443560843567ffffffffffffffff811161035b573660238201121561035b57806004013567ffffffffffffffff811161035b57810192602484019136831161035b5773ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000169485330361038c576080908290031261035b57608481013567ffffffffffffffff811161035b578101928060438501121561035b57602484013567ffffffffffffffff811161035f576040519461019f60207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f8501160187610420565b81865260208601926044828401011161035b57815f926044602093018537860101526040516020810190606435825260648401356040820152604081526101e7606082610420565b51902092873b1561035b577fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f610104936044975f97604051998a9889977f88b7ab6300000000000000000000000000000000000000000000000000000000895260048901523060248901528c82890152602481013560648901520135608487015260a486015260e060c48601525180918160e48701528686015e868582860101520116810103018183885af180156103505761033b575b50604051917fa9059cbb00000000000000000000000000000000000000000000000000000000855260045260245260208360448180865af190600184511482161561031b575b50156102f0575080f35b7f5274afe7000000000000000000000000000000000000000000000000000000008252600452602490fd5b60018215166103335750813b15153d1516165f6102e6565b3d84823e3d90fd5b6103489194505f90610420565b5f925f6102a0565b6040513d5f823e3d90fd5b5f80fd5b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b7f1a0831da000000000000000000000000000000000000000000000000000000005f5260045ffd5b3461035b575f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261035b5760209073ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152f35b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff82111761035f5760405256",
}

// Erc3009Collector is an auto generated Go binding around an Ethereum contract.
type Erc3009Collector struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Erc3009Collector) GetABI() abi.ABI {
	return c.abi
}

// NewErc3009Collector creates a new instance of Erc3009Collector.
func NewErc3009Collector() *Erc3009Collector {
	parsed, err := Erc3009CollectorMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Erc3009Collector{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Erc3009Collector) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address escrow_) returns()
func (erc3009Collector *Erc3009Collector) PackConstructor(escrow_ common.Address) []byte {
	enc, err := erc3009Collector.abi.Pack("", escrow_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackCollect is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe416d8d3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes collectorData) returns()
func (erc3009Collector *Erc3009Collector) PackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, collectorData []byte) []byte {
	enc, err := erc3009Collector.abi.Pack("collect", payer, token, amount, channelId, collectorData)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackCollect is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe416d8d3.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes collectorData) returns()
func (erc3009Collector *Erc3009Collector) TryPackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, collectorData []byte) ([]byte, error) {
	return erc3009Collector.abi.Pack("collect", payer, token, amount, channelId, collectorData)
}

// PackEscrow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe2fdcc17.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function escrow() view returns(address)
func (erc3009Collector *Erc3009Collector) PackEscrow() []byte {
	enc, err := erc3009Collector.abi.Pack("escrow")
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
func (erc3009Collector *Erc3009Collector) TryPackEscrow() ([]byte, error) {
	return erc3009Collector.abi.Pack("escrow")
}

// UnpackEscrow is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe2fdcc17.
//
// Solidity: function escrow() view returns(address)
func (erc3009Collector *Erc3009Collector) UnpackEscrow(data []byte) (common.Address, error) {
	out, err := erc3009Collector.abi.Unpack("escrow", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// UnpackError attempts to decode the provided error data using user-defined
// error definitions.
func (erc3009Collector *Erc3009Collector) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], erc3009Collector.abi.Errors["OnlyEscrow"].ID.Bytes()[:4]) {
		return erc3009Collector.UnpackOnlyEscrowError(raw[4:])
	}
	if bytes.Equal(raw[:4], erc3009Collector.abi.Errors["SafeERC20FailedOperation"].ID.Bytes()[:4]) {
		return erc3009Collector.UnpackSafeERC20FailedOperationError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// Erc3009CollectorOnlyEscrow represents a OnlyEscrow error raised by the Erc3009Collector contract.
type Erc3009CollectorOnlyEscrow struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error OnlyEscrow()
func Erc3009CollectorOnlyEscrowErrorID() common.Hash {
	return common.HexToHash("0x1a0831da800135eb8b363f812c5ff2d62bfb89a98ac4ef39341b38008cca9563")
}

// UnpackOnlyEscrowError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error OnlyEscrow()
func (erc3009Collector *Erc3009Collector) UnpackOnlyEscrowError(raw []byte) (*Erc3009CollectorOnlyEscrow, error) {
	out := new(Erc3009CollectorOnlyEscrow)
	if err := erc3009Collector.abi.UnpackIntoInterface(out, "OnlyEscrow", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Erc3009CollectorSafeERC20FailedOperation represents a SafeERC20FailedOperation error raised by the Erc3009Collector contract.
type Erc3009CollectorSafeERC20FailedOperation struct {
	Token common.Address
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error SafeERC20FailedOperation(address token)
func Erc3009CollectorSafeERC20FailedOperationErrorID() common.Hash {
	return common.HexToHash("0x5274afe73c98b4749fc91ffae6b7b574e7842cb2144a159e9377a5f20b32edf9")
}

// UnpackSafeERC20FailedOperationError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error SafeERC20FailedOperation(address token)
func (erc3009Collector *Erc3009Collector) UnpackSafeERC20FailedOperationError(raw []byte) (*Erc3009CollectorSafeERC20FailedOperation, error) {
	out := new(Erc3009CollectorSafeERC20FailedOperation)
	if err := erc3009Collector.abi.UnpackIntoInterface(out, "SafeERC20FailedOperation", raw); err != nil {
		return nil, err
	}
	return out, nil
}
