package profile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// ErrKey says that a profile's key cannot be used.
var ErrKey = errors.New("unusable key")

// KeyVariable is the environment variable whose private key, in hex, comes before
// the key that a profile names. It is meant for CI.
const KeyVariable = "CHIT_KEY"

// Passphrase asks for the passphrase of the key file of an address.
type Passphrase func(address string) (string, error)

// Wallet is the keystore.
func (h Home) Wallet() agent.Wallet { return agent.Wallet{Dir: h.Keystore()} }

// PayerKey opens the key that funds channels and signs vouchers.
func (p *Profile) PayerKey(ask Passphrase) (keys.Signer, error) {
	return p.key("payer", p.Payer, ask)
}

// SellerKey opens the key that submits claims and pays their gas.
func (p *Profile) SellerKey(ask Passphrase) (keys.Signer, error) {
	return p.key("seller", p.Seller, ask)
}

func (p *Profile) key(role, reference string, ask Passphrase) (keys.Signer, error) {
	signer, found, err := keys.FromEnv(KeyVariable)
	if err != nil {
		return nil, fmt.Errorf("%w for the %s: %w", ErrKey, role, err)
	}
	if !found {
		if signer, err = p.openKey(reference, ask); err != nil {
			return nil, fmt.Errorf("%w for the %s: %w", ErrKey, role, err)
		}
	}
	if err := keys.RefuseDev(p.ChainID, signer); err != nil {
		return nil, fmt.Errorf("%w for the %s: %w", ErrKey, role, err)
	}
	return signer, nil
}

func (p *Profile) openKey(reference string, ask Passphrase) (keys.Signer, error) {
	if reference == "" {
		return nil, fmt.Errorf("profile %q names none: make one with `chit wallet new` and write its address into %s", p.name, p.home.path(p.name))
	}
	key, err := p.home.Key(reference, ask)
	if errors.Is(err, errReference) {
		return nil, fmt.Errorf("profile %q: %w", p.name, err)
	}
	return key, err
}

// errReference says that a text refers to no key.
var errReference = errors.New("a key is an address of `chit wallet list` or, on a local chain, dev:0 to dev:9")

// Key opens what a reference of a config stands for: the address of a key file, env:NAME (a variable
// with a private key), clef:ADDRESS@URL, or dev:0 to dev:9.
func (h Home) Key(reference string, ask Passphrase) (keys.Signer, error) {
	kind, at, _ := strings.Cut(reference, ":")
	switch kind {
	case "dev":
		i, err := strconv.Atoi(at)
		if err != nil || i < 0 || i >= keys.DevCount {
			return nil, fmt.Errorf("%q: dev keys are dev:0 to dev:%d", reference, keys.DevCount-1)
		}
		return keys.Dev(i), nil
	case "clef":
		text, url, _ := strings.Cut(at, "@")
		address, err := ParseAddress(text)
		if err != nil || url == "" {
			return nil, fmt.Errorf("%q: an external signer is clef:ADDRESS@URL", reference)
		}
		return keys.DialSigner(url, address)
	case "env":
		signer, found, err := keys.FromEnv(at)
		if err == nil && !found {
			err = fmt.Errorf("%w: the environment variable %q is not set", keys.ErrUnusable, at)
		}
		return signer, err
	}
	address, err := ParseAddress(reference)
	if err != nil {
		return nil, fmt.Errorf("%w; %w", err, errReference)
	}
	wallet := h.Wallet()
	wallet.Passphrase = ask
	return wallet.Key(address)
}

// PayerAddress is the address of the payer's key, which need not be opened for it.
func (p *Profile) PayerAddress() (common.Address, error) {
	signer, found, err := keys.FromEnv(KeyVariable)
	switch {
	case err != nil:
		return common.Address{}, fmt.Errorf("%w for the payer: %w", ErrKey, err)
	case found:
		return signer.Address(), nil
	case strings.HasPrefix(p.Payer, "dev:"):
		if signer, err = p.PayerKey(nil); err != nil {
			return common.Address{}, err
		}
		return signer.Address(), nil
	}
	return ParseAddress(p.Payer)
}
