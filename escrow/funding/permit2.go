package funding

import (
	"context"
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

// Permit2 is Uniswap's contract of that name, at its address on every chain.
var Permit2 = abigen.Permit2Address

// Permit2Deposit is money that a payer has authorized to move into a channel by a
// witnessed permit of Permit2, which it must have approved for the token.
type Permit2Deposit struct {
	// Config is the channel's.
	Config vouchers.ChannelConfig
	// Amount is what moves, in atomic units.
	Amount vouchers.Amount
	// Nonce is any uint256 that the payer has not used with Permit2 before.
	Nonce *big.Int
	// Deadline is the last moment at which the permit is good, in Unix seconds.
	Deadline uint64
	// Signature is the payer's over the PermitWitnessTransferFrom.
	Signature vouchers.Signature
}

var (
	permit2DomainTypeHash   = crypto.Keccak256Hash([]byte("EIP712Domain(string name,uint256 chainId,address verifyingContract)"))
	permit2NameHash         = crypto.Keccak256Hash([]byte("Permit2"))
	tokenPermissionsType    = "TokenPermissions(address token,uint256 amount)"
	tokenPermissionsHash    = crypto.Keccak256Hash([]byte(tokenPermissionsType))
	depositWitnessType      = "DepositWitness(bytes32 channelId)"
	depositWitnessHash      = crypto.Keccak256Hash([]byte(depositWitnessType))
	permitWitnessTypeHash   = crypto.Keccak256Hash([]byte("PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,DepositWitness witness)" + depositWitnessType + tokenPermissionsType))
	permit2DepositArguments = abi.Arguments{{Type: mustType("uint256")}, {Type: mustType("uint256")}, {Type: mustType("bytes")}, {Type: mustType("bytes")}}
)

// Digest is what the payer signs: the EIP-712 digest of PermitWitnessTransferFrom to
// the collector, with the channel as witness, under Permit2's domain on a chain.
func (d Permit2Deposit) Digest(chainID uint64, collector common.Address, id vouchers.ChannelID) common.Hash {
	separator := Permit2Separator(chainID)
	structHash := crypto.Keccak256(
		permitWitnessTypeHash[:],
		crypto.Keccak256(tokenPermissionsHash[:], common.LeftPadBytes(d.Config.Token[:], 32), word(d.Amount.Big())),
		common.LeftPadBytes(collector[:], 32),
		word(d.Nonce),
		word(new(big.Int).SetUint64(d.Deadline)),
		crypto.Keccak256(depositWitnessHash[:], id[:]),
	)
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, separator[:], structHash)
}

// Permit2Separator is the EIP-712 domain separator of Permit2 on a chain.
func Permit2Separator(chainID uint64) common.Hash {
	return crypto.Keccak256Hash(
		permit2DomainTypeHash[:],
		permit2NameHash[:],
		word(new(big.Int).SetUint64(chainID)),
		common.LeftPadBytes(Permit2[:], 32),
	)
}

// Sign fills in the payer's signature.
func (d *Permit2Deposit) Sign(ctx context.Context, payer keys.Signer, chainID uint64, collector common.Address, id vouchers.ChannelID) error {
	signature, err := payer.SignHash(ctx, d.Digest(chainID, collector, id))
	if err != nil {
		return fmt.Errorf("sign the deposit of %s: %w", d.Amount, err)
	}
	d.Signature = signature
	return nil
}

// Channel is the channel that the money goes into.
func (d Permit2Deposit) Channel() vouchers.ChannelConfig { return d.Config }

// Sum is what moves, in atomic units.
func (d Permit2Deposit) Sum() vouchers.Amount { return d.Amount }

// Key is the hash that tells it from every other authorization.
func (d Permit2Deposit) Key(chainID uint64, collector common.Address, id vouchers.ChannelID) common.Hash {
	return d.Digest(chainID, collector, id)
}

// Used asks the chain whether it is used up.
func (d Permit2Deposit) Used(ctx context.Context, client *chain.Client, _ vouchers.ChannelID, block *big.Int) (bool, error) {
	return Permit2NonceUsed(ctx, client, d.Config.Payer, d.Nonce, block)
}

// Permit2NonceUsed reports whether a nonce of an owner's permits is used up, or invalidated
// by the owner, as of a block, nil for the latest.
func Permit2NonceUsed(ctx context.Context, client *chain.Client, owner common.Address, nonce, block *big.Int) (bool, error) {
	const bits = 256 // of a word of the bitmap
	position, bit := new(big.Int).DivMod(nonce, big.NewInt(bits), new(big.Int))
	contract := abigen.NewPermit2()
	r := tokenReader{ctx: ctx, client: client, address: Permit2, block: block}
	bitmap, err := ask(r, contract.PackNonceBitmap(owner, position), contract.UnpackNonceBitmap)
	if err != nil {
		return false, fmt.Errorf("ask Permit2 for nonce %s: %w", nonce, err)
	}
	return bitmap.Bit(int(bit.Int64())) == 1, nil
}

// CollectorData is what the collector is told.
func (d Permit2Deposit) CollectorData() ([]byte, error) {
	data, err := permit2DepositArguments.Pack(d.Nonce, new(big.Int).SetUint64(d.Deadline), []byte(d.Signature), []byte{})
	if err != nil {
		return nil, fmt.Errorf("encode the deposit of %s: %w", d.Amount, err)
	}
	return data, nil
}

// Permit2Allowance returns how much of the token an owner lets Permit2 move, in
// atomic units.
func (t Token) Permit2Allowance(ctx context.Context, client *chain.Client, owner common.Address) (*big.Int, error) {
	r := tokenReader{ctx: ctx, client: client, address: t.Address, abi: abigen.NewToken()}
	allowance, err := ask(r, r.abi.PackAllowance(owner, Permit2), r.abi.UnpackAllowance)
	if err != nil {
		return nil, fmt.Errorf("read what %s lets Permit2 move of %s: %w", owner, t.Symbol, err)
	}
	return allowance, nil
}

// PermitNonce returns the nonce of the next EIP-2612 permit that an owner can sign of the
// token.
func (t Token) PermitNonce(ctx context.Context, client *chain.Client, owner common.Address) (uint64, error) {
	r := tokenReader{ctx: ctx, client: client, address: t.Address, abi: abigen.NewToken()}
	nonce, err := ask(r, r.abi.PackNonces(owner), r.abi.UnpackNonces)
	if err != nil {
		return 0, fmt.Errorf("read the nonce of the permits of %s: %w", owner, err)
	}
	if !nonce.IsUint64() {
		return 0, fmt.Errorf("%w: the nonce of the permits of %s is %s", ErrToken, owner, nonce)
	}
	return nonce.Uint64(), nil
}
