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

// Eip2612Permit is an auto generated low-level Go binding around an user-defined struct.
type Eip2612Permit struct {
	Value    *big.Int
	Deadline *big.Int
	R        [32]byte
	S        [32]byte
	V        uint8
}

// ExactWitness is an auto generated low-level Go binding around an user-defined struct.
type ExactWitness struct {
	To         common.Address
	ValidAfter *big.Int
}

// ExactPermit2ProxyMetaData contains all meta data concerning the ExactPermit2Proxy contract.
var ExactPermit2ProxyMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"permit2\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"PERMIT2\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"contractIPermit2\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"WITNESS_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"WITNESS_TYPE_STRING\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"string\",\"internalType\":\"string\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"settle\",\"inputs\":[{\"name\":\"permit\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.PermitTransferFrom\",\"components\":[{\"name\":\"permitted\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.TokenPermissions\",\"components\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"owner\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"witness\",\"type\":\"tuple\",\"internalType\":\"structExactWitness\",\"components\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"validAfter\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"settleWithPermit\",\"inputs\":[{\"name\":\"permit2612\",\"type\":\"tuple\",\"internalType\":\"structEip2612Permit\",\"components\":[{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"r\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"s\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"v\",\"type\":\"uint8\",\"internalType\":\"uint8\"}]},{\"name\":\"permit\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.PermitTransferFrom\",\"components\":[{\"name\":\"permitted\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.TokenPermissions\",\"components\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"owner\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"witness\",\"type\":\"tuple\",\"internalType\":\"structExactWitness\",\"components\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"validAfter\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithData\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"data\",\"type\":\"bytes\",\"indexed\":false,\"internalType\":\"bytes\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithPanic\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"errorCode\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithReason\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"reason\",\"type\":\"string\",\"indexed\":false,\"internalType\":\"string\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Settled\",\"inputs\":[],\"anonymous\":false},{\"type\":\"event\",\"name\":\"SettledWithPermit\",\"inputs\":[],\"anonymous\":false},{\"type\":\"error\",\"name\":\"InvalidAmount\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidDestination\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidOwner\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidPermit2Address\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"PaymentTooEarly\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"Permit2612AmountMismatch\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ReentrancyGuardReentrantCall\",\"inputs\":[]}]",
	ID:  "ExactPermit2Proxy",
	Bin: "0x60a03461008f57601f610fd938819003918201601f19168301916001600160401b038311848410176100935780849260209460405283398101031261008f57516001600160a01b0381169081900361008f57801561008057608052604051610f3190816100a8823960805181818161016b015281816107a301526109cc0152f35b6359106c8960e01b5f5260045ffd5b5f80fd5b634e487b7160e01b5f52604160045260245ffdfe60806040526004361015610011575f80fd5b5f5f3560e01c806313cd3b5314610872578063156e2152146108205780632c03ae6a146107c75780636afdd850146107585763fa34037814610051575f80fd5b34610477577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36016101a081126107545760a0136104775760807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5c36011261047757610124359073ffffffffffffffffffffffffffffffffffffffff82168092036104775760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffebc360112610477576101843567ffffffffffffffff811161075457610121903690600401610c3f565b610129610de7565b60c43560043581810361072c5773ffffffffffffffffffffffffffffffffffffffff610153610e5b565b1673ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016916084359160ff831680930361072857803b1561072857879160e48a84809460405197889586947fd505accf00000000000000000000000000000000000000000000000000000000865260048601528a602486015260448501526024356064850152608484015260443560a484015260643560c48401525af1918261070f575b505061070a5760018560033d116106fa575b806308c379a01461069757634e487b711461061c575b610531575b610144359173ffffffffffffffffffffffffffffffffffffffff83169283810361052d57610164359060405160208101907fd97b3239a7f32295517bd14cb074edfdd188dfe5eb42f802bb26d4fd1eb12c378252866040820152836060820152606081526102a7608082610cb6565b51902090506102b4610cf7565b9183156105055789156104dd5785156104b557421061048d578798604051956102dc87610c6d565b86526020860197848952853b1561048957604051987f137c29fe000000000000000000000000000000000000000000000000000000008a5260a43573ffffffffffffffffffffffffffffffffffffffff811680910361048557898c9a6103ca8c986020988f9d987fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0978f9d8e9b73ffffffffffffffffffffffffffffffffffffffff9160248e601f9c600482015201528c604460e4359101528c606461010435910152511660848c01525160a48b015260c48a015260e4890152610140610104890152610144880190610da4565b947ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8787030161012488015281865287860137868682860101520116010301925af1801561047a57610462575b50807fde5b89d10fc800c459329c382fabfcad0be0ed7e5328e01fae04e507b09ef5d891a1807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b8161046c91610cb6565b61047757805f610417565b80fd5b6040513d84823e3d90fd5b8b80fd5b8980fd5b6004887fa65539fa000000000000000000000000000000000000000000000000000000008152fd5b6004897fac6b05f5000000000000000000000000000000000000000000000000000000008152fd5b6004897f49e27cff000000000000000000000000000000000000000000000000000000008152fd5b6004897f2c5211c6000000000000000000000000000000000000000000000000000000008152fd5b8680fd5b3d15610614573d67ffffffffffffffff81116105e757604051879161057e601f82017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01660200183610cb6565b81523d87602083013e5b7f41d715076dfd9c1fd3135fbb7675020aab7fb8e82349a0cd5aaa970dcfb816fe6105df73ffffffffffffffffffffffffffffffffffffffff6105c9610e5b565b1692604051918291602083526020830190610da4565b0390a3610238565b6024867f4e487b710000000000000000000000000000000000000000000000000000000081526041600452fd5b856060610588565b858060233d11610686575b610632575b50610233565b90508686917f278207c426558a8c6ef49e9a3c6f87d257ca5c1852f0c988ad5caf894d197623602073ffffffffffffffffffffffffffffffffffffffff610677610e5b565b1692604051908152a35f61062c565b505060206004873e85516001610627565b506106a0610e7e565b806106ab5750610233565b90508686917f0fea7e5a0e14e9f700b9b0666ffd524bacb9ceb9e6234ea2bfb8e1d0ee2365e76106f173ffffffffffffffffffffffffffffffffffffffff6105c9610e5b565b0390a35f61062c565b50600486803e855160e01c61021d565b610238565b8161071991610cb6565b61072457855f61020b565b8580fd5b8780fd5b6004857f050cda49000000000000000000000000000000000000000000000000000000008152fd5b5080fd5b503461047757807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36011261047757602060405173ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152f35b503461047757807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126104775760206040517fd97b3239a7f32295517bd14cb074edfdd188dfe5eb42f802bb26d4fd1eb12c378152f35b503461047757807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126104775761086e61085a610cf7565b604051918291602083526020830190610da4565b0390f35b5034610b9b577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36016101008112610b9b57608013610b9b5760843573ffffffffffffffffffffffffffffffffffffffff8116809103610b9b5760407fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5c360112610b9b5760e43567ffffffffffffffff8111610b9b57610916903690600401610c3f565b9091610920610de7565b60a4359073ffffffffffffffffffffffffffffffffffffffff821691828103610b9b5760c43560405160208101907fd97b3239a7f32295517bd14cb074edfdd188dfe5eb42f802bb26d4fd1eb12c3782528560408201528260608201526060815261098c608082610cb6565b519020602435925061099c610cf7565b918315610c17578415610bef578515610bc7574210610b9f5773ffffffffffffffffffffffffffffffffffffffff7f00000000000000000000000000000000000000000000000000000000000000001693604051956109fa87610c6d565b86526020860197848952853b15610b9b57604051987f137c29fe000000000000000000000000000000000000000000000000000000008a5260043573ffffffffffffffffffffffffffffffffffffffff8116809103610b9b57895f9a610ae58c986020988f9d987fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0978f9d8e9b73ffffffffffffffffffffffffffffffffffffffff9160248e601f9c600482015201528c604480359101528c60648035910152511660848c01525160a48b015260c48a015260e4890152610140610104890152610144880190610da4565b947ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8787030161012488015281865287860137868682860101520116010301925af18015610b9057610b7d575b507f97088ec3606cfe8cc112180570d03fcde05f9b8e1bfef8e27784eaf5dd5691b68180a1807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b610b8991505f90610cb6565b5f5f610b32565b6040513d5f823e3d90fd5b5f80fd5b7fa65539fa000000000000000000000000000000000000000000000000000000005f5260045ffd5b7fac6b05f5000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f49e27cff000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f2c5211c6000000000000000000000000000000000000000000000000000000005f5260045ffd5b9181601f84011215610b9b5782359167ffffffffffffffff8311610b9b5760208381860195010111610b9b57565b6040810190811067ffffffffffffffff821117610c8957604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff821117610c8957604052565b60405190610d0660a083610cb6565b606482527f74657229000000000000000000000000000000000000000000000000000000006080837f5769746e657373207769746e65737329546f6b656e5065726d697373696f6e7360208201527f286164647265737320746f6b656e2c75696e7432353620616d6f756e7429576960408201527f746e657373286164647265737320746f2c75696e743235362076616c6964416660608201520152565b907fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f602080948051918291828752018686015e5f8582860101520116010190565b7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005c610e335760017f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d565b7f3ee5aeb5000000000000000000000000000000000000000000000000000000005f5260045ffd5b60a43573ffffffffffffffffffffffffffffffffffffffff81168103610b9b5790565b5f60443d10610f20576040517ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3d016004823e8051913d602484011167ffffffffffffffff841117610f2b578282019283519167ffffffffffffffff8311610f23577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3d85010160208487010111610f235750610f2092910160200190610cb6565b90565b949350505050565b9291505056",
}

