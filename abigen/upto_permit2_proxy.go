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

// UptoWitness is an auto generated low-level Go binding around an user-defined struct.
type UptoWitness struct {
	To          common.Address
	Facilitator common.Address
	ValidAfter  *big.Int
}

// UptoPermit2ProxyMetaData contains all meta data concerning the UptoPermit2Proxy contract.
var UptoPermit2ProxyMetaData = bind.MetaData{
	ABI: "[{\"type\":\"constructor\",\"inputs\":[{\"name\":\"permit2\",\"type\":\"address\",\"internalType\":\"address\"}],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"PERMIT2\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"address\",\"internalType\":\"contractIPermit2\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"WITNESS_TYPEHASH\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"WITNESS_TYPE_STRING\",\"inputs\":[],\"outputs\":[{\"name\":\"\",\"type\":\"string\",\"internalType\":\"string\"}],\"stateMutability\":\"view\"},{\"type\":\"function\",\"name\":\"settle\",\"inputs\":[{\"name\":\"permit\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.PermitTransferFrom\",\"components\":[{\"name\":\"permitted\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.TokenPermissions\",\"components\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"owner\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"witness\",\"type\":\"tuple\",\"internalType\":\"structUptoWitness\",\"components\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"facilitator\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"validAfter\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"function\",\"name\":\"settleWithPermit\",\"inputs\":[{\"name\":\"permit2612\",\"type\":\"tuple\",\"internalType\":\"structEip2612Permit\",\"components\":[{\"name\":\"value\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"r\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"s\",\"type\":\"bytes32\",\"internalType\":\"bytes32\"},{\"name\":\"v\",\"type\":\"uint8\",\"internalType\":\"uint8\"}]},{\"name\":\"permit\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.PermitTransferFrom\",\"components\":[{\"name\":\"permitted\",\"type\":\"tuple\",\"internalType\":\"structIPermit2.TokenPermissions\",\"components\":[{\"name\":\"token\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"nonce\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"amount\",\"type\":\"uint256\",\"internalType\":\"uint256\"},{\"name\":\"owner\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"witness\",\"type\":\"tuple\",\"internalType\":\"structUptoWitness\",\"components\":[{\"name\":\"to\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"facilitator\",\"type\":\"address\",\"internalType\":\"address\"},{\"name\":\"validAfter\",\"type\":\"uint256\",\"internalType\":\"uint256\"}]},{\"name\":\"signature\",\"type\":\"bytes\",\"internalType\":\"bytes\"}],\"outputs\":[],\"stateMutability\":\"nonpayable\"},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithData\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"data\",\"type\":\"bytes\",\"indexed\":false,\"internalType\":\"bytes\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithPanic\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"errorCode\",\"type\":\"uint256\",\"indexed\":false,\"internalType\":\"uint256\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"EIP2612PermitFailedWithReason\",\"inputs\":[{\"name\":\"token\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"owner\",\"type\":\"address\",\"indexed\":true,\"internalType\":\"address\"},{\"name\":\"reason\",\"type\":\"string\",\"indexed\":false,\"internalType\":\"string\"}],\"anonymous\":false},{\"type\":\"event\",\"name\":\"Settled\",\"inputs\":[],\"anonymous\":false},{\"type\":\"event\",\"name\":\"SettledWithPermit\",\"inputs\":[],\"anonymous\":false},{\"type\":\"error\",\"name\":\"AmountExceedsPermitted\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidAmount\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidDestination\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidOwner\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"InvalidPermit2Address\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"PaymentTooEarly\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"Permit2612AmountMismatch\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"ReentrancyGuardReentrantCall\",\"inputs\":[]},{\"type\":\"error\",\"name\":\"UnauthorizedFacilitator\",\"inputs\":[]}]",
	ID:  "UptoPermit2Proxy",
	Bin: "0x60a03461008f57601f6110e938819003918201601f19168301916001600160401b038311848410176100935780849260209460405283398101031261008f57516001600160a01b0381169081900361008f5780156100805760805260405161104190816100a882396080518181816101e90152818161050f01526107330152f35b6359106c8960e01b5f5260045ffd5b5f80fd5b634e487b7160e01b5f52604160045260245ffdfe60806040526004361015610011575f80fd5b5f5f3560e01c8063016c1748146105de578063156e21521461058c5780632c03ae6a146105335780636afdd850146104c45763ff11e7b414610051575f80fd5b346103ae577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc360161014081126104c0576080136103ae576084359060a4359173ffffffffffffffffffffffffffffffffffffffff83168093036104c05760607fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff3c3601126104c0576101243567ffffffffffffffff81116104bc576100fa903690600401610d4f565b90610103610ef7565b60e4359073ffffffffffffffffffffffffffffffffffffffff82168083036104b85780330361049057602435908186116104685760c43573ffffffffffffffffffffffffffffffffffffffff8116948582036104645750610104359160405160208101917fd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b7583528760408301526060820152836080820152608081526101aa60a082610dc6565b51902090506101b7610e07565b91871561043c5789156104145785156103ec5742106103c457879873ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016946040519661021788610d7d565b875260208701988952853b156103c057604051987f137c29fe000000000000000000000000000000000000000000000000000000008a5260043573ffffffffffffffffffffffffffffffffffffffff81168091036103bc57898c9a6103018c986020988f9d987fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0978f9d8e9b73ffffffffffffffffffffffffffffffffffffffff9160248e601f9c600482015201528c604480359101528c60648035910152511660848c01525160a48b015260c48a015260e4890152610140610104890152610144880190610eb4565b947ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8787030161012488015281865287860137868682860101520116010301925af180156103b157610399575b50807f97088ec3606cfe8cc112180570d03fcde05f9b8e1bfef8e27784eaf5dd5691b691a1807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b816103a391610dc6565b6103ae57805f61034e565b80fd5b6040513d84823e3d90fd5b8b80fd5b8980fd5b6004887fa65539fa000000000000000000000000000000000000000000000000000000008152fd5b6004897fac6b05f5000000000000000000000000000000000000000000000000000000008152fd5b6004897f49e27cff000000000000000000000000000000000000000000000000000000008152fd5b6004897f2c5211c6000000000000000000000000000000000000000000000000000000008152fd5b8880fd5b6004877ffe64b4c7000000000000000000000000000000000000000000000000000000008152fd5b6004867f0f6fae87000000000000000000000000000000000000000000000000000000008152fd5b8580fd5b8280fd5b5080fd5b50346103ae57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126103ae57602060405173ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000168152f35b50346103ae57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126103ae5760206040517fd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b758152f35b50346103ae57807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126103ae576105da6105c6610e07565b604051918291602083526020830190610eb4565b0390f35b5034610cd3577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc36016101e08112610cd35760a013610cd35760807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5c360112610cd3576101243590610144359173ffffffffffffffffffffffffffffffffffffffff8316809303610cd35760607ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe9c360112610cd3576101c43567ffffffffffffffff8111610cd3576106b4903690600401610d4f565b90936106be610ef7565b610184359073ffffffffffffffffffffffffffffffffffffffff8216808303610cd357803303610d275760c43590818611610cff5760043592828403610cd75773ffffffffffffffffffffffffffffffffffffffff61071b610f6b565b1673ffffffffffffffffffffffffffffffffffffffff7f0000000000000000000000000000000000000000000000000000000000000000169460843560ff8116809103610cd357823b15610cd35760e45f928360405195869485937fd505accf0000000000000000000000000000000000000000000000000000000085528960048601528c602486015260448501526024356064850152608484015260443560a484015260643560c48401525af19081610cbe575b50610cb95760018860033d11610ca9575b806308c379a014610c4657634e487b7114610bcb575b610ae0575b610164359073ffffffffffffffffffffffffffffffffffffffff8216958683036103c057506101a4359260405160208101917fd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b75835288604083015260608201528460808201526080815261087160a082610dc6565b519020915061087e610e07565b928815610ab8578115610a90578615610a68574210610a40578899604051966108a688610d7d565b875260208701988952853b156103c057604051987f137c29fe000000000000000000000000000000000000000000000000000000008a5260a43573ffffffffffffffffffffffffffffffffffffffff81168091036103bc57898c9a6109938c986020988f9d987fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0978f9d8e9b73ffffffffffffffffffffffffffffffffffffffff9160248e601f9c600482015201528c604460e4359101528c606461010435910152511660848c01525160a48b015260c48a015260e4890152610140610104890152610144880190610eb4565b947ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8787030161012488015281865287860137868682860101520116010301925af180156103b157610a2b575b50807fde5b89d10fc800c459329c382fabfcad0be0ed7e5328e01fae04e507b09ef5d891a1807f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d80f35b81610a3591610dc6565b6103ae57805f6109e0565b6004897fa65539fa000000000000000000000000000000000000000000000000000000008152fd5b60048a7fac6b05f5000000000000000000000000000000000000000000000000000000008152fd5b60048a7f49e27cff000000000000000000000000000000000000000000000000000000008152fd5b60048a7f2c5211c6000000000000000000000000000000000000000000000000000000008152fd5b3d15610bc3573d67ffffffffffffffff8111610b96576040518291610b2d601f82017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01660200183610dc6565b81523d8a602083013e5b7f41d715076dfd9c1fd3135fbb7675020aab7fb8e82349a0cd5aaa970dcfb816fe610b8e73ffffffffffffffffffffffffffffffffffffffff610b78610f6b565b1692604051918291602083526020830190610eb4565b0390a36107fc565b6024897f4e487b710000000000000000000000000000000000000000000000000000000081526041600452fd5b806060610b37565b888060233d11610c35575b610be1575b506107f7565b90508189917f278207c426558a8c6ef49e9a3c6f87d257ca5c1852f0c988ad5caf894d197623602073ffffffffffffffffffffffffffffffffffffffff610c26610f6b565b1692604051908152a35f610bdb565b5050602060048a3e88516001610bd6565b50610c4f610f8e565b80610c5a57506107f7565b90508189917f0fea7e5a0e14e9f700b9b0666ffd524bacb9ceb9e6234ea2bfb8e1d0ee2365e7610ca073ffffffffffffffffffffffffffffffffffffffff610b78610f6b565b0390a35f610bdb565b50600489803e885160e01c6107e1565b6107fc565b610ccb9199505f90610dc6565b5f975f6107d0565b5f80fd5b7f050cda49000000000000000000000000000000000000000000000000000000005f5260045ffd5b7ffe64b4c7000000000000000000000000000000000000000000000000000000005f5260045ffd5b7f0f6fae87000000000000000000000000000000000000000000000000000000005f5260045ffd5b9181601f84011215610cd35782359167ffffffffffffffff8311610cd35760208381860195010111610cd357565b6040810190811067ffffffffffffffff821117610d9957604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff821117610d9957604052565b60405190610e1660a083610dc6565b607882527f61746f722c75696e743235362076616c696441667465722900000000000000006080837f5769746e657373207769746e65737329546f6b656e5065726d697373696f6e7360208201527f286164647265737320746f6b656e2c75696e7432353620616d6f756e7429576960408201527f746e657373286164647265737320746f2c6164647265737320666163696c697460608201520152565b907fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f602080948051918291828752018686015e5f8582860101520116010190565b7f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005c610f435760017f9b779b17422d0df92223018b32b4d1fa46e071723d6817e2486d003becc55f005d565b7f3ee5aeb5000000000000000000000000000000000000000000000000000000005f5260045ffd5b60a43573ffffffffffffffffffffffffffffffffffffffff81168103610cd35790565b5f60443d10611030576040517ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3d016004823e8051913d602484011167ffffffffffffffff84111761103b578282019283519167ffffffffffffffff8311611033577ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3d85010160208487010111611033575061103092910160200190610dc6565b90565b949350505050565b9291505056",
}

