package abigen

import "github.com/ethereum/go-ethereum/common"

// Contracts of others, at these addresses on every public chain that has them. Chains differ in which they have: look for
// code before relying on one.
var (
	// Permit2Address is Permit2, which moves any ERC-20 by a signature once its owner approved it.
	Permit2Address = common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")
	// Multicall3Address is Multicall3, which makes several calls in one transaction.
	Multicall3Address = common.HexToAddress("0xcA11bde05977b3631167028862bE2a173976CA11")
	// ExactPermit2ProxyAddress is the spender of Permit2 payments of the x402 scheme exact. ExactPermit2ProxyMetaData
	// holds a stand-in for local chains, not the code there.
	ExactPermit2ProxyAddress = common.HexToAddress("0x402085c248EeA27D92E8b30b2C58ed07f9E20001")
	// UptoPermit2ProxyAddress is the spender of payments of the x402 scheme upto. UptoPermit2ProxyMetaData holds a
	// stand-in for local chains, not the code there.
	UptoPermit2ProxyAddress = common.HexToAddress("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002")
)
