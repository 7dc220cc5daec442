package agent_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
)

func secret(string) (string, error) { return "secret", nil }

// keyFile is a key file whose encryption is light.
func keyFile(t testing.TB) []byte {
	t.Helper()
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := keystore.EncryptKey(&keystore.Key{Address: crypto.PubkeyToAddress(private.PublicKey), PrivateKey: private}, "secret",
		keystore.LightScryptN, keystore.LightScryptP)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAWalletPaysWithOneKeyAndSignsVouchersWithAnother(t *testing.T) {
	dir := t.TempDir()
	wallet := agent.Wallet{Dir: filepath.Join(dir, "keys"), Passphrase: secret}
	made, err := wallet.Import(keyFile(t), "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := shoptest.Net.Mint(t.Context(), made.Address, 100*usdc); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	if o.Key, err = wallet.Key(made.Address); err != nil {
		t.Fatal(err)
	}
	sessions := agent.Wallet{Dir: filepath.Join(dir, "sessions"), Passphrase: secret}
	if o.Session, err = sessions.SessionKey(t.Context(), made.Address); err != nil {
		t.Fatal(err)
	}
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	buy(t, funded(t, shop.URL, o), 1, price)
	for channel := range shop.Ledger.Channels() {
		if channel.Config.Payer != made.Address || channel.Config.PayerAuthorizer != o.Session.Address() {
			t.Errorf("the channel is %+v", channel.Config)
		}
	}
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, shoptest.Net.Token)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := wallet.Balances(t.Context(), shoptest.Net.Client, token); err != nil || len(have) != 1 || have[0].File != made || have[0].Balance != 90*usdc {
		t.Errorf("the wallet has %+v, %v", have, err)
	}
}

func TestAWalletKeepsAKeyOnceAndOpensItWithItsPassphraseAlone(t *testing.T) {
	wallet := agent.Wallet{Dir: filepath.Join(t.TempDir(), "keys"), Passphrase: secret}
	text := keyFile(t)
	kept, err := wallet.Import(text, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := wallet.Import(text, "secret"); !errors.Is(err, agent.ErrImport) {
		t.Errorf("kept twice: %+v, %v", twice, err)
	}
	if files, err := wallet.List(); err != nil || len(files) != 1 || files[0] != kept {
		t.Errorf("the wallet lists %+v, %v", files, err)
	}
	if key, err := wallet.Key(kept.Address); err != nil || key.Address() != kept.Address {
		t.Errorf("the key is %v, %v", key, err)
	}
	wallet.Passphrase = func(string) (string, error) { return "wrong", nil }
	if key, err := wallet.Key(kept.Address); !errors.Is(err, keys.ErrPassphrase) {
		t.Errorf("a wrong passphrase opens %v, %v", key, err)
	}
	if key, err := wallet.Key(shoptest.Key(t, "nobody").Address()); !errors.Is(err, keys.ErrNoFile) {
		t.Errorf("of nobody there is %v, %v", key, err)
	}
}

func TestProcessesThatStartTogetherUseOneSessionKey(t *testing.T) {
	dir := t.TempDir()
	keys := make([]common.Address, 4)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { // each with a lock of its own, as a process has
			key, err := agent.Wallet{Dir: dir, Passphrase: secret}.SessionKey(t.Context(), common.Address{})
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = key.Address()
		})
	}
	all.Wait()
	if files, err := (agent.Wallet{Dir: dir}).List(); err != nil || len(files) != 1 || len(slices.Compact(keys)) != 1 {
		t.Errorf("%v are used, %d were made, %v", keys, len(files), err)
	}
}

func TestADamagedSessionKeyIsAnErrorAndNotAnotherKey(t *testing.T) {
	for name, text := range map[string]string{"cut off": `{"address":"70997970c51812dc3a010c7d01b50e0d17dc79c8","cry`, "empty": "", "another file": "{}"} {
		dir := t.TempDir()
		damaged := filepath.Join(dir, "UTC--2026")
		if err := os.WriteFile(damaged, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (agent.Wallet{Dir: dir, Passphrase: secret}).SessionKey(t.Context(), common.Address{}); !errors.Is(err, keys.ErrUnusable) || !strings.Contains(err.Error(), damaged) {
			t.Errorf("%s: %v", name, err)
		}
		if files, err := (agent.Wallet{Dir: dir}).List(); err != nil || len(files) != 0 {
			t.Errorf("%s: %d keys were made, %v", name, len(files), err)
		}
	}
}
