// Package storetest holds what every implementation of vouchers.Store must pass.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Run runs the suite against the stores that open returns. It opens a path again
// after it has closed the store there, and expects to find what was kept. A store that moves
// what it has to other places in time does so in its method Settle, if it has one.
func Run(t *testing.T, open func(t testing.TB, path string) vouchers.Store) {
	for name, test := range map[string]func(*testing.T, *place){
		"a record comes back as it was submitted":                    recordComesBack,
		"of many updates of a channel the last one is kept":          lastUpdateIsKept,
		"channels that share terms share them after a load":          termsAreShared,
		"the error of a visitor ends a load":                         visitorEndsLoad,
		"a context that has ended ends a long load":                  contextEndsLoad,
		"an answer comes back until another one replaces it":         answerComesBack,
		"what comes with a record is kept together with it":          updateIsKeptTogether,
		"a closed store has kept all that was submitted":             closeKeepsAll,
		"a closed store takes and gives nothing":                     closedStoreRefuses,
		"what is durable is a prefix of what was submitted":          durableIsAPrefix,
		"a context that ends while waiting decides nothing":          contextDecidesNothing,
		"a malformed update is refused whole and harms nothing else": malformedIsRefused,
		"a bucket is a map of its own":                               bucketIsAMap,
		"a bucket is walked in the order of its keys":                bucketIsWalked,
		"a bucket's keys and values may change after a write":        bucketCopies,
		"hundreds may write at once":                                 crowdWrites,

		"entries come back in order, each with the one before and its batch":  entriesComeBack,
		"an entry is kept together with what comes with it":                   entryIsKeptTogether,
		"a walk begins above a number":                                        walkBeginsAbove,
		"a walk of days has what is within them":                              daysAreBounds,
		"the error of a visitor and the end of a context end a walk":          walkEnds,
		"what nobody attests waits, in order, until somebody does":            unattestedWaits,
		"entries wait for somebody who attests them":                          entriesWaitForAttest,
		"a store that is closed with what nobody attests says it is not kept": unattestedIsRefused,
		"history is read beside those who write":                              historyIsReadBeside,
		"the numbers of an epoch follow those of the epoch before":            epochsFollow,
	} {
		t.Run(name, func(t *testing.T) { test(t, newPlace(t, open)) })
	}
}

// place is where a store is opened, and opened again.
type place struct {
	vouchers.Store
	path string
	open func(t testing.TB, path string) vouchers.Store
}

func newPlace(t *testing.T, open func(t testing.TB, path string) vouchers.Store) *place {
	path := filepath.Join(t.TempDir(), "store")
	p := &place{Store: open(t, path), path: path, open: open}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// settle has the store do at once what it does in time.
func (p *place) settle() {
	if s, can := p.Store.(interface{ Settle() }); can {
		s.Settle()
	}
}

func (p *place) reopen(t *testing.T) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	p.Store = p.open(t, p.path)
}

// submit waits until the update is durable.
func (p *place) submit(t *testing.T, u vouchers.Update) {
	t.Helper()
	if err := p.Submit(u).Wait(t.Context()); err != nil {
		t.Fatalf("submit: %v", err)
	}
}

// records returns every channel by its id.
func (p *place) records(t *testing.T) map[vouchers.ChannelID]vouchers.Record {
	t.Helper()
	all := map[vouchers.ChannelID]vouchers.Record{}
	err := p.Load(t.Context(), func(r *vouchers.Record) error {
		kept := *r
		kept.Proof = vouchers.NewProof(r.Proof.Signature())
		if _, twice := all[r.ID]; twice {
			t.Errorf("channel %s is loaded twice", r.ID)
		}
		all[r.ID] = kept
		return nil
	})
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return all
}

func terms(n byte) *vouchers.Terms {
	return &vouchers.Terms{
		Deployment: vouchers.Deployment{ChainID: 8453, Escrow: common.Address{1, n}},
		Receiver:   common.Address{2, n}, ReceiverAuthorizer: common.Address{3, n}, Token: common.Address{4, n},
		WithdrawDelay: 86400,
	}
}

// record returns a record in which every field says something else.
func record(n byte, t *vouchers.Terms, sig vouchers.Signature) vouchers.Record {
	m := vouchers.Amount(n) * 1000
	return vouchers.Record{
		ID: vouchers.ChannelID{n, 31: 1}, Terms: t,
		Payer: common.Address{5, n}, PayerAuthorizer: common.Address{6, n}, Salt: common.Hash{7, n},
		Balance: m + 9, Claimed: m + 1, Charged: m + 3, Aside: m + 4, Ceiling: m + 8, Burnt: m + 7, Offset: m + 6,
		Proof:       vouchers.NewProof(sig),
		Withdrawal:  vouchers.Withdrawal{Amount: m + 5, FinalizeAfter: 1_900_000_000},
		RefundNonce: uint64(n) + 1, Block: uint64(n) + 2, Updated: 1_800_000_000, Used: 1_700_000_000,
	}
}

func signature(length int) vouchers.Signature {
	sig := make(vouchers.Signature, length)
	for i := range sig {
		sig[i] = byte(i + 1)
	}
	return sig
}

func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
