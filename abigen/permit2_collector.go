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

// Permit2CollectorMetaData contains all meta data concerning the Permit2Collector contract.
var Permit2CollectorMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"escrow_\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"DEPOSIT_WITNESS_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"DEPOSIT_WITNESS_TYPE_STRING\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"string\",\"internalType\":\"string\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"PERMIT2\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"contractIPermit2\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"collect\",\"inputs\":[{\"name\":\"payer\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"channelId\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"collectorData\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"escrow\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"view\"},{\"type\":\"event\",\"name\":\"Eip2612PermitFailed\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"reason\",\"type\":\"bytes\",\"indexed\":false,\"internalType\":\"bytes\"}],\"anonymous\":false},{\"type\":\"error\",\"name\":\"OnlyEscrow\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"Permit2612AmountMismatch\",\"inputs\":[]}]",
	ID:  "Permit2Collector",
	Bin: "0x60a034606d57601f61094a38819003918201601f19168301916001600160401b03831184841017607157808492602094604052833981010312606d57516001600160a01b0381168103606d576080526040516108c49081610086823960805181818161012001526105ca0152f35b5f80fd5b634e487b7160e01b5f52604160045260245ffdfe60806040526004361015610011575f80fd5b5f5f3560e01c806322971aa01461068d5780634f829976146106355780636afdd850146105ee578063e2fdcc17146105805763e416d8d314610051575f80fd5b3461052c5760a07ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261052c576004359073ffffffffffffffffffffffffffffffffffffffff821680920361052c576024359173ffffffffffffffffffffffffffffffffffffffff831680930361052c57604435906084359067ffffffffffffffff821161052c573660238301121561052c57816004013567ffffffffffffffff811161052c57820191602483019036821161052c5773ffffffffffffffffffffffffffffffffffffffff7f00000000000000000000000000000000000000000000000000000000000000001693843303610558576080908290031261052c57606481013567ffffffffffffffff811161052c578260246101769284010161087e565b9160848201359067ffffffffffffffff821161052c57602461019a9284010161087e565b8051806103c7575b5050604051966101b1886106ca565b875284602088015260405191606083019783891067ffffffffffffffff8a111761039a5787986040528352602083019560248301358752604460408501930135835260405195610200876106ca565b8652602086015260405160208101907fba0000097e86dabe64178afe31109221193339a6861598f2133fcbdc92c844798252606435604082015260408152610249606082610713565b5190209461025561078e565b6e22d473030f116ddee9f6b43ac78ba33b156103965788966102d29661030661032494610355976040519c8d9b8c9b7f137c29fe000000000000000000000000000000000000000000000000000000008d5260048d0190516020809173ffffffffffffffffffffffffffffffffffffffff81511684520151910152565b5160448b01525160648a0152805173ffffffffffffffffffffffffffffffffffffffff1660848a01526020015160a4890152565b60c487015260e486015261014061010486015261014485019061083b565b907ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8483030161012485015261083b565b0381836e22d473030f116ddee9f6b43ac78ba35af1801561038b576103775750f35b8161038191610713565b6103885780f35b80fd5b6040513d84823e3d90fd5b8880fd5b6024887f4e487b710000000000000000000000000000000000000000000000000000000081526041600452fd5b8160a0918101031261052c57602081015190604081015190606081015160ff811680910361052c5760a0608083015192015192898503610530578b3b1561052c57604051947fd505accf0000000000000000000000000000000000000000000000000000000086528860048701526e22d473030f116ddee9f6b43ac78ba3602487015260448601526064850152608484015260a483015260c48201525f8160e481838c5af19081610517575b50610512573d156104e55782877f7e7b01ec0ce7714a0ad2679e690f6e406e05368be978b11636290a664a5e174c6104da3d6104ae81610754565b906104bc6040519283610713565b81523d8b602083013e5b60405191829160208352602083019061083b565b0390a35b5f806101a2565b82877f7e7b01ec0ce7714a0ad2679e690f6e406e05368be978b11636290a664a5e174c6104da60606104c6565b6104de565b6105249197505f90610713565b5f955f610473565b5f80fd5b7f050cda49000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f1a0831da000000000000000000000000000000000000000000000000000000005f5260045ffd5b3461052c575f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261052c57602060405173ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152f35b3461052c575f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261052c5760206040516e22d473030f116ddee9f6b43ac78ba38152f35b3461052c575f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261052c5760206040517fba0000097e86dabe64178afe31109221193339a6861598f2133fcbdc92c844798152f35b3461052c575f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261052c576106c66104c661078e565b0390f35b6040810190811067ffffffffffffffff8211176106e657604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff8211176106e657604052565b67ffffffffffffffff81116106e657601f017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01660200190565b6040519061079d60a083610713565b606682527f6d6f756e742900000000000000000000000000000000000000000000000000006080837f4465706f7369745769746e657373207769746e657373294465706f736974576960208201527f746e6573732862797465733332206368616e6e656c496429546f6b656e50657260408201527f6d697373696f6e73286164647265737320746f6b656e2c75696e74323536206160608201520152565b907fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f602080948051918291828752018686015e5f8582860101520116010190565b81601f8201121561052c5780359061089582610754565b926108a36040519485610713565b8284526020838301011161052c57815f92602080930183860137830101529056",
}