// UptoPermit2Proxy is an auto generated Go binding around an Ethereum contract.
type UptoPermit2Proxy struct {
	abi abi.ABI
}

// GetABI returns the ABI associated with this contract binding.
func (c *UptoPermit2Proxy) GetABI() abi.ABI {
	return c.abi
}

// NewUptoPermit2Proxy creates a new instance of UptoPermit2Proxy.
func NewUptoPermit2Proxy() *UptoPermit2Proxy {
	parsed, err := UptoPermit2ProxyMetaData.ParseABI()
	if err != nil {
		panic(errors.New("invalid ABI: " + err.Error()))
	}
	return &UptoPermit2Proxy{abi: *parsed}
}

// Instance creates a wrapper for a deployed contract instance at the given address.
// Use this to create the instance object passed to abigen v2 library functions Call, Transact, etc.
func (c *UptoPermit2Proxy) Instance(backend bind.ContractBackend, addr common.Address) *bind.BoundContract {
	return bind.NewBoundContract(addr, c.abi, backend, backend, backend)
}

// PackConstructor is the Go binding used to pack the parameters required for
// contract deployment.
//
// Solidity: constructor(address permit2) returns()
func (uptoPermit2Proxy *UptoPermit2Proxy) PackConstructor(permit2 common.Address) []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("", permit2)
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
func (uptoPermit2Proxy *UptoPermit2Proxy) PackPERMIT2() []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("PERMIT2")
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
func (uptoPermit2Proxy *UptoPermit2Proxy) TryPackPERMIT2() ([]byte, error) {
	return uptoPermit2Proxy.abi.Pack("PERMIT2")
}

