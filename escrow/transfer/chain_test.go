package transfer_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// What contracts of payers answer to isValidSignature.
const (
	yes      = "0x631626ba7e60e01b5f5260205ff3"
	no       = "0x60205ff3"
	short    = "0x36608414631626ba7e0260e01b5f5260205ff3" // yes, to a signature of at most 32 bytes
	burns    = "0x5b5f56"
	bomb     = "0x620f42405ff3" // a million bytes
	nonsense = "0x01"           // takes from an empty stack
	// Yes, after a loop of 40,000 or of 100,000 rounds of 26 units each.
	dear   = "0x62009c405b6001900380600457631626ba7e60e01b5f5260205ff3"
	dearer = "0x620186a05b6001900380600457631626ba7e60e01b5f5260205ff3"
)

// happened looks for a transfer in the receipt of its own transaction, and on chain.
func (s *shop) happened(d transfer.Transfer, tx common.Hash, amount vouchers.Amount) {
	s.t.Helper()
	receipt, err := net.Client.Receipt(s.t.Context(), tx)
	if err != nil || receipt == nil {
		s.t.Fatal(receipt, err)
	}
	use, ok := d.Outcome(receipt, nil)
	if !ok || use.Moved != amount || use.Tx != tx || use.Block != receipt.BlockNumber.Uint64() {
		s.t.Errorf("%s: the receipt says %+v, %t", d.Method, use, ok)
	}
	found, err := d.FindUse(s.t.Context(), net.Client, 0, nil)
	if err != nil || found == nil || *found != use {
		s.t.Errorf("%s: on chain there is %+v, %v; want %+v", d.Method, found, err, use)
	}
	if used, err := d.Used(s.t.Context(), net.Client, nil); !used || err != nil {
		s.t.Errorf("%s: used %t, %v", d.Method, used, err)
	}
	if used, err := d.Used(s.t.Context(), net.Client, new(big.Int).Sub(receipt.BlockNumber, big.NewInt(1))); used || err != nil {
		s.t.Errorf("%s: used %t before, %v", d.Method, used, err)
	}
}

func TestEachMethodPaysThePayee(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	compact := s.transfer(transfer.EIP3009, key, usdc)
	var err error
	if compact.Signature, err = compact.Signature.Compact(); err != nil {
		t.Fatal(err)
	}
	sponsored := s.transfer(transfer.Permit2, key, 2*usdc)
	s.sponsor(&sponsored, key)
	for i, try := range []struct {
		transfer.Transfer
		moves vouchers.Amount
	}{
		{s.transfer(transfer.EIP3009, key, usdc), usdc},
		{compact, usdc},
		{sponsored, 2 * usdc},
		{s.transfer(transfer.Permit2, key, 3*usdc), 3 * usdc},
		{s.transfer(transfer.Upto, key, 5*usdc), 4 * usdc},
		{s.transfer(transfer.Upto, key, 5*usdc), 5 * usdc},
	} {
		if i == 3 { // what went before needed no approval
			s.approve(key, big.NewInt(1e12))
		}
		before := s.balance(s.payee)
		s.happened(try.Transfer, s.settle(try.Transfer, try.moves, transfer.ByKey).TxHash, try.moves)
		if got := s.balance(s.payee) - before; got != try.moves {
			t.Errorf("%d: the payee got %s, want %s", i, got, try.moves)
		}
	}
	upto := s.transfer(transfer.Upto, key, 5*usdc)
	s.sponsor(&upto, key)
	s.happened(upto, s.settle(upto, usdc, transfer.ByKey).TxHash, usdc)
}