// Permit2Collector is an auto generated Go binding around an Ethereum contract.
type Permit2Collector struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *Permit2Collector) GetABI() abi.ABI {
	return c.abi
}

// NewPermit2Collector creates a new instance of Permit2Collector.
func NewPermit2Collector() *Permit2Collector {
	parsed, err := Permit2CollectorMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &Permit2Collector{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *Permit2Collector) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address escrow_) returns()
func (permit2Collector *Permit2Collector) PackConstructor(escrow_ common.Address) []byte {
	enc, err := permit2Collector.abi.Pack("", escrow_)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackDEPOSITWITNESSTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x4f829976.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function DEPOSIT_WITNESS_TYPEHASH() view returns(bytes32)
func (permit2Collector *Permit2Collector) PackDEPOSITWITNESSTYPEHASH() []byte {
	enc, err := permit2Collector.abi.Pack("DEPOSIT_WITNESS_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDEPOSITWITNESSTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x4f829976.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function DEPOSIT_WITNESS_TYPEHASH() view returns(bytes32)
func (permit2Collector *Permit2Collector) TryPackDEPOSITWITNESSTYPEHASH() ([]byte, error) {
	return permit2Collector.abi.Pack("DEPOSIT_WITNESS_TYPEHASH")
}

// UnpackDEPOSITWITNESSTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x4f829976.
//
// Solidity: function DEPOSIT_WITNESS_TYPEHASH() view returns(bytes32)
func (permit2Collector *Permit2Collector) UnpackDEPOSITWITNESSTYPEHASH(data []byte) ([32]byte, error) {
	out, err := permit2Collector.abi.Unpack("DEPOSIT_WITNESS_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackDEPOSITWITNESSTYPESTRING is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x22971aa0.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function DEPOSIT_WITNESS_TYPE_STRING() view returns(string)
func (permit2Collector *Permit2Collector) PackDEPOSITWITNESSTYPESTRING() []byte {
	enc, err := permit2Collector.abi.Pack("DEPOSIT_WITNESS_TYPE_STRING")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackDEPOSITWITNESSTYPESTRING is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x22971aa0.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function DEPOSIT_WITNESS_TYPE_STRING() view returns(string)
func (permit2Collector *Permit2Collector) TryPackDEPOSITWITNESSTYPESTRING() ([]byte, error) {
	return permit2Collector.abi.Pack("DEPOSIT_WITNESS_TYPE_STRING")
}

// UnpackDEPOSITWITNESSTYPESTRING is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x22971aa0.
//
// Solidity: function DEPOSIT_WITNESS_TYPE_STRING() view returns(string)
func (permit2Collector *Permit2Collector) UnpackDEPOSITWITNESSTYPESTRING(data []byte) (string, error) {
	out, err := permit2Collector.abi.Unpack("DEPOSIT_WITNESS_TYPE_STRING", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackPERMIT2 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6afdd850.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function PERMIT2() view returns(address)
func (permit2Collector *Permit2Collector) PackPERMIT2() []byte {
	enc, err := permit2Collector.abi.Pack("PERMIT2")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackPERMIT2 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6afdd850.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function PERMIT2() view returns(address)
func (permit2Collector *Permit2Collector) TryPackPERMIT2() ([]byte, error) {
	return permit2Collector.abi.Pack("PERMIT2")
}

// UnpackPERMIT2 is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6afdd850.
//
// Solidity: function PERMIT2() view returns(address)
func (permit2Collector *Permit2Collector) UnpackPERMIT2(data []byte) (common.Address, error) {
	out, err := permit2Collector.abi.Unpack("PERMIT2", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackCollect is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe416d8d3.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes collectorData) returns()
func (permit2Collector *Permit2Collector) PackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, collectorData []byte) []byte {
	enc, err := permit2Collector.abi.Pack("collect", payer, token, amount, channelId, collectorData)
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
func (permit2Collector *Permit2Collector) TryPackCollect(payer common.Address, token common.Address, amount *big.Int, channelId [32]byte, collectorData []byte) ([]byte, error) {
	return permit2Collector.abi.Pack("collect", payer, token, amount, channelId, collectorData)
}

// PackEscrow is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xe2fdcc17.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function escrow() view returns(address)
func (permit2Collector *Permit2Collector) PackEscrow() []byte {
	enc, err := permit2Collector.abi.Pack("escrow")
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
func (permit2Collector *Permit2Collector) TryPackEscrow() ([]byte, error) {
	return permit2Collector.abi.Pack("escrow")
}

// UnpackEscrow is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0xe2fdcc17.
//
// Solidity: function escrow() view returns(address)
func (permit2Collector *Permit2Collector) UnpackEscrow(data []byte) (common.Address, error) {
	out, err := permit2Collector.abi.Unpack("escrow", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// Permit2CollectorEip2612PermitFailed represents a Eip2612PermitFailed event raised by the Permit2Collector contract.
type Permit2CollectorEip2612PermitFailed struct {
	Token  common.Address
	Owner  common.Address
	Reason []byte
	Raw    *types.Log // Blockchain specific contextual infos
}

const Permit2CollectorEip2612PermitFailedEventName = "Eip2612PermitFailed"

// ContractEventName returns the user-defined event name.
func (Permit2CollectorEip2612PermitFailed) ContractEventName() string {
	return Permit2CollectorEip2612PermitFailedEventName
}

// UnpackEip2612PermitFailedEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Eip2612PermitFailed(address indexed token, address indexed owner, bytes reason)
func (permit2Collector *Permit2Collector) UnpackEip2612PermitFailedEvent(log *types.Log) (*Permit2CollectorEip2612PermitFailed, error) {
	event := "Eip2612PermitFailed"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != permit2Collector.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(Permit2CollectorEip2612PermitFailed)
	if len(log.Data) > 0 {
		if err := permit2Collector.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range permit2Collector.abi.Events[event].Inputs {
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
func (permit2Collector *Permit2Collector) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], permit2Collector.abi.Errors["OnlyEscrow"].ID.Bytes()[:4]) {
		return permit2Collector.UnpackOnlyEscrowError(raw[4:])
	}
	if bytes.Equal(raw[:4], permit2Collector.abi.Errors["Permit2612AmountMismatch"].ID.Bytes()[:4]) {
		return permit2Collector.UnpackPermit2612AmountMismatchError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// Permit2CollectorOnlyEscrow represents a OnlyEscrow error raised by the Permit2Collector contract.
type Permit2CollectorOnlyEscrow struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error OnlyEscrow()
func Permit2CollectorOnlyEscrowErrorID() common.Hash {
	return common.HexToHash("0x1a0831da800135eb8b363f812c5ff2d62bfb89a98ac4ef39341b38008cca9563")
}

// UnpackOnlyEscrowError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error OnlyEscrow()
func (permit2Collector *Permit2Collector) UnpackOnlyEscrowError(raw []byte) (*Permit2CollectorOnlyEscrow, error) {
	out := new(Permit2CollectorOnlyEscrow)
	if err := permit2Collector.abi.UnpackIntoInterface(out, "OnlyEscrow", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// Permit2CollectorPermit2612AmountMismatch represents a Permit2612AmountMismatch error raised by the Permit2Collector contract.
type Permit2CollectorPermit2612AmountMismatch struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error Permit2612AmountMismatch()
func Permit2CollectorPermit2612AmountMismatchErrorID() common.Hash {
	return common.HexToHash("0x050cda497e70d136409d6ab7072a104828e2ffb4be43a59d07e1a5960d8cb9a3")
}

// UnpackPermit2612AmountMismatchError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error Permit2612AmountMismatch()
func (permit2Collector *Permit2Collector) UnpackPermit2612AmountMismatchError(raw []byte) (*Permit2CollectorPermit2612AmountMismatch, error) {
	out := new(Permit2CollectorPermit2612AmountMismatch)
	if err := permit2Collector.abi.UnpackIntoInterface(out, "Permit2612AmountMismatch", raw); err != nil {
		return nil, err
	}
	return out, nil
}
