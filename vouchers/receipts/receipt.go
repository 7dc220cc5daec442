package receipts

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// The EIP-712 domain of receipts; its chainId and verifyingContract are those of the
// channel's escrow.
const (
	DomainName    = "chit receipt"
	DomainVersion = "1"
)

// Type is the EIP-712 type of a receipt.
const Type = "Receipt(bytes32 channelId,uint64 sequence,bytes32 previous,uint128 charged,uint128 cumulative,uint128 ceiling," +
	"bytes16 grant,bytes16 token,string resource,bytes32 request,uint64 issuedAt)"

var (
	typeHash       = crypto.Keccak256Hash([]byte(Type))
	domainTypeHash = crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	domainName     = crypto.Keccak256Hash([]byte(DomainName))
	domainVersion  = crypto.Keccak256Hash([]byte(DomainVersion))
)

// MaxResource is how long the name of what was sold may be, in bytes; longer ones are
// cut off there. The receipt's Request tells them apart.
const MaxResource = 1024

// Evidence is the resource of a receipt for what was charged before the seller's books were
// restored from a backup that did not have it, and that the payer has shown. Its Request is the
// digest of the receipt that was shown, or of the voucher.
const Evidence = "chit:evidence"

// Receipt is what a seller says of one charge. Amounts are atomic units.
type Receipt struct {
	// Network and Escrow are the channel's deployment, which the EIP-712 domain holds.
	Network string         `json:"network"`
	Escrow  common.Address `json:"escrow"`
	// Channel was charged.
	Channel vouchers.ChannelID `json:"channelId"`
	// Sequence numbers the receipts of the channel, from 1, without gaps.
	Sequence uint64 `json:"sequence"`
	// Previous is the digest of the receipt before; zero for the first.
	Previous common.Hash `json:"previous"`
	// Charged is what the call cost, above 0.
	Charged vouchers.Amount `json:"charged"`
	// Cumulative is what the channel was charged over its life, with this.
	Cumulative vouchers.Amount `json:"cumulative"`
	// Ceiling is that of the voucher that paid; 0 if a credit token did.
	Ceiling vouchers.Amount `json:"ceiling,omitzero"`
	// Grant and Token are the credit token that paid: what it was granted as, and the
	// fingerprint of the very token. Zero if a voucher paid.
	Grant ID `json:"grant,omitzero"`
	Token ID `json:"token,omitzero"`
	// Resource is what was sold: "mcp://tool/" and a tool's name, a URL, or the path of one
	// (see [OfPath]).
	Resource string `json:"resource"`
	// Request is the SHA-256 of the request, which tells calls of one resource apart.
	Request common.Hash `json:"request"`
	// IssuedAt is in Unix seconds.
	IssuedAt uint64 `json:"issuedAt"`
}

// OfPath names what is sold at a path, which begins with a slash, without a host. What begins
// with two gets "/." before it: readers of URLs take what follows two slashes for a host.
func OfPath(path string) string {
	if strings.HasPrefix(path, "//") {
		return "/." + path
	}
	return path
}

// Signed is a receipt with the signature of the receiver's authorizer.
type Signed struct {
	Receipt
	Signature vouchers.Signature `json:"signature"`
	// Batch is how the receipt belongs to what Signature is over; nil where that is the receipt
	// itself.
	Batch *Proof `json:"batch,omitempty"`
}

// ErrSigner is what a receipt is refused with that somebody else signed.
var ErrSigner = errors.New("another key's receipt")

// Deployment is that of the channel. The error wraps [ErrFormat].
func (r *Receipt) Deployment() (vouchers.Deployment, error) {
	text, isEVM := strings.CutPrefix(r.Network, "eip155:")
	id, err := strconv.ParseUint(text, 10, 64)
	if !isEVM || err != nil || text[0] == '0' {
		return vouchers.Deployment{}, fmt.Errorf("%w: network %.40q, want eip155: and a chain id", ErrFormat, r.Network)
	}
	return vouchers.Deployment{ChainID: id, Escrow: r.Escrow}, nil
}

// separator is the EIP-712 domain separator of a deployment's receipts.
func separator(d vouchers.Deployment) common.Hash {
	w := make(words, 0, 5*wordSize)
	w.hash(domainTypeHash)
	w.hash(domainName)
	w.hash(domainVersion)
	w.number(d.ChainID)
	w.right(d.Escrow[:])
	return crypto.Keccak256Hash(w)
}

