package vouchers

import (
	"encoding/binary"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
)

// The EIP-712 domain of the batch-settlement escrow.
const (
	DomainName    = "x402 Batch Settlement"
	DomainVersion = "1"
)

const claimEntryType = "ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"

// EIP-712 type hashes of what the escrow knows.
var (
	domainTypeHash     = crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	configTypeHash     = crypto.Keccak256Hash([]byte("ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"))
	voucherTypeHash    = crypto.Keccak256Hash([]byte("Voucher(bytes32 channelId,uint128 maxClaimableAmount)"))
	refundTypeHash     = crypto.Keccak256Hash([]byte("Refund(bytes32 channelId,uint256 nonce,uint128 amount)"))
	claimEntryTypeHash = crypto.Keccak256Hash([]byte(claimEntryType))
	claimBatchTypeHash = crypto.Keccak256Hash([]byte("ClaimBatch(ClaimEntry[] claims)" + claimEntryType))
)

const word = 32

// hasher is the scratch space of one digest, and of the check of one signature:
// what is handed to the hash and to the curve must live on the heap, so it is
// kept here and used again.
type hasher struct {
	state  crypto.KeccakState
	words  [8 * word]byte
	final  [2 + 2*word]byte
	digest common.Hash
	rs     [64]byte
}

var hashers = sync.Pool{New: func() any { return &hasher{state: crypto.NewKeccakState()} }}

// sum hashes in into h.digest. A Keccak state never fails to take or give bytes.
func (h *hasher) sum(in []byte) {
	h.state.Reset()
	_, _ = h.state.Write(in)
	_, _ = h.state.Read(h.digest[:])
}

// put fills the i-th word with b, aligned to the right as the ABI does for numbers and addresses.
func (h *hasher) put(i int, b []byte) {
	w := h.words[i*word : (i+1)*word]
	pad := word - len(b)
	clear(w[:pad])
	copy(w[pad:], b)
}

func (h *hasher) putUint(i int, v uint64) {
	w := h.words[i*word : (i+1)*word]
	clear(w[:word-8])
	binary.BigEndian.PutUint64(w[word-8:], v)
}

// Domain is the EIP-712 domain of one deployment, with everything constant
// hashed in advance. It is safe for concurrent use.
type Domain struct {
	deployment Deployment
	separator  common.Hash
}

// NewDomain returns the domain of a deployment.
func NewDomain(d Deployment) *Domain {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.put(0, domainTypeHash[:])
	h.put(1, crypto.Keccak256([]byte(DomainName)))
	h.put(2, crypto.Keccak256([]byte(DomainVersion)))
	h.putUint(3, d.ChainID)
	h.put(4, d.Escrow[:])
	h.sum(h.words[:5*word])
	return &Domain{deployment: d, separator: h.digest}
}

// Deployment returns the deployment that the domain belongs to.
func (d *Domain) Deployment() Deployment { return d.deployment }

// Separator returns the EIP-712 domain separator.
func (d *Domain) Separator() common.Hash { return d.separator }

// seal turns the struct hash in h.digest into the EIP-712 digest.
func (d *Domain) seal(h *hasher) {
	h.final[0], h.final[1] = 0x19, 0x01
	copy(h.final[2:], d.separator[:])
	copy(h.final[2+word:], h.digest[:])
	h.sum(h.final[:])
}

// ChannelID returns the id of the channel with this config in this deployment.
func (d *Domain) ChannelID(c ChannelConfig) ChannelID {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.put(0, configTypeHash[:])
	h.put(1, c.Payer[:])
	h.put(2, c.PayerAuthorizer[:])
	h.put(3, c.Receiver[:])
	h.put(4, c.ReceiverAuthorizer[:])
	h.put(5, c.Token[:])
	h.putUint(6, c.WithdrawDelay)
	h.put(7, c.Salt[:])
	h.sum(h.words[:8*word])
	d.seal(h)
	return ChannelID(h.digest)
}

// VoucherDigest returns what a payer signs for v. It does not allocate.
func (d *Domain) VoucherDigest(v Voucher) common.Hash {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	d.voucherDigest(h, v)
	return h.digest
}

func (d *Domain) voucherDigest(h *hasher, v Voucher) {
	h.put(0, voucherTypeHash[:])
	h.put(1, v.Channel[:])
	h.putUint(2, uint64(v.Ceiling))
	h.sum(h.words[:3*word])
	d.seal(h)
}

// RefundDigest returns what a receiver's authorizer signs to give amount (atomic
// units) of the channel back to its payer. The nonce is the escrow's refundNonce
// of the channel, a uint256.
func (d *Domain) RefundDigest(id ChannelID, nonce *big.Int, amount Amount) common.Hash {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.put(0, refundTypeHash[:])
	h.put(1, id[:])
	h.put(2, math.U256Bytes(new(big.Int).Set(nonce)))
	h.putUint(3, uint64(amount))
	h.sum(h.words[:4*word])
	d.seal(h)
	return h.digest
}

// ClaimBatchDigest returns what a receiver's authorizer signs for a batch of
// claims, in the order in which they are submitted.
func (d *Domain) ClaimBatchDigest(entries []ClaimEntry) common.Hash {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	hashes := make([]byte, 0, len(entries)*word)
	for _, e := range entries {
		h.put(0, claimEntryTypeHash[:])
		h.put(1, e.Channel[:])
		h.putUint(2, uint64(e.Ceiling))
		h.putUint(3, uint64(e.TotalClaimed))
		h.sum(h.words[:4*word])
		hashes = append(hashes, h.digest[:]...)
	}
	h.sum(hashes)
	h.put(1, h.digest[:])
	h.put(0, claimBatchTypeHash[:])
	h.sum(h.words[:2*word])
	d.seal(h)
	return h.digest
}