// UnpackPERMIT2 is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x6afdd850.
//
// Solidity: function PERMIT2() view returns(address)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackPERMIT2(data []byte) (common.Address, error) {
	out, err := uptoPermit2Proxy.abi.Unpack("PERMIT2", data)
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
func (uptoPermit2Proxy *UptoPermit2Proxy) PackWITNESSTYPEHASH() []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("WITNESS_TYPEHASH")
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
func (uptoPermit2Proxy *UptoPermit2Proxy) TryPackWITNESSTYPEHASH() ([]byte, error) {
	return uptoPermit2Proxy.abi.Pack("WITNESS_TYPEHASH")
}

// UnpackWITNESSTYPEHASH is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x2c03ae6a.
//
// Solidity: function WITNESS_TYPEHASH() view returns(bytes32)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackWITNESSTYPEHASH(data []byte) ([32]byte, error) {
	out, err := uptoPermit2Proxy.abi.Unpack("WITNESS_TYPEHASH", data)
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
func (uptoPermit2Proxy *UptoPermit2Proxy) PackWITNESSTYPESTRING() []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("WITNESS_TYPE_STRING")
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
func (uptoPermit2Proxy *UptoPermit2Proxy) TryPackWITNESSTYPESTRING() ([]byte, error) {
	return uptoPermit2Proxy.abi.Pack("WITNESS_TYPE_STRING")
}

