package funding

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
)

// Authorized is a deposit that its payer has signed: a [Deposit] or a [Permit2Deposit].
type Authorized interface {
	// Channel is where the money goes, Sum how much of it there is, in atomic units.
	Channel() vouchers.ChannelConfig
	Sum() vouchers.Amount
	// Key tells the authorization from every other on the chain.
	Key(chainID uint64, collector common.Address, id vouchers.ChannelID) common.Hash
	// Used reports whether it is used up as of a block, nil for the latest: by a deposit,
	// or because its payer cancelled it.
	Used(ctx context.Context, client *chain.Client, id vouchers.ChannelID, block *big.Int) (bool, error)
	// CollectorData is what the escrow hands to the collector that it is signed for.
	CollectorData() ([]byte, error)
}

var (
	_ Authorized = Deposit{}
	_ Authorized = Permit2Deposit{}
)

// Deposit is money that a payer has authorized to move into a channel by EIP-3009:
// the payer signs, anyone may submit.
type Deposit struct {
	// Config is the channel's.
	Config vouchers.ChannelConfig
	// Amount is what moves, in atomic units.
	Amount vouchers.Amount
	// ValidAfter and ValidBefore bound the authorization, in Unix seconds, both exclusive.
	ValidAfter, ValidBefore uint64
	// Salt makes the authorization's nonce, keccak256(abi.encode(channelId, salt)), unique.
	Salt *big.Int
	// Signature is the payer's over the token's ReceiveWithAuthorization.
	Signature vouchers.Signature
}

var receiveTypeHash = crypto.Keccak256Hash([]byte("ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"))

var depositArguments = abi.Arguments{{Type: mustType("uint256")}, {Type: mustType("uint256")}, {Type: mustType("uint256")}, {Type: mustType("bytes")}}

func mustType(name string) abi.Type {
	t, err := abi.NewType(name, "", nil)
	if err != nil {
		panic(fmt.Sprintf("abi type %s: %v", name, err))
	}
	return t
}

// NewNonce returns a random 256-bit number, for a salt or a nonce of Permit2.
func NewNonce() *big.Int {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error
	return new(big.Int).SetBytes(b[:])
}

// Nonce is the EIP-3009 nonce of the authorization, which can be used once.
func (d Deposit) Nonce(id vouchers.ChannelID) common.Hash {
	return crypto.Keccak256Hash(id[:], word(d.Salt))
}

// Digest is what the payer signs: the EIP-712 digest of ReceiveWithAuthorization to
// the collector under the token's domain.
func (d Deposit) Digest(token Token, collector common.Address, id vouchers.ChannelID) common.Hash {
	nonce := d.Nonce(id)
	structHash := crypto.Keccak256(
		receiveTypeHash[:],
		common.LeftPadBytes(d.Config.Payer[:], 32),
		common.LeftPadBytes(collector[:], 32),
		word(d.Amount.Big()),
		word(new(big.Int).SetUint64(d.ValidAfter)),
		word(new(big.Int).SetUint64(d.ValidBefore)),
		nonce[:],
	)
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, token.Separator[:], structHash)
}

// Sign fills in the payer's signature.
func (d *Deposit) Sign(ctx context.Context, payer keys.Signer, token Token, collector common.Address, id vouchers.ChannelID) error {
	signature, err := payer.SignHash(ctx, d.Digest(token, collector, id))
	if err != nil {
		return fmt.Errorf("sign the deposit of %s: %w", d.Amount, err)
	}
	d.Signature = signature
	return nil
}

// CollectorData is what the collector is told.
func (d Deposit) CollectorData() ([]byte, error) {
	data, err := depositArguments.Pack(new(big.Int).SetUint64(d.ValidAfter), new(big.Int).SetUint64(d.ValidBefore), d.Salt, []byte(d.Signature))
	if err != nil {
		return nil, fmt.Errorf("encode the deposit of %s: %w", d.Amount, err)
	}
	return data, nil
}

// Channel is the channel that the money goes into.
func (d Deposit) Channel() vouchers.ChannelConfig { return d.Config }

// Sum is what moves, in atomic units.
func (d Deposit) Sum() vouchers.Amount { return d.Amount }

// Key is the hash that tells it from every other authorization.
func (d Deposit) Key(_ uint64, _ common.Address, id vouchers.ChannelID) common.Hash {
	return d.Nonce(id)
}

// Used asks the chain whether it is used up.
func (d Deposit) Used(ctx context.Context, client *chain.Client, id vouchers.ChannelID, block *big.Int) (bool, error) {
	return AuthorizationUsed(ctx, client, d.Config.Token, d.Config.Payer, d.Nonce(id), block)
}

// AuthorizationUsed reports whether an EIP-3009 authorization of a token is used up, or
// cancelled by its authorizer, as of a block, nil for the latest.
func AuthorizationUsed(ctx context.Context, client *chain.Client, token, authorizer common.Address, nonce common.Hash, block *big.Int) (bool, error) {
	r := tokenReader{ctx: ctx, client: client, address: token, abi: abigen.NewToken(), block: block}
	return ask(r, r.abi.PackAuthorizationState(authorizer, nonce), r.abi.UnpackAuthorizationState)
}
