package inspect

import (
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
)

// Stats say what a store holds.
type Stats struct {
	// Version is the version of the store's format.
	Version int `json:"version"`
	// Channels and Receipts are how many there are, Unclaimed is what was charged and not
	// claimed yet.
	Channels  int             `json:"channels"`
	Receipts  uint64          `json:"receipts"`
	Unclaimed vouchers.Amount `json:"unclaimed"`
	// Bytes is the size of all its files, Free what their disk has left; 0 where that is not
	// known.
	Bytes int64  `json:"bytes"`
	Free  uint64 `json:"free"`
	// State is what is alive as the checkpoint has it, without what is newer in the journal.
	State state.Stats `json:"state"`
	// Journal is what is not sealed yet.
	Journal Part `json:"journal"`
	// History and Answers are the sealed tables.
	History Part `json:"history"`
	Answers Part `json:"answers"`
}

// Part is what some files hold.
type Part struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Entries are the receipts, or the answers of sealed tables of answers; First and Last are
	// the times of the first and the last receipt.
	Entries uint64    `json:"entries,omitzero"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
}

// Add takes in entries of a span of time.
func (p *Part) Add(entries uint64, first, last time.Time) {
	if entries == 0 {
		return
	}
	if p.Entries == 0 || first.Before(p.First) {
		p.First = first
	}
	if last.After(p.Last) {
		p.Last = last
	}
	p.Entries += entries
}

// PartOf is what tables hold.
func PartOf(tables []history.Facts) (p Part) {
	for _, table := range tables {
		p.Files++
		p.Bytes += table.Bytes
		p.Add(table.Entries, table.First, table.Last)
	}
	return p
}
