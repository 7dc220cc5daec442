package extension

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// NameOfferReceipt is the name of the extension that gives a payer a signed
// receipt. A seller announces it in its terms ([AnnounceReceipts]), the payer sends it
// back with the payment, and the receipt is in the answer to that.
const NameOfferReceipt = "offer-receipt"

// ServiceReceipt says that a service was delivered for a payment (extension
// offer-receipt, version 1). It names no amount.
type ServiceReceipt struct {
	// Version is 1.
	Version uint64 `json:"version"`
	// Network is the CAIP-2 name of the chain.
	Network string `json:"network"`
	// ResourceURL is what was paid for.
	ResourceURL string `json:"resourceUrl"`
	// Payer is the address of the payer; its letters are signed as they are written.
	Payer string `json:"payer"`
	// IssuedAt is in Unix seconds.
	IssuedAt uint64 `json:"issuedAt"`
	// Transaction is a hash, or "".
	Transaction string `json:"transaction"`
}

var (
	receiptTypeHash   = crypto.Keccak256([]byte("Receipt(uint256 version,string network,string resourceUrl,string payer,uint256 issuedAt,string transaction)"))
	receiptDomainHash = crypto.Keccak256(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId)")),
		crypto.Keccak256([]byte("x402 receipt")), crypto.Keccak256([]byte("1")), wordOf(1))
)

func wordOf(n uint64) []byte { return common.LeftPadBytes(vouchers.Amount(n).Big().Bytes(), 32) }

// Digest is the EIP-712 digest that the seller signs, under the extension's own domain
// "x402 receipt".
func (r *ServiceReceipt) Digest() common.Hash {
	text := func(s string) []byte { return crypto.Keccak256([]byte(s)) }
	body := crypto.Keccak256(receiptTypeHash, wordOf(r.Version), text(r.Network), text(r.ResourceURL), text(r.Payer), wordOf(r.IssuedAt), text(r.Transaction))
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, receiptDomainHash, body)
}

// receiptExtension is the extension's value in an answer.
type receiptExtension struct {
	Info receiptInfo `json:"info"`
}

type receiptInfo struct {
	Receipt signedService `json:"receipt"`
}

type signedService struct {
	Format    string             `json:"format"`
	Payload   *ServiceReceipt    `json:"payload"`
	Signature vouchers.Signature `json:"signature"`
}

// WithReceipt returns a copy of an answer's extensions with a signed receipt.
func WithReceipt(extensions x402.Extensions, r *ServiceReceipt, signature vouchers.Signature) (x402.Extensions, error) {
	return extensions.Encode(NameOfferReceipt, receiptExtension{receiptInfo{signedService{"eip712", r, signature}}})
}

// AnnounceReceipts returns a copy of the extensions of terms that announces receipts,
// without signed offers.
func AnnounceReceipts(extensions x402.Extensions) x402.Extensions {
	return extensions.With(NameOfferReceipt, jsontext.Value(`{"info":{"offers":[]}}`))
}

// WantsReceipt reports whether a payment asks for a receipt.
func WantsReceipt(extensions x402.Extensions) bool {
	value, there := extensions[NameOfferReceipt]
	return there && value.Kind() == '{'
}
