package x402

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
)

// Version is the only protocol version that is spoken: the x402Version of every
// document.
const Version = 2

// The schemes that are spoken.
const (
	// SchemeBatchSettlement is the payment channel scheme: one deposit, a cumulative
	// voucher per call, claims in batches.
	SchemeBatchSettlement = "batch-settlement"
	// SchemeExact is one signed transfer of the price for each call, by EIP-3009 or Permit2.
	SchemeExact = "exact"
	// SchemeUpto is one signed transfer by Permit2 for each call, of which as much is moved as
	// the call has cost.
	SchemeUpto = "upto"
)

// Headers of the HTTP transport; each value is base64 of the document's JSON.
const (
	HeaderPaymentRequired  = "PAYMENT-REQUIRED"  // a PaymentRequired, on status 402
	HeaderPaymentSignature = "PAYMENT-SIGNATURE" // a PaymentPayload, on the request
	HeaderPaymentResponse  = "PAYMENT-RESPONSE"  // a SettlementResponse, on the answer
)

// Keys of the MCP transport in _meta; each value is the document itself.
const (
	MetaPayment         = "x402/payment"          // a PaymentPayload, on tools/call
	MetaPaymentResponse = "x402/payment-response" // a SettlementResponse, on the result
)

// How the tokens of a deposit or of a transfer are pulled: the extra.assetTransferMethod of
// Requirements. Absent means TransferEIP3009, but for the scheme upto, which has Permit2 alone.
const (
	TransferEIP3009 = "eip3009" // the token's own authorizations (EIP-3009)
	TransferPermit2 = "permit2" // Uniswap's Permit2, with a witness
)

// WithdrawDelay limits of the scheme, in seconds: 15 minutes to 30 days.
const (
	MinWithdrawDelay = 900
	MaxWithdrawDelay = 2_592_000
)

// The canonical contracts, at the same addresses on every public chain. The escrow and its
// collectors are what Requirements mean when extra announces no escrow of its own.
var (
	CanonicalEscrow           = common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")
	CanonicalErc3009Collector = common.HexToAddress("0x4020806089470a89826cB9fB1f4059150b550004")
	CanonicalPermit2Collector = common.HexToAddress("0x4020425FAf3B746C082C2f942b4E5159887B0005")
	// CanonicalExactProxy and CanonicalUptoProxy move the tokens of a Permit2 payment to its payee:
	// the spenders of its permit.
	CanonicalExactProxy = common.HexToAddress("0x402085c248EeA27D92E8b30b2C58ed07f9E20001")
	CanonicalUptoProxy  = common.HexToAddress("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002")

	Permit2 = common.HexToAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")
)

const eip155 = "eip155:"

// Network is the CAIP-2 name of an EVM chain: "eip155:8453" for Base.
func Network(chainID uint64) string {
	return eip155 + strconv.FormatUint(chainID, 10)
}

// ParseNetwork reads the chain id of a CAIP-2 name of an EVM chain. The reference
// is a canonical decimal above zero that fits 64 bits; anything else, and any other
// namespace, is refused with an error that wraps [ErrUnsupported].
func ParseNetwork(name string) (chainID uint64, err error) {
	reference, isEVM := strings.CutPrefix(name, eip155)
	chainID, err = strconv.ParseUint(reference, 10, 64)
	if !isEVM || err != nil || chainID == 0 || Network(chainID) != name {
		return 0, fmt.Errorf("network %s: %w: want the name of an EVM chain such as %q", shorten(strconv.Quote(name)), ErrUnsupported, Network(8453))
	}
	return chainID, nil
}