// UnpackWITNESSTYPESTRING is the Go binding that unpacks the parameters returned
// from invoking the contract method with ID 0x156e2152.
//
// Solidity: function WITNESS_TYPE_STRING() view returns(string)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackWITNESSTYPESTRING(data []byte) (string, error) {
	out, err := uptoPermit2Proxy.abi.Unpack("WITNESS_TYPE_STRING", data)
	if err != nil {
		return *new(string), err
	}
	out0 := *abi.ConvertType(out[0], new(string)).(*string)
	return out0, nil
}

// PackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xff11e7b4.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function settle(((address,uint256),uint256,uint256) permit, uint256 amount, address owner, (address,address,uint256) witness, bytes signature) returns()
func (uptoPermit2Proxy *UptoPermit2Proxy) PackSettle(permit IPermit2PermitTransferFrom, amount *big.Int, owner common.Address, witness UptoWitness, signature []byte) []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("settle", permit, amount, owner, witness, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSettle is the Go binding used to pack the parameters required for calling
// the contract method with ID 0xff11e7b4.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function settle(((address,uint256),uint256,uint256) permit, uint256 amount, address owner, (address,address,uint256) witness, bytes signature) returns()
func (uptoPermit2Proxy *UptoPermit2Proxy) TryPackSettle(permit IPermit2PermitTransferFrom, amount *big.Int, owner common.Address, witness UptoWitness, signature []byte) ([]byte, error) {
	return uptoPermit2Proxy.abi.Pack("settle", permit, amount, owner, witness, signature)
}

// PackSettleWithPermit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x016c1748.  This method will panic if any
// invalid/nil inputs are passed.
//
// Solidity: function settleWithPermit((uint256,uint256,bytes32,bytes32,uint8) permit2612, ((address,uint256),uint256,uint256) permit, uint256 amount, address owner, (address,address,uint256) witness, bytes signature) returns()
func (uptoPermit2Proxy *UptoPermit2Proxy) PackSettleWithPermit(permit2612 Eip2612Permit, permit IPermit2PermitTransferFrom, amount *big.Int, owner common.Address, witness UptoWitness, signature []byte) []byte {
	enc, err := uptoPermit2Proxy.abi.Pack("settleWithPermit", permit2612, permit, amount, owner, witness, signature)
	if err != nil {
		panic(err)
	}
	return enc
}

// TryPackSettleWithPermit is the Go binding used to pack the parameters required for calling
// the contract method with ID 0x016c1748.  This method will return an error
// if any inputs are invalid/nil.
//
// Solidity: function settleWithPermit((uint256,uint256,bytes32,bytes32,uint8) permit2612, ((address,uint256),uint256,uint256) permit, uint256 amount, address owner, (address,address,uint256) witness, bytes signature) returns()
func (uptoPermit2Proxy *UptoPermit2Proxy) TryPackSettleWithPermit(permit2612 Eip2612Permit, permit IPermit2PermitTransferFrom, amount *big.Int, owner common.Address, witness UptoWitness, signature []byte) ([]byte, error) {
	return uptoPermit2Proxy.abi.Pack("settleWithPermit", permit2612, permit, amount, owner, witness, signature)
}

// UptoPermit2ProxyEIP2612PermitFailedWithData represents a EIP2612PermitFailedWithData event raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyEIP2612PermitFailedWithData struct {
	Token common.Address
	Owner common.Address
	Data  []byte
	Raw   *types.Log // Blockchain specific contextual infos
}

