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
	if index, ok := strings.CutPrefix(reference, "dev:"); ok {
		i, err := strconv.Atoi(index)
		if err != nil || i < 0 || i > 9 {
			return nil, fmt.Errorf("%q: dev keys are dev:0 to dev:9", reference)
		}
		return keys.Dev(i), nil
	}
	if at, ok := strings.CutPrefix(reference, "clef:"); ok {
		text, url, _ := strings.Cut(at, "@")
		address, err := ParseAddress(text)
		if err != nil || url == "" {
			return nil, fmt.Errorf("%q: an external signer is clef:ADDRESS@URL", reference)
		}
		return keys.DialSigner(url, address)
	}
	if reference == "" {
		return nil, fmt.Errorf("profile %q names none: make one with `chit wallet new` and write its address into %s", p.name, p.home.path(p.name))
	}
	address, err := ParseAddress(reference)
	if err != nil {
		return nil, fmt.Errorf("profile %q: %w; a key is an address of `chit wallet list` or, on a local chain, dev:0 to dev:9", p.name, err)
	}
	wallet := p.home.Wallet()
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
