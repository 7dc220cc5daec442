package receipts_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// paper is a store that has nothing, and knows who attests.
type paper struct {
	vouchers.Store
	attest vouchers.Attest
}

func (p *paper) Bucket(string) vouchers.Bucket { return blank{} }
func (p *paper) History() vouchers.History     { return unwritten{} }
func (p *paper) Attest(attest vouchers.Attest) { p.attest = attest }

type blank struct{ vouchers.Bucket }

func (blank) Get([]byte) ([]byte, error) { return nil, nil }

type unwritten struct{ vouchers.History }

func (unwritten) Head(vouchers.ChannelID) (vouchers.Head, error) { return vouchers.Head{}, nil }

// issuer makes receipts in batches, without a disk.
type issuer struct {
	b     *testing.B
	book  *receipts.Book
	paper *paper
	sum   vouchers.Amount
	// bytes are those of the last receipt's word, and of its entry.
	word, entry int
}

func newIssuer(b *testing.B) *issuer {
	b.Helper()
	i := &issuer{b: b, paper: new(paper)}
	var err error
	if i.book, err = receipts.Open(i.paper, authorizer); err != nil {
		b.Fatal(err)
	}
	return i
}

// batch issues so many receipts with one signature, as words.
func (i *issuer) batch(n int) {
	drafts, leaves := make([]*receipts.Draft, n), make([]common.Hash, n)
	for k := range drafts {
		i.sum += 1000
		c := &ledger.Charge{Channel: channel, Charged: 1000, Cumulative: i.sum, State: ledger.Channel{Deployment: deployment, Config: config}}
		draft, err := i.book.Draft(c, receipts.Receipt{Resource: "mcp://tool/search", Ceiling: i.sum, Request: common.Hash{1}, IssuedAt: 1790000000})
		if err != nil {
			i.b.Fatal(err)
		}
		i.book.Issue(draft)
		drafts[k], leaves[k] = draft, draft.Entry.Digest
	}
	attestation, err := i.paper.attest(context.Background(), leaves)
	if err != nil {
		i.b.Fatal(err)
	}
	batch := &vouchers.Batch{Leaves: leaves, Attestation: attestation}
	for k, draft := range drafts {
		draft.Entry.Batch, draft.Entry.Leaf = batch, k
		signed, err := draft.Signed()
		if err != nil {
			i.b.Fatal(err)
		}
		word, err := signed.Wire()
		if err != nil {
			i.b.Fatal(err)
		}
		i.word, i.entry = len(word), len(draft.Entry.Value)
	}
}

// BenchmarkReceipt makes receipts in batches, from the charge to the word that its answer has, to
// one signature for each.
func BenchmarkReceipt(b *testing.B) {
	for _, size := range []int{1, 64, 1024} {
		name := strconv.Itoa(size)
		b.Run("batch="+name, func(b *testing.B) {
			i := newIssuer(b)
			i.batch(size)
			var issued, signed time.Duration
			n := 0
			for b.Loop() {
				start := time.Now()
				i.batch(size)
				middle := time.Now()
				for range size {
					if _, err := authorizer.SignHash(context.Background(), common.Hash{1}); err != nil {
						b.Fatal(err)
					}
				}
				issued, signed, n = issued+middle.Sub(start), signed+time.Since(middle), n+size
			}
			b.ReportMetric(float64(issued.Nanoseconds())/1000/float64(n), "receipt.cost."+name+":us")
			b.ReportMetric(float64(issued)/float64(signed), "receipt.cost."+name+":ratio")
			b.ReportMetric(float64(i.word), "receipt.bytes."+name+":B")
			if size == 1 {
				b.ReportMetric(float64(i.entry), "receipt.bytes.entry:B")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