func TestAWalletPaysAsItsContractSays(t *testing.T) {
	s := newShop(t)
	for name, code := range map[string]string{"takes anything": yes, "takes little": short} {
		wallet := s.payer(name).Address()
		s.setCode(wallet, code)
		d := s.unsigned(transfer.EIP3009, wallet, usdc)
		d.Signature = vouchers.Signature("open")
		s.happened(d, s.settle(d, usdc, transfer.ByContract).TxHash, usdc)

		wrapped := s.unsigned(transfer.EIP3009, wallet, usdc)
		wrapped.Signature = wrap(t, vouchers.Signature("open"))
		s.happened(wrapped, s.settle(wrapped, usdc, transfer.ByContract).TxHash, usdc)
	}
	owner := s.payer("by Permit2")
	s.approve(owner, big.NewInt(1e12))
	s.setCode(owner.Address(), short)
	d := s.unsigned(transfer.Permit2, owner.Address(), usdc)
	d.Signature = vouchers.Signature("open")
	s.happened(d, s.settle(d, usdc, transfer.ByContract).TxHash, usdc)
}

// undeployed is a wallet that the deterministic deployer makes, and what makes it.
func (s *shop) undeployed(code string) (wallet common.Address, data []byte) {
	runtime := common.FromHex(code)
	init := append([]byte{0x60, byte(len(runtime)), 0x80, 0x60, 0x09, 0x5f, 0x39, 0x5f, 0xf3}, runtime...)
	salt := crypto.Keccak256Hash([]byte(s.t.Name() + code))
	wallet = crypto.CreateAddress2(abigen.Deployer, salt, crypto.Keccak256(init))
	s.mint(wallet, 10*usdc)
	return wallet, append(salt[:], init...)
}

func (s *shop) wrapped(d *transfer.Transfer, data []byte) {
	s.t.Helper()
	var err error
	if d.Signature, err = transfer.Wrap(abigen.Deployer, data, vouchers.Signature("open")); err != nil {
		s.t.Fatal(err)
	}
}

func TestAWalletIsDeployedInTheTransactionThatItPaysIn(t *testing.T) {
	s := newShop(t)
	wallet, data := s.undeployed(short)
	first, second := s.unsigned(transfer.EIP3009, wallet, usdc), s.unsigned(transfer.EIP3009, wallet, usdc)
	s.wrapped(&first, data)
	s.wrapped(&second, data)
	stale, err := s.check(second, usdc)
	if err != nil {
		t.Fatal(err)
	}
	s.happened(first, s.settle(first, usdc, transfer.ByUndeployed).TxHash, usdc)
	call := transfer.Aggregate(stale.Calls) // the wallet is deployed by now, which is no harm
	s.happened(second, s.transact(s.payer("anybody"), call.To, call.Data).TxHash, usdc)
	third := s.unsigned(transfer.EIP3009, wallet, usdc)
	s.wrapped(&third, data)
	s.happened(third, s.settle(third, usdc, transfer.ByContract).TxHash, usdc)

	upto := s.unsigned(transfer.Upto, common.Address{19: 77}, usdc)
	s.wrapped(&upto, data)
	if _, err := s.check(upto, usdc); !errors.Is(err, transfer.ErrUndeployed) {
		t.Errorf("up to an amount: %v", err)
	}
}

func TestADelegatedAccountPaysIfItsCodeTakesItsKey(t *testing.T) {
	s := newShop(t)
	key, delegate := s.payer("payer"), common.BytesToAddress(crypto.Keccak256([]byte(t.Name())))
	s.setCode(delegate, yes)
	s.setCode(key.Address(), "0xef0100"+delegate.Hex()[2:])
	d := s.transfer(transfer.EIP3009, key, usdc)
	s.happened(d, s.settle(d, usdc, transfer.ByDelegate).TxHash, usdc)

	s.setCode(delegate, no)
	if _, err := s.check(s.transfer(transfer.EIP3009, key, usdc), usdc); !errors.Is(err, transfer.ErrSignature) {
		t.Errorf("a delegate that says no: %v", err)
	}
}

