package books

import (
	"iter"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Payers are the channels of a ledger, and the accounts of those in its store who pay by transfers.
func Payers(of *ledger.Ledger, store vouchers.Store) (iter.Seq[ledger.Channel], error) {
	accounts, err := exact.Accounts(store)
	if err != nil {
		return nil, err
	}
	return func(yield func(ledger.Channel) bool) {
		for ch := range of.Channels() {
			if !yield(ch) {
				return
			}
		}
		for _, account := range accounts {
			if !yield(account) {
				return
			}
		}
	}, nil
}

// paidByTransfer is what was paid to each account of transfers.
func paidByTransfer(store vouchers.Store) (diskstore.Claims, error) {
	accounts, err := exact.Accounts(store)
	paid := make(diskstore.Claims, len(accounts))
	for _, account := range accounts {
		paid[account.ID] = account.Claimed
	}
	return paid, err
}
