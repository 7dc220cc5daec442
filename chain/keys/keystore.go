package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/term"
)

// ErrNoFile says that there is no key file of an address.
var ErrNoFile = errors.New("no key file")

// ErrPassphrase says that no passphrase was given, or a wrong one.
var ErrPassphrase = errors.New("passphrase")

// PassphraseVariable is the environment variable that a passphrase is taken from.
const PassphraseVariable = "CHIT_PASSPHRASE"

// File is an encrypted key file (Web3 Secret Storage, version 3).
type File struct {
	Address common.Address `json:"address"`
	Path    string         `json:"file"`
}

// Create makes a new key and writes it, encrypted, into a file of its
// own that only its owner can read.
func Create(dir, passphrase string) (File, error) {
	account, err := keystore.StoreKey(dir, passphrase, keystore.StandardScryptN, keystore.StandardScryptP)
	if err != nil {
		return File{}, fmt.Errorf("write a key file in %s: %w", dir, err)
	}
	return File{account.Address, account.URL.Path}, nil
}

// List lists the key files of a folder in the order of their names, which
// is that of their making. Other files are passed over.
func List(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the key files: %w", err)
	}
	files := []File{}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if address, ok := addressOf(path); ok && e.Type().IsRegular() {
			files = append(files, File{address, path})
		}
	}
	return files, nil
}

func addressOf(path string) (common.Address, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return common.Address{}, false
	}
	var file struct {
		Address string          `json:"address"`
		Crypto  json.RawMessage `json:"crypto"`
	}
	if json.Unmarshal(text, &file) != nil || len(file.Crypto) == 0 || !common.IsHexAddress(file.Address) {
		return common.Address{}, false
	}
	return common.HexToAddress(file.Address), true
}

// Find returns the path of the key file of an address. Errors wrap
// [ErrNoFile].
func Find(dir string, address common.Address) (string, error) {
	files, err := List(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if f.Address == address {
			return f.Path, nil
		}
	}
	return "", fmt.Errorf("%w of %s in %s; `chit wallet list` shows those there are", ErrNoFile, address, dir)
}

// Open decrypts a key file. Errors wrap [ErrPassphrase] or [ErrUnusable].
func Open(path, passphrase string) (Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	opened, err := keystore.DecryptKey(text, passphrase)
	if errors.Is(err, keystore.ErrDecrypt) {
		return nil, fmt.Errorf("%w: it does not open %s", ErrPassphrase, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnusable, path, err)
	}
	return NewSigner(opened.PrivateKey), nil
}

// ReadPassphrase takes a passphrase from a file (its first line) if one is named,
// else from [PassphraseVariable], else from a prompt on the terminal. Errors wrap
// [ErrPassphrase].
func ReadPassphrase(prompt, file string) (string, error) {
	if passphrase, found, err := givenPassphrase(file); found || err != nil {
		return passphrase, err
	}
	return promptPassphrase(prompt)
}

// ReadNewPassphrase is [ReadPassphrase] for a new key: it is typed twice, and must
// not be empty.
func ReadNewPassphrase(file string) (string, error) {
	passphrase, found, err := givenPassphrase(file)
	if err == nil && !found {
		if passphrase, err = promptPassphrase("new passphrase"); err == nil {
			var again string
			if again, err = promptPassphrase("once more"); err == nil && again != passphrase {
				err = fmt.Errorf("%w: the two differ; nothing was written", ErrPassphrase)
			}
		}
	}
	if err == nil && passphrase == "" {
		err = fmt.Errorf("%w: it is empty; nothing was written", ErrPassphrase)
	}
	return passphrase, err
}

func givenPassphrase(file string) (passphrase string, found bool, err error) {
	if file == "" {
		passphrase, found = os.LookupEnv(PassphraseVariable)
		return passphrase, found, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r"), true, nil
}

func promptPassphrase(prompt string) (string, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", fmt.Errorf("%w: there is no terminal to ask on; set %s or give --passphrase-file", ErrPassphrase, PassphraseVariable)
	}
	fmt.Fprintf(os.Stderr, "%s: ", prompt)
	typed, err := readSecret(in)
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPassphrase, err)
	}
	return string(typed), nil
}

var errInterrupted = errors.New("interrupted")

// readSecret reads a line of a terminal that does not show it. An interrupt ends it, also
// where the program has its own way with interrupts.
func readSecret(in int) ([]byte, error) {
	before, err := term.GetState(in)
	if err != nil {
		return nil, err
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(in)
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		return l.text, l.err
	case <-interrupts:
		return nil, errors.Join(errInterrupted, term.Restore(in, before))
	}
}