func TestTheChainsRefusalsHaveTheirSentinels(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	exact := func(method transfer.Method, bend func(*transfer.Transfer)) transfer.Transfer {
		d := s.unsigned(method, key.Address(), usdc)
		if bend != nil {
			bend(&d)
		}
		s.sign(&d, key)
		return d
	}
	wallet := func(method transfer.Method, code string) transfer.Transfer {
		from := s.payer(string(rune(method)) + code)
		s.approve(from, big.NewInt(1e12))
		s.setCode(from.Address(), code)
		d := s.unsigned(method, from.Address(), usdc)
		d.Signature = vouchers.Signature("open")
		return d
	}
	deployed := func(code string, bend func(*transfer.Transfer)) transfer.Transfer {
		from, data := s.undeployed(code)
		d := s.unsigned(transfer.EIP3009, from, usdc)
		if bend != nil {
			bend(&d)
		}
		s.wrapped(&d, data)
		return d
	}
	used := exact(transfer.EIP3009, nil)
	s.settle(used, usdc, transfer.ByKey)
	usedPermit := exact(transfer.Permit2, nil)
	s.sponsor(&usedPermit, key)
	s.settle(usedPermit, usdc, transfer.ByKey)
	unsigned := s.unsigned(transfer.EIP3009, key.Address(), usdc)
	unsigned.Signature = vouchers.Signature("open")
	unsignedPermit := unsigned
	unsignedPermit.Method, unsignedPermit.Spender = transfer.Permit2, transfer.ExactProxy
	stale := exact(transfer.Permit2, nil)
	if err := stale.SignPermit(t.Context(), key, s.token, 0, stale.ValidBefore); err != nil { // that nonce is used
		t.Fatal(err)
	}
	banned := s.payer("banned")
	if err := net.Blacklist(t.Context(), banned.Address()); err != nil {
		t.Fatal(err)
	}
	bannedToo := s.payer("banned too")
	s.approve(bannedToo, big.NewInt(1e12))
	if err := net.Blacklist(t.Context(), bannedToo.Address()); err != nil {
		t.Fatal(err)
	}
	rich := func(d *transfer.Transfer) { d.Value = 1000 * usdc }
	for name, try := range map[string]struct {
		transfer.Transfer
		want error
	}{
		"used":                                    {used, transfer.ErrNonceUsed},
		"used by Permit2":                         {usedPermit, transfer.ErrPermit2Nonce},
		"more than there is":                      {exact(transfer.EIP3009, rich), transfer.ErrBalance},
		"more than there is by Permit2":           {exact(transfer.Permit2, rich), transfer.ErrPermit2Balance},
		"no approval":                             {exact(transfer.Permit2, nil), transfer.ErrPermit2Allowance},
		"no approval up to an amount":             {exact(transfer.Upto, nil), transfer.ErrPermit2Allowance},
		"a permit that is used":                   {stale, transfer.ErrPermit},
		"not signed":                              {unsigned, transfer.ErrSignature},
		"not signed by Permit2":                   {unsignedPermit, transfer.ErrPermit2Signature},
		"another chain":                           {exact(transfer.EIP3009, func(d *transfer.Transfer) { d.ChainID++ }), transfer.ErrNetwork},
		"another facilitator":                     {exact(transfer.Upto, func(d *transfer.Transfer) { d.Facilitator = key.Address() }), transfer.ErrUptoFacilitator},
		"a wallet says no":                        {wallet(transfer.EIP3009, no), transfer.ErrSignature},
		"a wallet says no to Permit2":             {wallet(transfer.Permit2, no), transfer.ErrPermit2Signature},
		"a wallet reverts":                        {wallet(transfer.EIP3009, nonsense), transfer.ErrSignature},
		"a wallet burns gas":                      {wallet(transfer.EIP3009, burns), transfer.ErrSignature},
		"a wallet burns gas by Permit2":           {wallet(transfer.Permit2, burns), transfer.ErrPermit2Signature},
		"a wallet answers at length":              {wallet(transfer.EIP3009, bomb), transfer.ErrSignature},
		"a wallet that is dear":                   {wallet(transfer.EIP3009, dear), transfer.ErrGas},
		"a wallet that is dear by Permit2":        {wallet(transfer.Permit2, dear), transfer.ErrGas},
		"an undeployed wallet that is dear":       {deployed(dearer, nil), transfer.ErrGas},
		"an undeployed wallet says no":            {deployed(no, nil), transfer.ErrSignature},
		"an undeployed wallet burns gas":          {deployed(burns, nil), transfer.ErrSignature},
		"another wallet is deployed":              {deployed(yes, func(d *transfer.Transfer) { d.From = exile(s) }), transfer.ErrUndeployed},
		"an undeployed wallet with less":          {deployed(short, rich), transfer.ErrBalance},
		"an account that is blacklisted":          {s.transfer(transfer.EIP3009, banned, usdc), transfer.ErrSimulation},
		"an account blacklisted, up to an amount": {s.transfer(transfer.Upto, bannedToo, usdc), transfer.ErrPermit2Simulation},
	} {
		amount := try.Value
		if settlement, err := s.check(try.Transfer, amount); !errors.Is(err, try.want) || errors.Is(err, chain.ErrUnreachable) {
			t.Errorf("%s: %+v, %v; want %v", name, settlement, err, try.want)
		}
	}
	if _, err := s.check(exact(transfer.Upto, nil), 2*usdc); !errors.Is(err, transfer.ErrUptoAmount) {
		t.Errorf("more than the ceiling: %v", err)
	}
	if _, err := s.check(exact(transfer.EIP3009, nil), 2*usdc); !errors.Is(err, transfer.ErrValue) {
		t.Errorf("more than was signed: %v", err)
	}
}

