package archive

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Row is a receipt as a file has it. Hashes, addresses and signatures are hexadecimal with 0x
// before it; what a receipt does not have is null. Names of columns are a format: they may be
// added to, never changed.
type Row struct {
	IssuedAt   time.Time `parquet:"issued_at,timestamp(microsecond)"`
	Channel    string    `parquet:"channel,dict"`
	Payer      *string   `parquet:"payer,optional,dict"`
	Sequence   uint64    `parquet:"sequence"`
	Resource   string    `parquet:"resource,dict"`
	Charged    USDC      `parquet:"charged_usdc,decimal(6:20)"`
	Cumulative USDC      `parquet:"cumulative_usdc,decimal(6:20)"`
	Ceiling    *USDC     `parquet:"ceiling_usdc,optional,decimal(6:20)"`
	Grant      *string   `parquet:"grant,optional,dict"`
	Token      *string   `parquet:"token,optional,dict"`
	Request    string    `parquet:"request"`
	Network    string    `parquet:"network,dict"`
	Escrow     string    `parquet:"escrow,dict"`
	Previous   string    `parquet:"previous"`
	Signature  string    `parquet:"signature,dict"`
	// Path are the hashes from the receipt to the root that is signed, with spaces between
	// them; null of a receipt that was signed by itself.
	Path *string `parquet:"path,optional"`
}

// USDC is an amount in atomic units as Parquet's DECIMAL(20, 6): big-endian, in two's
// complement.
type USDC [9]byte

func usdc(a vouchers.Amount) (u USDC) {
	binary.BigEndian.PutUint64(u[1:], uint64(a))
	return u
}

// Amount is u in atomic units.
func (u USDC) Amount() vouchers.Amount { return vouchers.Amount(binary.BigEndian.Uint64(u[1:])) }

// rowOf is the row of a receipt; payer is zero where nobody knows it.
func rowOf(s *receipts.Signed, payer common.Address) Row {
	r := Row{
		IssuedAt: time.Unix(int64(s.IssuedAt), 0).UTC(), Channel: s.Channel.Hex(), Sequence: s.Sequence, Resource: s.Resource,
		Charged: usdc(s.Charged), Cumulative: usdc(s.Cumulative), Request: s.Request.Hex(),
		Network: s.Network, Escrow: s.Escrow.Hex(), Previous: s.Previous.Hex(), Signature: s.Signature.Hex(),
	}
	if payer != (common.Address{}) {
		r.Payer = pointer(payer.Hex())
	}
	if s.Ceiling != 0 {
		r.Ceiling = pointer(usdc(s.Ceiling))
	}
	if s.Grant != (receipts.ID{}) {
		r.Grant = pointer(s.Grant.String())
	}
	if s.Token != (receipts.ID{}) {
		r.Token = pointer(s.Token.String())
	}
	if s.Batch != nil {
		r.Path = pointer(pathText(s.Batch.Path))
	}
	return r
}

func pathText(path []common.Hash) string {
	hashes := make([]string, len(path))
	for i := range path {
		hashes[i] = path[i].Hex()
	}
	return strings.Join(hashes, " ")
}

func pointer[T any](v T) *T { return &v }
