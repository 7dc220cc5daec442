package keys_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
)

func TestAKeyFileOpensWithItsPassphraseAlone(t *testing.T) {
	dir := t.TempDir()
	made, err := keys.Create(dir, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(made.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := keys.List(dir)
	if err != nil || len(files) != 1 || files[0] != made {
		t.Errorf("the folder lists %v, %v, want %v", files, err, made)
	}
	path, err := keys.Find(dir, made.Address)
	if err != nil || path != made.Path {
		t.Errorf("found at %q, %v", path, err)
	}
	signer, err := keys.Open(path, "correct horse")
	if err != nil || signer.Address() != made.Address {
		t.Fatalf("opens as %v, %v", signer, err)
	}
	if _, err := keys.Open(path, "battery staple"); !errors.Is(err, keys.ErrPassphrase) || strings.Contains(err.Error(), "staple") {
		t.Errorf("with another passphrase: %v", err)
	}
	if _, err := keys.Find(dir, common.Address{1}); !errors.Is(err, keys.ErrNoFile) {
		t.Errorf("another address: %v", err)
	}
	if err := os.WriteFile(made.Path, []byte(`{"address":"00","crypto":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(made.Path, "correct horse"); !errors.Is(err, keys.ErrUnusable) {
		t.Errorf("a cut file: %v", err)
	}
}

func TestASignatureLeadsBackToTheKey(t *testing.T) {
	signer := keys.Dev(3)
	hash := crypto.Keccak256Hash([]byte("message"))
	signature, err := signer.SignHash(t.Context(), hash)
	if err != nil || len(signature) != 65 || signature[64] < 27 {
		t.Fatalf("signature %x, %v", signature, err)
	}
	signature[64] -= 27
	public, err := crypto.SigToPub(hash[:], signature)
	if err != nil || crypto.PubkeyToAddress(*public) != signer.Address() {
		t.Errorf("recovers to %v, %v", public, err)
	}
}

func TestAKeyIsReadFromTheEnvironmentAndNeverShown(t *testing.T) {
	const variable = "CHIT_TEST_KEY"
	const secret = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
	if _, found, err := keys.FromEnv(variable); found || err != nil {
		t.Errorf("found %t, %v without the variable", found, err)
	}
	for _, text := range []string{secret, "0x" + secret, " " + secret + "\n"} {
		t.Setenv(variable, text)
		signer, found, err := keys.FromEnv(variable)
		if err != nil || !found || signer.Address() != keys.Dev(1).Address() {
			t.Errorf("%q: %v, %t, %v", text, signer, found, err)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s", signer, signer, signer, signer); strings.Contains(shown, secret[:8]) || strings.Contains(shown, "private") {
			t.Errorf("shown as %s", shown)
		}
	}
	for _, text := range []string{secret[:63], secret + "0", "secret", strings.Repeat("0", 64)} {
		t.Setenv(variable, text)
		_, _, err := keys.FromEnv(variable)
		if !errors.Is(err, keys.ErrUnusable) || strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPublicKeysAreRefusedOutsideLocalChains(t *testing.T) {
	for i := range keys.DevCount {
		if err := keys.RefuseDev(31337, keys.Dev(i)); err != nil {
			t.Errorf("dev key %d on a local chain: %v", i, err)
		}
		for _, id := range []uint64{1, 8453, 84532} {
			if err := keys.RefuseDev(id, keys.Dev(i)); !errors.Is(err, keys.ErrPublic) {
				t.Errorf("dev key %d on chain %d: %v", i, id, err)
			}
		}
	}
	own, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.RefuseDev(1, keys.NewSigner(own)); err != nil {
		t.Errorf("a key of one's own: %v", err)
	}
}

func TestAPassphraseComesFromAFileOrTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("from file\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(keys.PassphraseVariable, "from environment")
	for path, want := range map[string]string{file: "from file", "": "from environment"} {
		if got, err := keys.ReadPassphrase("", path); err != nil || got != want {
			t.Errorf("from %q: %q, %v", path, got, err)
		}
		if got, err := keys.ReadNewPassphrase(path); err != nil || got != want {
			t.Errorf("new from %q: %q, %v", path, got, err)
		}
	}
	if _, err := keys.ReadPassphrase("", file+".missing"); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("a file that is not there: %v", err)
	}
	t.Setenv(keys.PassphraseVariable, "")
	if _, err := keys.ReadNewPassphrase(""); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("an empty new passphrase: %v", err)
	}
}
