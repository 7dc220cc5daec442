package funding

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// ErrToken says that a token cannot be used: not six decimals, or an EIP-712 domain that it does not confirm.
var ErrToken = errors.New("unusable token")

// Token is an ERC-20 whose EIP-712 domain was read from the chain and
// confirmed against the contract's own domain separator.
type Token struct {
	// Address of the token on its chain.
	Address common.Address
	// Name and Version are those of the token's EIP-712 domain.
	Name, Version string
	// Symbol is for people.
	Symbol string
	// Separator is the token's EIP-712 domain separator.
	Separator common.Hash
	// EIP3009 says whether it moves by signed authorizations. Without, deposits take
	// Permit2.
	EIP3009 bool
}

// ReadToken reads a token's EIP-712 domain from the chain. It refuses, with an
// error that wraps [ErrToken] or [chain.ErrNoContract], an address without code, a token
// that has not six decimals, and one whose name and version do not hash to its
// DOMAIN_SEPARATOR.
func ReadToken(ctx context.Context, client *chain.Client, address common.Address) (Token, error) {
	r := tokenReader{ctx: ctx, client: client, address: address, abi: abigen.NewToken()}
	token, err := r.read()
	if err != nil {
		return Token{}, fmt.Errorf("token %s on %s: %w", address, client.Network(), err)
	}
	return token, nil
}

type tokenReader struct {
	ctx     context.Context
	client  *chain.Client
	address common.Address
	abi     *abigen.Token
	block   *big.Int // nil is the latest
}

func (r tokenReader) read() (Token, error) {
	decimals, err := ask(r, r.abi.PackDecimals(), r.abi.UnpackDecimals)
	if err != nil {
		return Token{}, err
	}
	if decimals != vouchers.Decimals {
		return Token{}, fmt.Errorf("%w: it has %d decimals, amounts here have %d", ErrToken, decimals, vouchers.Decimals)
	}
	separator, err := ask(r, r.abi.PackDOMAINSEPARATOR(), r.abi.UnpackDOMAINSEPARATOR)
	if err != nil {
		return Token{}, fmt.Errorf("%w: no DOMAIN_SEPARATOR, so no EIP-3009: %w", ErrToken, err)
	}
	token := Token{Address: r.address, Separator: separator}
	if token.EIP3009, err = r.hasEIP3009(); err != nil {
		return Token{}, err
	}
	if token.Name, err = ask(r, r.abi.PackName(), r.abi.UnpackName); err != nil {
		return Token{}, err
	}
	if token.Symbol, err = ask(r, r.abi.PackSymbol(), r.abi.UnpackSymbol); err != nil {
		return Token{}, err
	}
	token.Version, err = ask(r, r.abi.PackVersion(), r.abi.UnpackVersion)
	if err == nil && domainSeparator(token.Name, token.Version, r.client.ChainID(), r.address) == separator {
		return token, nil
	}
	domain, err := ask(r, r.abi.PackEip712Domain(), r.abi.UnpackEip712Domain)
	if err != nil {
		return Token{}, fmt.Errorf("%w: neither version() nor eip712Domain() explains its DOMAIN_SEPARATOR %x: %w", ErrToken, separator, err)
	}
	token.Name, token.Version = domain.Name, domain.Version
	if domainSeparator(token.Name, token.Version, r.client.ChainID(), r.address) != separator {
		return Token{}, fmt.Errorf("%w: name %q and version %q do not hash to its DOMAIN_SEPARATOR %x", ErrToken, token.Name, token.Version, separator)
	}
	return token, nil
}

// hasEIP3009 asks the token for the state of an authorization that nobody made.
func (r tokenReader) hasEIP3009() (bool, error) {
	_, err := ask(r, r.abi.PackAuthorizationState(r.address, common.Hash{}), r.abi.UnpackAuthorizationState)
	if chain.IsRevert(err) || errors.Is(err, chain.ErrNoContract) { // a fallback function answers with nothing
		return false, nil
	}
	return err == nil, err
}

func ask[T any](r tokenReader, data []byte, unpack func([]byte) (T, error)) (T, error) {
	var zero T
	raw, err := r.client.CallContract(r.ctx, ethereum.CallMsg{To: &r.address, Data: data}, r.block)
	if err != nil {
		return zero, err
	}
	if len(raw) == 0 {
		return zero, fmt.Errorf("%w: check the address and the chain", chain.ErrNoContract)
	}
	return unpack(raw)
}

// Balance returns how much of the token an account holds, in atomic units.
func (t Token) Balance(ctx context.Context, client *chain.Client, account common.Address) (vouchers.Amount, error) {
	r := tokenReader{ctx: ctx, client: client, address: t.Address, abi: abigen.NewToken()}
	balance, err := ask(r, r.abi.PackBalanceOf(account), r.abi.UnpackBalanceOf)
	if err != nil {
		return 0, fmt.Errorf("read the %s balance of %s: %w", t.Symbol, account, err)
	}
	return vouchers.AmountFromBig(balance)
}

var domainTypeHash = crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))

func domainSeparator(name, version string, chainID uint64, contract common.Address) common.Hash {
	return crypto.Keccak256Hash(
		domainTypeHash[:],
		crypto.Keccak256([]byte(name)),
		crypto.Keccak256([]byte(version)),
		word(new(big.Int).SetUint64(chainID)),
		common.LeftPadBytes(contract[:], 32),
	)
}

func word(v *big.Int) []byte { return common.LeftPadBytes(v.Bytes(), 32) }