// exile is an address with money and no contract.
func exile(s *shop) common.Address {
	at := common.BytesToAddress(crypto.Keccak256([]byte(s.t.Name() + "exile")))
	s.mint(at, 10*usdc)
	return at
}

// The chain's clock decides, where it and the shop's own differ.
func TestTheChainsClockIsTheOneThatCounts(t *testing.T) {
	s := newShop(t)
	key := s.payer("payer")
	s.approve(key, big.NewInt(1e12))
	s.now += 1 << 30
	for method, want := range map[transfer.Method]error{transfer.EIP3009: transfer.ErrNotYetValid, transfer.Permit2: transfer.ErrPermit2NotYetValid} {
		d := s.unsigned(method, key.Address(), usdc)
		d.ValidAfter = s.now - 5
		s.sign(&d, key)
		if _, err := s.check(d, usdc); !errors.Is(err, want) {
			t.Errorf("%s to come: %v", method, err)
		}
	}
	s.now = 1000
	for method, want := range map[transfer.Method]error{transfer.EIP3009: transfer.ErrExpired, transfer.Permit2: transfer.ErrPermit2Expired} {
		if _, err := s.check(s.transfer(method, key, usdc), usdc); !errors.Is(err, want) {
			t.Errorf("%s past: %v", method, err)
		}
	}
}

func TestWithoutAProxyNoPermitIsGood(t *testing.T) {
	bare, err := devnet.Start(t.Context(), 0, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := bare.Stop(); err != nil {
			t.Error(err)
		}
	}()
	whole := net
	net = bare
	defer func() { net = whole }()
	s := newShop(t)
	key := s.payer("payer")
	s.setCode(transfer.ExactProxy, "0x")
	if _, err := s.check(s.transfer(transfer.Permit2, key, usdc), usdc); !errors.Is(err, transfer.ErrPermit2Proxy) {
		t.Errorf("without the proxy: %v", err)
	}
}

// A chain that does not answer has refused nothing.
func TestAnAnswerThatIsNotKnownIsNoRefusal(t *testing.T) {
	gone, err := devnet.Start(t.Context(), 0, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(t)
	d := s.transfer(transfer.EIP3009, keys.Dev(devnet.Payer), usdc)
	client, err := chain.Dial(t.Context(), gone.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := gone.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.CheckOnChain(t.Context(), client, transfer.Simulation{Token: s.token, Amount: usdc}); !errors.Is(err, chain.ErrUnreachable) || errors.Is(err, transfer.ErrSimulation) {
		t.Errorf("the check: %v", err)
	}
	if _, err := d.Used(t.Context(), client, nil); !errors.Is(err, chain.ErrUnreachable) {
		t.Errorf("used: %v", err)
	}
	if use, err := d.FindUse(t.Context(), client, 0, nil); !errors.Is(err, chain.ErrUnreachable) || use != nil {
		t.Errorf("the use: %+v, %v", use, err)
	}
}
