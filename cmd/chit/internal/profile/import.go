package profile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain"
)

// ErrImport says that a key cannot be imported.
var ErrImport = errors.New("cannot import the key")

// ImportKey keeps a key in the keystore: a private key of 64 hex digits, which is
// encrypted with the passphrase, or a key file, which the passphrase must open and
// which is kept as it is. Errors wrap [ErrImport] and do not show the key.
func (h Home) ImportKey(text []byte, passphrase string) (chain.KeyFile, error) {
	text = bytes.TrimSpace(text)
	key, encrypted, err := readKey(text, passphrase)
	if err != nil {
		return chain.KeyFile{}, fmt.Errorf("%w: %w", ErrImport, err)
	}
	if path, err := chain.FindKeystoreFile(h.Keystore(), key.Address); err == nil {
		return chain.KeyFile{}, fmt.Errorf("%w: that of %s is there already, in %s", ErrImport, key.Address, path)
	}
	name := fmt.Sprintf("UTC--%s--%x", time.Now().UTC().Format("2006-01-02T15-04-05.000000000Z"), key.Address)
	file := chain.KeyFile{Address: key.Address, Path: filepath.Join(h.Keystore(), name)}
	if err := writeNew(file.Path, encrypted); err != nil {
		return chain.KeyFile{}, fmt.Errorf("%w: %w", ErrImport, err)
	}
	return file, nil
}

// readKey reads a key, and returns the content of its key file with it.
func readKey(text []byte, passphrase string) (*keystore.Key, []byte, error) {
	if bytes.HasPrefix(text, []byte("{")) {
		key, err := keystore.DecryptKey(text, passphrase)
		if err != nil {
			return nil, nil, fmt.Errorf("the passphrase does not open the key file: %w", err)
		}
		return key, text, nil
	}
	private, err := crypto.HexToECDSA(strings.TrimPrefix(string(text), "0x"))
	if err != nil {
		return nil, nil, errors.New("it is neither a private key of 64 hex digits nor a key file")
	}
	key := &keystore.Key{Address: crypto.PubkeyToAddress(private.PublicKey), PrivateKey: private}
	_, _ = rand.Read(key.Id[:]) // never returns an error
	key.Id[6], key.Id[8] = key.Id[6]&0x0f|0x40, key.Id[8]&0x3f|0x80
	encrypted, err := keystore.EncryptKey(key, passphrase, keystore.StandardScryptN, keystore.StandardScryptP)
	return key, encrypted, err
}

// writeNew writes a file that was not there, for its owner alone, durably.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
