package books

import (
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/receipts"
)

// OpenStore opens the store of a shop. The receipts of one of version 1 go into its history.
// Errors are those of [diskstore.Open].
func OpenStore(path string, options ...diskstore.Option) (*diskstore.Store, error) {
	return diskstore.Open(path, append(options, diskstore.WithFormerReceipts(receipts.EntryOfRecord))...)
}
