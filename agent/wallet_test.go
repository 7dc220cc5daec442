package agent_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
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
	if o.Session, err = sessions.SessionKey(made.Address); err != nil {
		t.Fatal(err)
	}
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	buy(t, funded(t, shop.URL, o), 1, price)
	for channel := range shop.Ledger.Channels() {
		if channel.Config.Payer != made.Address || channel.Config.PayerAuthorizer != o.Session.Address() {
			t.Errorf("the channel is %+v", channel.Config)
		}
	}
	token, err := escrow.ReadToken(t.Context(), shoptest.Net.Client, shoptest.Net.Token)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := wallet.Balances(t.Context(), shoptest.Net.Client, token); err != nil || len(have) != 1 || have[0].KeyFile != made || have[0].Balance != 90*usdc {
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
	if key, err := wallet.Key(kept.Address); !errors.Is(err, chain.ErrPassphrase) {
		t.Errorf("a wrong passphrase opens %v, %v", key, err)
	}
	if key, err := wallet.Key(shoptest.Key(t, "nobody").Address()); !errors.Is(err, chain.ErrNoKeyFile) {
		t.Errorf("of nobody there is %v, %v", key, err)
	}
}
