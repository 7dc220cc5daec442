package abigen

import "github.com/ethereum/go-ethereum/common"

// Deployer is the deterministic CREATE2 deployer, at this address on every chain. Called with salt and init code, it
// creates the contract.
var Deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// Deployment is a contract at its deterministic address. The address follows from Deployer, Salt and InitCode, so only
// this code can be there.
type Deployment struct {
	// Name is the contract's name in the Solidity source.
	Name string
	// Address is the same on every chain.
	Address common.Address
	// InitCodeHash is the keccak-256 hash of InitCode.
	InitCodeHash common.Hash
	// RuntimeCodeHash is the keccak-256 hash of the code at Address, as EXTCODEHASH and eth_getProof report it.
	RuntimeCodeHash common.Hash

	bin      string
	argument common.Address
}

// Deployments lists every contract that has a deterministic address, in the order of deployment.
func Deployments() []Deployment {
	return []Deployment{EscrowDeployment, Erc3009CollectorDeployment, Permit2CollectorDeployment, TransferCollectorDeployment}
}

// InitCode is the code that creates the contract: its creation bytecode, then the constructor's argument if it has one.
func (d Deployment) InitCode() []byte {
	code := common.FromHex(d.bin)
	if d.argument != (common.Address{}) {
		code = append(code, common.LeftPadBytes(d.argument[:], 32)...)
	}
	return code
}

// DeployCall is the call data for Deployer: Salt, then InitCode.
func (d Deployment) DeployCall() []byte {
	return append(Salt.Bytes(), d.InitCode()...)
}
