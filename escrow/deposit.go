package escrow

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
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

// NewDepositSalt returns a random 256-bit salt.
func NewDepositSalt() *big.Int {
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

func (d Deposit) collectorData() ([]byte, error) {
	data, err := depositArguments.Pack(new(big.Int).SetUint64(d.ValidAfter), new(big.Int).SetUint64(d.ValidBefore), d.Salt, []byte(d.Signature))
	if err != nil {
		return nil, fmt.Errorf("encode the deposit of %s: %w", d.Amount, err)
	}
	return data, nil
}

func (d Deposit) channel() vouchers.ChannelConfig { return d.Config }

func (d Deposit) amount() vouchers.Amount { return d.Amount }

func (d Deposit) key(_ uint64, _ common.Address, id vouchers.ChannelID) common.Hash {
	return d.Nonce(id)
}

func (d Deposit) used(ctx context.Context, client *chain.Client, id vouchers.ChannelID, block *big.Int) (bool, error) {
	r := tokenReader{ctx: ctx, client: client, address: d.Config.Token, abi: abigen.NewToken(), block: block}
	return ask(r, r.abi.PackAuthorizationState(d.Config.Payer, d.Nonce(id)), r.abi.UnpackAuthorizationState)
}

// Authorized is a deposit that its payer has signed: a [Deposit] or a [Permit2Deposit].
type Authorized interface {
	channel() vouchers.ChannelConfig
	amount() vouchers.Amount
	// key tells the authorization from every other on the chain.
	key(chainID uint64, collector common.Address, id vouchers.ChannelID) common.Hash
	// used is as of a block, nil for the latest.
	used(ctx context.Context, client *chain.Client, id vouchers.ChannelID, block *big.Int) (bool, error)
	collectorData() ([]byte, error)
}

var (
	_ Authorized = Deposit{}
	_ Authorized = Permit2Deposit{}
)

// Deposit submits a deposit through the collector that it is signed for and waits for
// its confirmation. Called again for the same authorization it returns the same
// transaction's receipt, or nil where another transaction used the authorization. A
// payer that is a contract says itself whether it has signed, at the sender's gas:
// [WithMaxGas] bounds that.
func (c *Contract) Deposit(ctx context.Context, sender *txmgr.Sender, d Authorized, collector common.Address, opts ...SendOption) (*types.Receipt, error) {
	id := c.domain.ChannelID(d.channel())
	data, err := d.collectorData()
	if err != nil {
		return nil, err
	}
	key := c.depositKey(d, collector)
	used, err := d.used(ctx, c.client, id, nil)
	if err != nil {
		return nil, fmt.Errorf("deposit %s into channel %s: %w", d.amount(), id, err)
	}
	if used && !sender.Knows(key) {
		return nil, nil
	}
	call := optionsOf(opts).call
	call.To, call.Label, call.Key = c.deployment.Escrow, "deposit "+d.amount().String(), key
	call.Data = c.abi.PackDeposit(abiConfig(d.channel()), d.amount().Big(), collector, data)
	receipt, err := sender.Send(ctx, call)
	if err != nil {
		return nil, fmt.Errorf("deposit %s into channel %s: %w", d.amount(), id, err)
	}
	return receipt, nil
}

// depositKey makes a deposit's transaction happen once.
func (c *Contract) depositKey(d Authorized, collector common.Address) string {
	return "deposit/" + d.key(c.deployment.ChainID, collector, c.domain.ChannelID(d.channel())).Hex()
}

// Submitted reports whether the sender, or anybody else, has submitted a deposit. The
// chain is asked where it was not the sender.
func (c *Contract) Submitted(ctx context.Context, sender *txmgr.Sender, d Authorized, collector common.Address) (bool, error) {
	if sender.Knows(c.depositKey(d, collector)) {
		return true, nil
	}
	return d.used(ctx, c.client, c.domain.ChannelID(d.channel()), nil)
}

// Outcome reports whether a deposit's authorization is used up, by a deposit or because
// its payer cancelled it, and the channel's balance, both as of the latest block.
func (c *Contract) Outcome(ctx context.Context, d Authorized) (used bool, balance vouchers.Amount, err error) {
	head, err := c.client.BlockNumber(ctx)
	if err != nil {
		return false, 0, err
	}
	config := d.channel()
	states, err := c.statesAt(ctx, []vouchers.ChannelConfig{config}, head)
	if err == nil {
		err = states[0].Err
	}
	if err == nil {
		used, err = d.used(ctx, c.client, c.domain.ChannelID(config), new(big.Int).SetUint64(head))
	}
	if err != nil {
		return false, 0, fmt.Errorf("read what became of the deposit of %s into channel %s: %w", d.amount(), c.domain.ChannelID(config), err)
	}
	return used, states[0].Balance, nil
}
