package exact

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// accountSalt is the salt of an account's config.
var accountSalt = crypto.Keccak256Hash([]byte("chit account of transfers"))

// AccountConfig is the config under which the history has what a payer has paid by transfers. No
// channel can have it: its withdraw delay is 0.
func AccountConfig(payTo, authorizer, token, payer common.Address) vouchers.ChannelConfig {
	return vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: payTo, ReceiverAuthorizer: authorizer, Token: token, Salt: accountSalt,
	}
}

// accountsBucket is the store's bucket of the accounts there are: under an account's id its
// deployment and its config's addresses.
const accountsBucket = "transfer-accounts"

// accountLength is the length of what is written down of an account, in bytes.
const accountLength = 8 + 5*common.AddressLength

func encodeAccount(d vouchers.Deployment, c vouchers.ChannelConfig) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, accountLength), d.ChainID)
	for _, address := range []common.Address{d.Escrow, c.Payer, c.Receiver, c.ReceiverAuthorizer, c.Token} {
		b = append(b, address[:]...)
	}
	return b
}

func decodeAccount(b []byte) (d vouchers.Deployment, c vouchers.ChannelConfig, err error) {
	if len(b) != accountLength {
		return d, c, fmt.Errorf("an account of transfers is written down in %d bytes, want %d", len(b), accountLength)
	}
	address := func(n int) common.Address {
		return common.BytesToAddress(b[8+n*common.AddressLength:][:common.AddressLength])
	}
	d = vouchers.Deployment{ChainID: binary.BigEndian.Uint64(b), Escrow: address(0)}
	return d, AccountConfig(address(2), address(3), address(4), address(1)), nil
}

// Accounts are those of payers who have paid by transfers, as channels of which all that is
// charged is claimed.
func Accounts(store vouchers.Store) (all []ledger.Channel, err error) {
	history := store.History()
	err = store.Bucket(accountsBucket).ForEach(nil, func(key, value []byte) error {
		d, config, err := decodeAccount(value)
		if err != nil {
			return err
		}
		head, err := history.Head(vouchers.ChannelID(key))
		if err != nil {
			return err
		}
		ch := stateOf(d, vouchers.ChannelID(key), config, head.Cumulative)
		ch.Claimed = ch.Charged
		all = append(all, ch)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the accounts of payers by transfer: %w", err)
	}
	return all, nil
}

// accounts count what was paid by transfers.
type accounts struct {
	history vouchers.History

	mu   sync.Mutex // guards open
	open map[vouchers.ChannelID]*account
}

// account is what one payer has paid. Its charges come one after another.
type account struct {
	mu      sync.Mutex // guards what follows; held while one is submitted
	users   int        // guarded by accounts.mu
	known   bool
	charged vouchers.Amount // over its life
}

// charge has the charges of an account submitted one after another, and waits until this one is
// durable.
func (a *accounts) charge(ctx context.Context, p *payment, amount vouchers.Amount, submit func(ledger.Charge) (vouchers.Ticket, error)) error {
	of := a.enter(p.account())
	defer a.leave(p.account(), of)
	ticket, err := a.submit(of, p, amount, submit)
	if err == nil {
		err = ticket.Wait(context.WithoutCancel(ctx))
	}
	if err != nil {
		of.mu.Lock()
		defer of.mu.Unlock()
		of.known = false // the history says what is durable
	}
	return err
}

func (a *accounts) submit(of *account, p *payment, amount vouchers.Amount, submit func(ledger.Charge) (vouchers.Ticket, error)) (vouchers.Ticket, error) {
	id := p.account()
	of.mu.Lock()
	defer of.mu.Unlock()
	if !of.known {
		head, err := a.history.Head(id)
		if err != nil {
			return nil, fmt.Errorf("read what %s has paid by transfers: %w", p.transfer.From, err)
		}
		of.charged, of.known = head.Cumulative, true
	}
	sum, ok := of.charged.Add(amount)
	if !ok {
		return nil, fmt.Errorf("%s has paid %s by transfers, and %s more cannot be counted", p.transfer.From, of.charged, amount)
	}
	ticket, err := submit(ledger.Charge{Channel: id, Charged: amount, Cumulative: sum, State: stateOf(p.till.Deployment, id, p.config(), sum)})
	if err == nil {
		of.charged = sum
	}
	return ticket, err
}

// stateOf is an account as receipts read it.
func stateOf(d vouchers.Deployment, id vouchers.ChannelID, c vouchers.ChannelConfig, charged vouchers.Amount) ledger.Channel {
	return ledger.Channel{ID: id, Deployment: d, Config: c, Charged: charged}
}

func (a *accounts) enter(id vouchers.ChannelID) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.open[id]
	if of == nil {
		of = new(account)
		a.open[id] = of
	}
	of.users++
	return of
}

// leave forgets an account that nobody uses: its history knows it.
func (a *accounts) leave(id vouchers.ChannelID, of *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if of.users--; of.users == 0 {
		delete(a.open, id)
	}
}