// digest is what is signed, under a domain separator.
func (r *Receipt) digest(separator common.Hash) (digest common.Hash) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.text = append(s.text[:0], r.Resource...)
	hashInto(s.hasher, &s.sum, s.text)
	s.words = s.words[:0]
	s.words.hash(typeHash)
	s.words.hash(common.Hash(r.Channel))
	s.words.number(r.Sequence)
	s.words.hash(r.Previous)
	s.words.number(uint64(r.Charged))
	s.words.number(uint64(r.Cumulative))
	s.words.number(uint64(r.Ceiling))
	s.words.left(r.Grant[:])
	s.words.left(r.Token[:])
	s.words.hash(s.sum)
	s.words.hash(r.Request)
	s.words.number(r.IssuedAt)
	hashInto(s.hasher, &s.sum, s.words)
	s.text = append(append(append(s.text[:0], 0x19, 0x01), separator[:]...), s.sum[:]...)
	hashInto(s.hasher, &s.sum, s.text)
	return s.sum
}

// scratch is what a digest is worked out in.
type scratch struct {
	hasher crypto.KeccakState
	words  words
	text   []byte
	sum    common.Hash
}

var scratches = sync.Pool{New: func() any { return &scratch{hasher: crypto.NewKeccakState()} }}

// Digest is the EIP-712 digest that is signed, and that the next receipt names. The
// error wraps [ErrFormat].
func (r *Receipt) Digest() (common.Hash, error) {
	d, err := r.Deployment()
	if err != nil {
		return common.Hash{}, err
	}
	return r.digest(separator(d)), nil
}

// Check refuses a receipt that signer did not sign, with an error that wraps
// [ErrSigner], [vouchers.ErrSignature] or [ErrFormat].
func (s *Signed) Check(signer common.Address) error {
	_, err := s.Attested(signer, nil)
	return err
}

// Attested returns the digest of a receipt that signer has signed, or one of the others, alone or
// in a batch. Errors are those of [Signed.Check].
func (s *Signed) Attested(signer common.Address, others []common.Address) (common.Hash, error) {
	digest, err := s.Digest()
	if err != nil {
		return common.Hash{}, err
	}
	return digest, s.check(digest, signer, others)
}

// Signer returns who signed a receipt, alone or in a batch. Errors wrap [vouchers.ErrSignature]
// or [ErrFormat].
func (s *Signed) Signer() (common.Address, error) {
	digest, err := s.Digest()
	if err != nil {
		return common.Address{}, err
	}
	return s.signer(digest)
}

func (s *Signed) signer(digest common.Hash) (common.Address, error) {
	signed, err := s.signed(digest)
	if err != nil {
		return common.Address{}, err
	}
	return vouchers.Recover(signed, s.Signature)
}

// signed is what the signature is over: the digest of the receipt, or of its batch.
func (s *Signed) signed(digest common.Hash) (common.Hash, error) {
	if s.Batch == nil {
		return digest, nil
	}
	if err := s.checkBatch(); err != nil {
		return common.Hash{}, err
	}
	return batchDigest(climb(digest, s.Batch.Path)), nil
}

// check is Check where others may have signed as well.
func (s *Signed) check(digest common.Hash, signer common.Address, others []common.Address) error {
	got, err := s.signer(digest)
	if err != nil {
		return err
	}
	return mayBeBy(got, signer, others)
}

func mayBeBy(got, signer common.Address, others []common.Address) error {
	if got != signer && !slices.Contains(others, got) {
		return fmt.Errorf("%w: %s signed it, the channel's receiver authorizer is %s", ErrSigner, got, signer)
	}
	return nil
}

// ID names a grant of credit or a credit token; 32 hex digits as text.
type ID [16]byte

// MarshalText returns the hex digits.
func (id ID) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(id[:])), nil }

// String returns the hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// UnmarshalText reads them. The error wraps [ErrFormat].
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != 2*len(id) {
		return fmt.Errorf("%w: %.40q, want %d hex digits", ErrFormat, text, 2*len(id))
	}
	if _, err := hex.Decode(id[:], text); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrFormat, text, err)
	}
	return nil
}

// words are words as the ABI encodes them.
type words []byte

const wordSize = 32

func (w *words) hash(h common.Hash) { *w = append(*w, h[:]...) }

// right appends b aligned to the right, as for numbers and addresses.
func (w *words) right(b []byte) {
	var word [wordSize]byte
	copy(word[wordSize-len(b):], b)
	*w = append(*w, word[:]...)
}

// left appends b aligned to the left, as for short byte strings.
func (w *words) left(b []byte) {
	var word [wordSize]byte
	copy(word[:], b)
	*w = append(*w, word[:]...)
}

func (w *words) number(n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	w.right(b[:])
}