const UptoPermit2ProxyEIP2612PermitFailedWithDataEventName = "EIP2612PermitFailedWithData"

// ContractEventName returns the user-defined event name.
func (UptoPermit2ProxyEIP2612PermitFailedWithData) ContractEventName() string {
	return UptoPermit2ProxyEIP2612PermitFailedWithDataEventName
}

// UnpackEIP2612PermitFailedWithDataEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithData(address indexed token, address indexed owner, bytes data)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackEIP2612PermitFailedWithDataEvent(log *types.Log) (*UptoPermit2ProxyEIP2612PermitFailedWithData, error) {
	event := "EIP2612PermitFailedWithData"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != uptoPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(UptoPermit2ProxyEIP2612PermitFailedWithData)
	if len(log.Data) > 0 {
		if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range uptoPermit2Proxy.abi.Events[event].Inputs {
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

// UptoPermit2ProxyEIP2612PermitFailedWithPanic represents a EIP2612PermitFailedWithPanic event raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyEIP2612PermitFailedWithPanic struct {
	Token     common.Address
	Owner     common.Address
	ErrorCode *big.Int
	Raw       *types.Log // Blockchain specific contextual infos
}

const UptoPermit2ProxyEIP2612PermitFailedWithPanicEventName = "EIP2612PermitFailedWithPanic"

// ContractEventName returns the user-defined event name.
func (UptoPermit2ProxyEIP2612PermitFailedWithPanic) ContractEventName() string {
	return UptoPermit2ProxyEIP2612PermitFailedWithPanicEventName
}

// UnpackEIP2612PermitFailedWithPanicEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithPanic(address indexed token, address indexed owner, uint256 errorCode)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackEIP2612PermitFailedWithPanicEvent(log *types.Log) (*UptoPermit2ProxyEIP2612PermitFailedWithPanic, error) {
	event := "EIP2612PermitFailedWithPanic"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != uptoPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(UptoPermit2ProxyEIP2612PermitFailedWithPanic)
	if len(log.Data) > 0 {
		if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range uptoPermit2Proxy.abi.Events[event].Inputs {
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

// UptoPermit2ProxyEIP2612PermitFailedWithReason represents a EIP2612PermitFailedWithReason event raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyEIP2612PermitFailedWithReason struct {
	Token  common.Address
	Owner  common.Address
	Reason string
	Raw    *types.Log // Blockchain specific contextual infos
}

const UptoPermit2ProxyEIP2612PermitFailedWithReasonEventName = "EIP2612PermitFailedWithReason"

// ContractEventName returns the user-defined event name.
func (UptoPermit2ProxyEIP2612PermitFailedWithReason) ContractEventName() string {
	return UptoPermit2ProxyEIP2612PermitFailedWithReasonEventName
}

// UnpackEIP2612PermitFailedWithReasonEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event EIP2612PermitFailedWithReason(address indexed token, address indexed owner, string reason)
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackEIP2612PermitFailedWithReasonEvent(log *types.Log) (*UptoPermit2ProxyEIP2612PermitFailedWithReason, error) {
	event := "EIP2612PermitFailedWithReason"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != uptoPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(UptoPermit2ProxyEIP2612PermitFailedWithReason)
	if len(log.Data) > 0 {
		if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range uptoPermit2Proxy.abi.Events[event].Inputs {
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

// UptoPermit2ProxySettled represents a Settled event raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxySettled struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const UptoPermit2ProxySettledEventName = "Settled"

// ContractEventName returns the user-defined event name.
func (UptoPermit2ProxySettled) ContractEventName() string {
	return UptoPermit2ProxySettledEventName
}

// UnpackSettledEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event Settled()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackSettledEvent(log *types.Log) (*UptoPermit2ProxySettled, error) {
	event := "Settled"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != uptoPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(UptoPermit2ProxySettled)
	if len(log.Data) > 0 {
		if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range uptoPermit2Proxy.abi.Events[event].Inputs {
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

// UptoPermit2ProxySettledWithPermit represents a SettledWithPermit event raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxySettledWithPermit struct {
	Raw *types.Log // Blockchain specific contextual infos
}

const UptoPermit2ProxySettledWithPermitEventName = "SettledWithPermit"

// ContractEventName returns the user-defined event name.
func (UptoPermit2ProxySettledWithPermit) ContractEventName() string {
	return UptoPermit2ProxySettledWithPermitEventName
}

// UnpackSettledWithPermitEvent is the Go binding that unpacks the event data emitted
// by contract.
//
// Solidity: event SettledWithPermit()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackSettledWithPermitEvent(log *types.Log) (*UptoPermit2ProxySettledWithPermit, error) {
	event := "SettledWithPermit"
	if len(log.Topics) == 0 {
		return nil, bind.ErrNoEventSignature
	}
	if log.Topics[0] != uptoPermit2Proxy.abi.Events[event].ID {
		return nil, bind.ErrEventSignatureMismatch
	}
	out := new(UptoPermit2ProxySettledWithPermit)
	if len(log.Data) > 0 {
		if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, event, log.Data); err != nil {
			return nil, err
		}
	}
	var indexed abi.Arguments
	for _, arg := range uptoPermit2Proxy.abi.Events[event].Inputs {
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
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackError(raw []byte) (any, error) {
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["AmountExceedsPermitted"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackAmountExceedsPermittedError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["InvalidAmount"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackInvalidAmountError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["InvalidDestination"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackInvalidDestinationError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["InvalidOwner"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackInvalidOwnerError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["InvalidPermit2Address"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackInvalidPermit2AddressError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["PaymentTooEarly"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackPaymentTooEarlyError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["Permit2612AmountMismatch"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackPermit2612AmountMismatchError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["ReentrancyGuardReentrantCall"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackReentrancyGuardReentrantCallError(raw[4:])
	}
	if bytes.Equal(raw[:4], uptoPermit2Proxy.abi.Errors["UnauthorizedFacilitator"].ID.Bytes()[:4]) {
		return uptoPermit2Proxy.UnpackUnauthorizedFacilitatorError(raw[4:])
	}
	return nil, errors.New("Unknown error")
}

// UptoPermit2ProxyAmountExceedsPermitted represents a AmountExceedsPermitted error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyAmountExceedsPermitted struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error AmountExceedsPermitted()
func UptoPermit2ProxyAmountExceedsPermittedErrorID() common.Hash {
	return common.HexToHash("0xfe64b4c79c64499c7b848a8b3ba618f45c6f9ef21365d5d7e24aeb3ff041c552")
}

// UnpackAmountExceedsPermittedError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error AmountExceedsPermitted()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackAmountExceedsPermittedError(raw []byte) (*UptoPermit2ProxyAmountExceedsPermitted, error) {
	out := new(UptoPermit2ProxyAmountExceedsPermitted)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "AmountExceedsPermitted", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyInvalidAmount represents a InvalidAmount error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyInvalidAmount struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidAmount()
func UptoPermit2ProxyInvalidAmountErrorID() common.Hash {
	return common.HexToHash("0x2c5211c6cb73b16841677a034781e8336d18ce66df858e54153c86854e11f7b8")
}

// UnpackInvalidAmountError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidAmount()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackInvalidAmountError(raw []byte) (*UptoPermit2ProxyInvalidAmount, error) {
	out := new(UptoPermit2ProxyInvalidAmount)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidAmount", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyInvalidDestination represents a InvalidDestination error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyInvalidDestination struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidDestination()
func UptoPermit2ProxyInvalidDestinationErrorID() common.Hash {
	return common.HexToHash("0xac6b05f542ae1b66b4b43710bf4773616692aad79ee0fe8cb9c5db0f38dd0764")
}

// UnpackInvalidDestinationError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidDestination()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackInvalidDestinationError(raw []byte) (*UptoPermit2ProxyInvalidDestination, error) {
	out := new(UptoPermit2ProxyInvalidDestination)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidDestination", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyInvalidOwner represents a InvalidOwner error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyInvalidOwner struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidOwner()
func UptoPermit2ProxyInvalidOwnerErrorID() common.Hash {
	return common.HexToHash("0x49e27cffb37b1ca4a9bf5318243b2014d13f940af232b8552c208bdea15739da")
}

// UnpackInvalidOwnerError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidOwner()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackInvalidOwnerError(raw []byte) (*UptoPermit2ProxyInvalidOwner, error) {
	out := new(UptoPermit2ProxyInvalidOwner)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidOwner", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyInvalidPermit2Address represents a InvalidPermit2Address error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyInvalidPermit2Address struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error InvalidPermit2Address()
func UptoPermit2ProxyInvalidPermit2AddressErrorID() common.Hash {
	return common.HexToHash("0x59106c89c9b272a2d1f1659a6166b3441b4dd6dd32f75473f5484e8766f47110")
}

// UnpackInvalidPermit2AddressError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error InvalidPermit2Address()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackInvalidPermit2AddressError(raw []byte) (*UptoPermit2ProxyInvalidPermit2Address, error) {
	out := new(UptoPermit2ProxyInvalidPermit2Address)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "InvalidPermit2Address", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyPaymentTooEarly represents a PaymentTooEarly error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyPaymentTooEarly struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error PaymentTooEarly()
func UptoPermit2ProxyPaymentTooEarlyErrorID() common.Hash {
	return common.HexToHash("0xa65539fa34358c9b74d7a9931e9f563c9c02f41d47fa53ce79e35e1cadee70d6")
}

// UnpackPaymentTooEarlyError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error PaymentTooEarly()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackPaymentTooEarlyError(raw []byte) (*UptoPermit2ProxyPaymentTooEarly, error) {
	out := new(UptoPermit2ProxyPaymentTooEarly)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "PaymentTooEarly", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyPermit2612AmountMismatch represents a Permit2612AmountMismatch error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyPermit2612AmountMismatch struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error Permit2612AmountMismatch()
func UptoPermit2ProxyPermit2612AmountMismatchErrorID() common.Hash {
	return common.HexToHash("0x050cda497e70d136409d6ab7072a104828e2ffb4be43a59d07e1a5960d8cb9a3")
}

// UnpackPermit2612AmountMismatchError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error Permit2612AmountMismatch()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackPermit2612AmountMismatchError(raw []byte) (*UptoPermit2ProxyPermit2612AmountMismatch, error) {
	out := new(UptoPermit2ProxyPermit2612AmountMismatch)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "Permit2612AmountMismatch", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyReentrancyGuardReentrantCall represents a ReentrancyGuardReentrantCall error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyReentrancyGuardReentrantCall struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error ReentrancyGuardReentrantCall()
func UptoPermit2ProxyReentrancyGuardReentrantCallErrorID() common.Hash {
	return common.HexToHash("0x3ee5aeb571de7fc460830b4d0017439a1ca56fb0bc39062227ade4fe4a24c1ca")
}

// UnpackReentrancyGuardReentrantCallError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error ReentrancyGuardReentrantCall()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackReentrancyGuardReentrantCallError(raw []byte) (*UptoPermit2ProxyReentrancyGuardReentrantCall, error) {
	out := new(UptoPermit2ProxyReentrancyGuardReentrantCall)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "ReentrancyGuardReentrantCall", raw); err != nil {
		return nil, err
	}
	return out, nil
}

// UptoPermit2ProxyUnauthorizedFacilitator represents a UnauthorizedFacilitator error raised by the UptoPermit2Proxy contract.
type UptoPermit2ProxyUnauthorizedFacilitator struct {
}

// ErrorID returns the hash of canonical representation of the error's signature.
//
// Solidity: error UnauthorizedFacilitator()
func UptoPermit2ProxyUnauthorizedFacilitatorErrorID() common.Hash {
	return common.HexToHash("0x0f6fae871871fa0fd46c599941c98ffc4031e3ee5fe33675d627b18699e5ae52")
}

// UnpackUnauthorizedFacilitatorError is the Go binding used to decode the provided
// error data into the corresponding Go error struct.
//
// Solidity: error UnauthorizedFacilitator()
func (uptoPermit2Proxy *UptoPermit2Proxy) UnpackUnauthorizedFacilitatorError(raw []byte) (*UptoPermit2ProxyUnauthorizedFacilitator, error) {
	out := new(UptoPermit2ProxyUnauthorizedFacilitator)
	if err := uptoPermit2Proxy.abi.UnpackIntoInterface(out, "UnauthorizedFacilitator", raw); err != nil {
		return nil, err
	}
	return out, nil
}