// ExactPermit2Proxy is an auto generated Go binding around an Ethereum contract.
type ExactPermit2Proxy struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *ExactPermit2Proxy) GetABI() abi.ABI {
	return c.abi
}

// NewExactPermit2Proxy creates a new instance of ExactPermit2Proxy.
func NewExactPermit2Proxy() *ExactPermit2Proxy {
	parsed, err := ExactPermit2ProxyMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &ExactPermit2Proxy{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *ExactPermit2Proxy) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address permit2) returns()
func (exactPermit2Proxy *ExactPermit2Proxy) PackConstructor(permit2 common.Address) []byte {
	enc, err := exactPermit2Proxy.abi.Pack("", permit2)
	if err != nil {
		panic(err)
	}
	return enc
}

// PackPERMIT2 is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x6afdd850.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function PERMIT2() view returns(address)
func (exactPermit2Proxy *ExactPermit2Proxy) PackPERMIT2() []byte {
	enc, err := exactPermit2Proxy.abi.Pack("PERMIT2")
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
func (exactPermit2Proxy *ExactPermit2Proxy) TryPackPERMIT2() ([]byte, error) {
	return exactPermit2Proxy.abi.Pack("PERMIT2")
}

// UnpackPERMIT2 is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6afdd850.
//
// Solidity: function PERMIT2() view returns(address)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackPERMIT2(data []byte) (common.Address, error) {
	out, err := exactPermit2Proxy.abi.Unpack("PERMIT2", data)
	if err != nil {
		return *new(common.Address), err
	}
	out0 := *abi.ConvertType(out[0], new(common.Address)).(*common.Address)
	return out0, nil
}

// PackWITNESSTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2c03ae6a.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function WITNESS_TYPEHASH() view returns(bytes32)
func (exactPermit2Proxy *ExactPermit2Proxy) PackWITNESSTYPEHASH() []byte {
	enc, err := exactPermit2Proxy.abi.Pack("WITNESS_TYPEHASH")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackWITNESSTYPEHASH is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x2c03ae6a.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function WITNESS_TYPEHASH() view returns(bytes32)
func (exactPermit2Proxy *ExactPermit2Proxy) TryPackWITNESSTYPEHASH() ([]byte, error) {
	return exactPermit2Proxy.abi.Pack("WITNESS_TYPEHASH")
}

// UnpackWITNESSTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x2c03ae6a.
//
// Solidity: function WITNESS_TYPEHASH() view returns(bytes32)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackWITNESSTYPEHASH(data []byte) ([32]byte, error) {
	out, err := exactPermit2Proxy.abi.Unpack("WITNESS_TYPEHASH", data)
	if err != nil {
		return *new([32]byte), err
	}
	out0 := *abi.ConvertType(out[0], new([32]byte)).(*[32]byte)
	return out0, nil
}

// PackWITNESSTYPESTRING is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x156e2152.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function WITNESS_TYPE_STRING() view returns(string)
func (exactPermit2Proxy *ExactPermit2Proxy) PackWITNESSTYPESTRING() []byte {
	enc, err := exactPermit2Proxy.abi.Pack("WITNESS_TYPE_STRING")
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackWITNESSTYPESTRING is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x156e2152.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function WITNESS_TYPE_STRING() view returns(string)
func (exactPermit2Proxy *ExactPermit2Proxy) TryPackWITNESSTYPESTRING() ([]byte, error) {
	return exactPermit2Proxy.abi.Pack("WITNESS_TYPE_STRING")
}

// UnpackWITNESSTYPESTRING is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x156e2152.
//
// Solidity: function WITNESS_TYPE_STRING() view returns(string)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackWITNESSTYPESTRING(data []byte) (string, error) {
	out, err := exactPermit2Proxy.abi.Unpack("WITNESS_TYPE_STRING", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x13cd3b53.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function settle(((address,uint256),uint256,uint256) permit, address owner, (address,uint256) witness, bytes signature) returns()
func (exactPermit2Proxy *ExactPermit2Proxy) PackSettle(permit IPermit2PermitTransferFrom, owner common.Address, witness ExactWitness, signature []byte) []byte {
	enc, err := exactPermit2Proxy.abi.Pack("settle", permit, owner, witness, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x13cd3b53.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function settle(((address,uint256),uint256,uint256) permit, address owner, (address,uint256) witness, bytes signature) returns()
func (exactPermit2Proxy *ExactPermit2Proxy) TryPackSettle(permit IPermit2PermitTransferFrom, owner common.Address, witness ExactWitness, signature []byte) ([]byte, error) {
	return exactPermit2Proxy.abi.Pack("settle", permit, owner, witness, signature)
}

// PackSettleWithPermit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xfa340378.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function settleWithPermit((uint256,uint256,bytes32,bytes32,uint8) permit2612, ((address,uint256),uint256,uint256) permit, address owner, (address,uint256) witness, bytes signature) returns()
func (exactPermit2Proxy *ExactPermit2Proxy) PackSettleWithPermit(permit2612 Eip2612Permit, permit IPermit2PermitTransferFrom, owner common.Address, witness ExactWitness, signature []byte) []byte {
	enc, err := exactPermit2Proxy.abi.Pack("settleWithPermit", permit2612, permit, owner, witness, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSettleWithPermit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xfa340378.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function settleWithPermit((uint256,uint256,bytes32,bytes32,uint8) permit2612, ((address,uint256),uint256,uint256) permit, address owner, (address,uint256) witness, bytes signature) returns()
func (exactPermit2Proxy *ExactPermit2Proxy) TryPackSettleWithPermit(permit2612 Eip2612Permit, permit IPermit2PermitTransferFrom, owner common.Address, witness ExactWitness, signature []byte) ([]byte, error) {
	return exactPermit2Proxy.abi.Pack("settleWithPermit", permit2612, permit, owner, witness, signature)
}

// ExactPermit2ProxyEIP2612PermitFailedWithData represents a EIP2612PermitFailedWithData event raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyEIP2612PermitFailedWithData struct {
	Token common.Address
	Owner common.Address
	Data  []byte
	Raw   *types.Log // Blockchain specific contextual infos
}

const ExactPermit2ProxyEIP2612PermitFailedWithDataEventName = "EIP2612PermitFailedWithData"

// ContractEventName returns the user-defined event name.
func (ExactPermit2ProxyEIP2612PermitFailedWithData) ContractEventName() string {
	return ExactPermit2ProxyEIP2612PermitFailedWithDataEventName
}

// UnpackEIP2612PermitFailedWithDataEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithData(address indexed token, address indexed owner, bytes data)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackEIP2612PermitFailedWithDataEvent(log *types.Log) (*ExactPermit2ProxyEIP2612PermitFailedWithData, error) {
	event := "EIP2612PermitFailedWithData"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != exactPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ExactPermit2ProxyEIP2612PermitFailedWithData)
	if len(log.Data) > 0 {
		if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range exactPermit2Proxy.abi.Events[event].Inputs {
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

// ExactPermit2ProxyEIP2612PermitFailedWithPanic represents a EIP2612PermitFailedWithPanic event raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyEIP2612PermitFailedWithPanic struct {
	Token     common.Address
	Owner     common.Address
	ErrorCode *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const ExactPermit2ProxyEIP2612PermitFailedWithPanicEventName = "EIP2612PermitFailedWithPanic"

// ContractEventName returns the user-defined event name.
func (ExactPermit2ProxyEIP2612PermitFailedWithPanic) ContractEventName() string {
	return ExactPermit2ProxyEIP2612PermitFailedWithPanicEventName
}

// UnpackEIP2612PermitFailedWithPanicEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithPanic(address indexed token, address indexed owner, uint256 errorCode)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackEIP2612PermitFailedWithPanicEvent(log *types.Log) (*ExactPermit2ProxyEIP2612PermitFailedWithPanic, error) {
	event := "EIP2612PermitFailedWithPanic"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != exactPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ExactPermit2ProxyEIP2612PermitFailedWithPanic)
	if len(log.Data) > 0 {
		if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range exactPermit2Proxy.abi.Events[event].Inputs {
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

// ExactPermit2ProxyEIP2612PermitFailedWithReason represents a EIP2612PermitFailedWithReason event raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyEIP2612PermitFailedWithReason struct {
	Token  common.Address
	Owner  common.Address
	Reason string
	Raw    *types.Log // Blockchain specific contextual infos
}

const ExactPermit2ProxyEIP2612PermitFailedWithReasonEventName = "EIP2612PermitFailedWithReason"

// ContractEventName returns the user-defined event name.
func (ExactPermit2ProxyEIP2612PermitFailedWithReason) ContractEventName() string {
	return ExactPermit2ProxyEIP2612PermitFailedWithReasonEventName
}

// UnpackEIP2612PermitFailedWithReasonEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithReason(address indexed token, address indexed owner, string reason)
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackEIP2612PermitFailedWithReasonEvent(log *types.Log) (*ExactPermit2ProxyEIP2612PermitFailedWithReason, error) {
	event := "EIP2612PermitFailedWithReason"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != exactPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ExactPermit2ProxyEIP2612PermitFailedWithReason)
	if len(log.Data) > 0 {
		if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range exactPermit2Proxy.abi.Events[event].Inputs {
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

// ExactPermit2ProxySettled represents a Settled event raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxySettled struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const ExactPermit2ProxySettledEventName = "Settled"

// ContractEventName returns the user-defined event name.
func (ExactPermit2ProxySettled) ContractEventName() string {
	return ExactPermit2ProxySettledEventName
}

// UnpackSettledEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Settled()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackSettledEvent(log *types.Log) (*ExactPermit2ProxySettled, error) {
	event := "Settled"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != exactPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ExactPermit2ProxySettled)
	if len(log.Data) > 0 {
		if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range exactPermit2Proxy.abi.Events[event].Inputs {
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

// ExactPermit2ProxySettledWithPermit represents a SettledWithPermit event raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxySettledWithPermit struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const ExactPermit2ProxySettledWithPermitEventName = "SettledWithPermit"

// ContractEventName returns the user-defined event name.
func (ExactPermit2ProxySettledWithPermit) ContractEventName() string {
	return ExactPermit2ProxySettledWithPermitEventName
}

// UnpackSettledWithPermitEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SettledWithPermit()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackSettledWithPermitEvent(log *types.Log) (*ExactPermit2ProxySettledWithPermit, error) {
	event := "SettledWithPermit"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != exactPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(ExactPermit2ProxySettledWithPermit)
	if len(log.Data) > 0 {
		if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range exactPermit2Proxy.abi.Events[event].Inputs {
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
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["InvalidAmount"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackInvalidAmountError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["InvalidDestination"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackInvalidDestinationError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["InvalidOwner"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackInvalidOwnerError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["InvalidPermit2Address"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackInvalidPermit2AddressError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["PaymentTooEarly"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackPaymentTooEarlyError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["Permit2612AmountMismatch"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackPermit2612AmountMismatchError(raw[4:])
	}
	if bytes.Equal(raw[:4], exactPermit2Proxy.abi.Errors["ReentrancyGuardReentrantCall"].ID.Bytes()[:4]) {
		return exactPermit2Proxy.UnpackReentrancyGuardReentrantCallError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// ExactPermit2ProxyInvalidAmount represents a InvalidAmount error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyInvalidAmount struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidAmount()
func ExactPermit2ProxyInvalidAmountErrorID() common.Hash {
	return common.HexToHash("0x2c5211c6cb73b16841677a034781e8336d18ce66df858e54153c86854e11f7b8")
}

// UnpackInvalidAmountError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidAmount()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackInvalidAmountError(raw []byte) (*ExactPermit2ProxyInvalidAmount, error) {
	out := new(ExactPermit2ProxyInvalidAmount)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidAmount", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyInvalidDestination represents a InvalidDestination error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyInvalidDestination struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidDestination()
func ExactPermit2ProxyInvalidDestinationErrorID() common.Hash {
	return common.HexToHash("0xac6b05f542ae1b66b4b43710bf4773616692aad79ee0fe8cb9c5db0f38dd0764")
}

// UnpackInvalidDestinationError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidDestination()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackInvalidDestinationError(raw []byte) (*ExactPermit2ProxyInvalidDestination, error) {
	out := new(ExactPermit2ProxyInvalidDestination)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidDestination", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyInvalidOwner represents a InvalidOwner error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyInvalidOwner struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidOwner()
func ExactPermit2ProxyInvalidOwnerErrorID() common.Hash {
	return common.HexToHash("0x49e27cffb37b1ca4a9bf5318243b2014d13f940af232b8552c208bdea15739da")
}

// UnpackInvalidOwnerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidOwner()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackInvalidOwnerError(raw []byte) (*ExactPermit2ProxyInvalidOwner, error) {
	out := new(ExactPermit2ProxyInvalidOwner)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidOwner", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyInvalidPermit2Address represents a InvalidPermit2Address error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyInvalidPermit2Address struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidPermit2Address()
func ExactPermit2ProxyInvalidPermit2AddressErrorID() common.Hash {
	return common.HexToHash("0x59106c89c9b272a2d1f1659a6166b3441b4dd6dd32f75473f5484e8766f47110")
}

// UnpackInvalidPermit2AddressError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidPermit2Address()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackInvalidPermit2AddressError(raw []byte) (*ExactPermit2ProxyInvalidPermit2Address, error) {
	out := new(ExactPermit2ProxyInvalidPermit2Address)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidPermit2Address", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyPaymentTooEarly represents a PaymentTooEarly error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyPaymentTooEarly struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error PaymentTooEarly()
func ExactPermit2ProxyPaymentTooEarlyErrorID() common.Hash {
	return common.HexToHash("0xa65539fa34358c9b74d7a9931e9f563c9c02f41d47fa53ce79e35e1cadee70d6")
}

// UnpackPaymentTooEarlyError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error PaymentTooEarly()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackPaymentTooEarlyError(raw []byte) (*ExactPermit2ProxyPaymentTooEarly, error) {
	out := new(ExactPermit2ProxyPaymentTooEarly)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "PaymentTooEarly", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyPermit2612AmountMismatch represents a Permit2612AmountMismatch error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyPermit2612AmountMismatch struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error Permit2612AmountMismatch()
func ExactPermit2ProxyPermit2612AmountMismatchErrorID() common.Hash {
	return common.HexToHash("0x050cda497e70d136409d6ab7072a104828e2ffb4be43a59d07e1a5960d8cb9a3")
}

// UnpackPermit2612AmountMismatchError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error Permit2612AmountMismatch()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackPermit2612AmountMismatchError(raw []byte) (*ExactPermit2ProxyPermit2612AmountMismatch, error) {
	out := new(ExactPermit2ProxyPermit2612AmountMismatch)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "Permit2612AmountMismatch", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// ExactPermit2ProxyReentrancyGuardReentrantCall represents a ReentrancyGuardReentrantCall error raised by the ExactPermit2Proxy contract.
type ExactPermit2ProxyReentrancyGuardReentrantCall struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ReentrancyGuardReentrantCall()
func ExactPermit2ProxyReentrancyGuardReentrantCallErrorID() common.Hash {
	return common.HexToHash("0x3ee5aeb571de7fc460830b4d0017439a1ca56fb0bc39062227ade4fe4a24c1ca")
}

// UnpackReentrancyGuardReentrantCallError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ReentrancyGuardReentrantCall()
func (exactPermit2Proxy *ExactPermit2Proxy) UnpackReentrancyGuardReentrantCallError(raw []byte) (*ExactPermit2ProxyReentrancyGuardReentrantCall, error) {
	out := new(ExactPermit2ProxyReentrancyGuardReentrantCall)
	if err := exactPermit2Proxy.abi.UnpackIntoInterface(out, "ReentrancyGuardReentrantCall", raw); err != nil {
		return nil, err
	}
	return out, nil
}
