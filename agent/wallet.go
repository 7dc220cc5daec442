package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/gofrs/flock"

	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// ErrImport says that a key cannot be imported.
var ErrImport = errors.New("cannot import the key")

// Wallet is a folder of encrypted key files (Web3 Secret Storage, version 3). Which of
// them pays, and which signs vouchers in its place, is for [Options] to say.
type Wallet struct {
	// Dir is the folder.
	Dir string
	// Passphrase is asked for what opens the key file of an address; see [PassphraseFrom].
	Passphrase func(address string) (string, error)
}

// PassphraseFrom takes passphrases from the first line of a file if one is named, else
// from the environment ([keys.PassphraseVariable]), else from a prompt on the terminal.
// Its errors wrap [keys.ErrPassphrase].
func PassphraseFrom(file string) func(address string) (string, error) {
	return func(address string) (string, error) { return keys.ReadPassphrase("passphrase of "+address, file) }
}

// Create makes a key in a file of its own. The folder is made if need be.
func (w Wallet) Create(passphrase string) (keys.File, error) {
	if err := w.make(); err != nil {
		return keys.File{}, err
	}
	return keys.Create(w.Dir, passphrase)
}

func (w Wallet) make() error {
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of key files: %w", err)
	}
	return nil
}

// List lists the key files in the order of their making.
func (w Wallet) List() ([]keys.File, error) { return keys.List(w.Dir) }

// Key opens the key file of an address. Errors wrap [keys.ErrNoFile],
// [keys.ErrPassphrase] or [keys.ErrUnusable].
func (w Wallet) Key(address common.Address) (keys.Signer, error) {
	path, err := keys.Find(w.Dir, address)
	if err != nil {
		return nil, err
	}
	passphrase, err := w.Passphrase(address.Hex())
	if err != nil {
		return nil, err
	}
	return keys.Open(path, passphrase)
}

// sessionLock is the file whose lock is held while the session key is looked for or made.
const sessionLock = ".lock"

// SessionKey opens the first key of the folder, which is made when it is first needed:
// one that signs vouchers in place of the payer's ([Options.Session]). It is under the
// passphrase of the payer's key. Processes that need it at once make one, and wait for it
// until the context ends. A file of the
// folder that is no key file, but for hidden ones, is an error that wraps [keys.ErrUnusable]:
// another key would open other channels.
func (w Wallet) SessionKey(ctx context.Context, payer common.Address) (_ keys.Signer, err error) {
	if err := w.make(); err != nil {
		return nil, err
	}
	passphrase, err := w.Passphrase(payer.Hex())
	if err != nil {
		return nil, err
	}
	held := flock.New(filepath.Join(w.Dir, sessionLock))
	if err := lock.File(ctx, held); err != nil {
		return nil, fmt.Errorf("lock the session key: %w", err)
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	files, err := w.whole()
	if err == nil && len(files) == 0 {
		if _, err = w.Create(passphrase); err == nil {
			files, err = w.whole()
		}
	}
	if err != nil {
		return nil, err
	}
	return keys.Open(files[0].Path, passphrase)
}

// whole lists the key files where there is nothing else.
func (w Wallet) whole() ([]keys.File, error) {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return nil, fmt.Errorf("list the key files: %w", err)
	}
	files, err := w.List()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(w.Dir, e.Name())
		isKey := slices.ContainsFunc(files, func(f keys.File) bool { return f.Path == path })
		if !isKey && !strings.HasPrefix(e.Name(), ".") {
			return nil, fmt.Errorf("%w: %s is damaged, or no key file: put it back from a copy; or take it away, and another key opens other channels, while `chit withdraw start` takes what is in the old ones out", keys.ErrUnusable, path)
		}
	}
	return files, nil
}

// Holding is what the account of a key file has outside of channels.
type Holding struct {
	keys.File
	// Balance is in atomic units.
	Balance vouchers.Amount `json:"balance"`
}

// Balances reads what every account of the wallet has of a token.
func (w Wallet) Balances(ctx context.Context, client *chain.Client, token funding.Token) ([]Holding, error) {
	files, err := w.List()
	if err != nil {
		return nil, err
	}
	all := make([]Holding, len(files))
	for i, file := range files {
		all[i].File = file
		if all[i].Balance, err = token.Balance(ctx, client, file.Address); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Import keeps a key: a private key of 64 hex digits, which is encrypted with the
// passphrase, or a key file, which the passphrase must open and which is kept as it is.
// Errors wrap [ErrImport] and do not show the key.
func (w Wallet) Import(text []byte, passphrase string) (keys.File, error) {
	file, err := w.keep(bytes.TrimSpace(text), passphrase)
	if err != nil {
		return keys.File{}, fmt.Errorf("%w: %w", ErrImport, err)
	}
	return file, nil
}

func (w Wallet) keep(text []byte, passphrase string) (keys.File, error) {
	key, err := readKey(text, passphrase)
	if err != nil {
		return keys.File{}, err
	}
	if err := w.make(); err != nil {
		return keys.File{}, err
	}
	if path, err := keys.Find(w.Dir, key.Address); err == nil {
		return keys.File{}, fmt.Errorf("that of %s is there already, in %s", key.Address, path)
	}
	if !isKeyFile(text) {
		if text, err = keystore.EncryptKey(key, passphrase, keystore.StandardScryptN, keystore.StandardScryptP); err != nil {
			return keys.File{}, err
		}
	}
	name := fmt.Sprintf("UTC--%s--%x", time.Now().UTC().Format("2006-01-02T15-04-05.000000000Z"), key.Address)
	file := keys.File{Address: key.Address, Path: filepath.Join(w.Dir, name)}
	return file, writeNew(file.Path, text)
}

func isKeyFile(text []byte) bool { return bytes.HasPrefix(text, []byte("{")) }

func readKey(text []byte, passphrase string) (*keystore.Key, error) {
	if isKeyFile(text) {
		key, err := keystore.DecryptKey(text, passphrase)
		if err != nil {
			return nil, fmt.Errorf("the passphrase does not open the key file: %w", err)
		}
		return key, nil
	}
	private, err := crypto.HexToECDSA(strings.TrimPrefix(string(text), "0x"))
	if err != nil {
		return nil, errors.New("it is neither a private key of 64 hex digits nor a key file")
	}
	key := &keystore.Key{Address: crypto.PubkeyToAddress(private.PublicKey), PrivateKey: private}
	_, _ = rand.Read(key.Id[:]) // never returns an error
	key.Id[6], key.Id[8] = key.Id[6]&0x0f|0x40, key.Id[8]&0x3f|0x80
	return key, nil
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
