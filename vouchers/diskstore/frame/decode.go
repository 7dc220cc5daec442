package frame

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// reader takes a body apart. After its first error all that it reads is zero.
type reader struct {
	rest []byte
	err  error

	channels []vouchers.ChannelID // of the records
	pastOnly bool                 // records are read, and forgotten but for their channels
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
	}
	r.rest = nil
}

func (r *reader) uint64() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.fail("a number is cut off, too large, or longer than it has to be")
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) uint32() uint32 {
	v := r.uint64()
	if v > math.MaxUint32 {
		r.fail("%d where 32 bits are expected", v)
		return 0
	}
	return uint32(v)
}

// count reads how many there are of what takes at least so many bytes each.
func (r *reader) count(least int) int {
	n := r.uint64()
	if n > uint64(len(r.rest)/least) {
		r.fail("%d of at least %d bytes in %d", n, least, len(r.rest))
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.fail("%d bytes are expected where %d are left", n, len(r.rest))
		return make([]byte, n)
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// bytes reads bytes after their number.
func (r *reader) bytes() []byte {
	n := r.uint64()
	if n > uint64(len(r.rest)) {
		r.fail("%d bytes are expected where %d are left", n, len(r.rest))
		return nil
	}
	return r.take(int(n))
}

func (r *reader) flag() bool {
	b := r.take(1)[0]
	if b > 1 {
		r.fail("a flag of %d", b)
	}
	return b == 1
}

func (r *reader) amount() vouchers.Amount { return vouchers.Amount(r.uint64()) }
func (r *reader) hash() common.Hash       { return common.Hash(r.take(32)) }
func (r *reader) address() common.Address { return common.Address(r.take(20)) }

// The least bytes that each takes in a frame.
const (
	leastTerms  = 82
	leastRecord = 32 + 1 + 13 + 1
	leastEntry  = 1 + 1 + 1 + 32 + 1 + 1 + 1
	leastAnswer = 32 + 32 + 1 + 1 + 1 + 1
	leastPut    = 3
)

func (r *reader) frame() *Frame {
	f := &Frame{Attestation: r.bytes()}
	r.records(f)
	r.entries(f)
	answers := make([]vouchers.Answer, r.count(leastAnswer))
	f.Answers = make([]*vouchers.Answer, len(answers))
	for i := range answers {
		answers[i] = r.answer()
		f.Answers[i] = &answers[i]
	}
	f.Puts = make([]vouchers.Put, r.count(leastPut))
	for i := range f.Puts {
		f.Puts[i] = r.put()
	}
	return f
}

func (r *reader) records(f *Frame) {
	terms := make([]*vouchers.Terms, r.count(leastTerms))
	for i := range terms {
		terms[i] = &vouchers.Terms{
			Deployment: vouchers.Deployment{ChainID: r.uint64(), Escrow: r.address()},
			Receiver:   r.address(), ReceiverAuthorizer: r.address(), Token: r.address(),
			WithdrawDelay: r.uint64(),
		}
	}
	r.channels = make([]vouchers.ChannelID, r.count(leastRecord))
	if r.pastOnly {
		var forgotten Record
		for i := range r.channels {
			r.record(&forgotten, terms)
			r.channels[i] = forgotten.ID
		}
		return
	}
	f.Records = make([]Record, len(r.channels))
	for i := range f.Records {
		r.record(&f.Records[i], terms)
		r.channels[i] = f.Records[i].ID
	}
}

func (r *reader) record(rec *Record, terms []*vouchers.Terms) {
	rec.ID = vouchers.ChannelID(r.take(32))
	if rec.Whole = r.flag(); rec.Whole {
		number := r.uint64()
		if number >= uint64(len(terms)) {
			r.fail("terms %d of %d", number, len(terms))
			return
		}
		rec.Terms = terms[number]
		rec.Payer, rec.PayerAuthorizer, rec.Salt = r.address(), r.address(), r.hash()
	}
	rec.Balance, rec.Claimed, rec.Charged, rec.Aside, rec.Ceiling = r.amount(), r.amount(), r.amount(), r.amount(), r.amount()
	rec.Burnt, rec.Offset = r.amount(), r.amount()
	rec.Withdrawal = vouchers.Withdrawal{Amount: r.amount(), FinalizeAfter: r.uint64()}
	rec.RefundNonce, rec.Block = r.uint64(), r.uint64()
	rec.Updated, rec.Used = r.uint32(), r.uint32()
	proof := r.bytes()
	if len(proof) > vouchers.MaxSignature {
		r.fail("a signature of %d bytes, at most %d", len(proof), vouchers.MaxSignature)
		return
	}
	if !r.pastOnly {
		rec.Proof = vouchers.NewProof(proof)
	}
}

func (r *reader) entries(f *Frame) {
	entries := make([]vouchers.Entry, r.count(leastEntry))
	f.Entries = make([]Entry, len(entries))
	for i := range entries {
		f.Entries[i] = Entry{&entries[i], r.entry(&entries[i])}
	}
}

func (r *reader) entry(e *vouchers.Entry) (of int) {
	number := r.uint64()
	switch {
	case number > uint64(len(r.channels)):
		r.fail("an entry of record %d of %d", number, len(r.channels))
		return -1
	case number == 0:
		e.Channel = vouchers.ChannelID(r.take(32))
	default:
		e.Channel = r.channels[number-1]
	}
	epoch, n := r.uint64(), r.uint64()
	if epoch >= 1<<(64-epochBits) || n >= 1<<epochBits {
		r.fail("entry %d of epoch %d", n, epoch)
		return -1
	}
	e.Number = epoch<<epochBits | n
	e.Digest, e.Cumulative, e.Time, e.Value = r.hash(), r.amount(), r.uint32(), r.bytes()
	return int(number) - 1
}

func (r *reader) answer() vouchers.Answer {
	a := vouchers.Answer{Key: vouchers.AnswerKey(r.take(32)), Fingerprint: [32]byte(r.take(32)), Ceiling: r.amount()}
	expires := r.uint64()
	if expires > math.MaxInt64 {
		r.fail("an answer that expires at %d", expires)
		return a
	}
	a.Expires = time.Unix(int64(expires), 0).UTC()
	a.Omitted = r.flag()
	if body := r.bytes(); !a.Omitted {
		a.Body = body
	} else if len(body) > 0 {
		r.fail("an answer that is both kept and omitted")
	}
	return a
}

func (r *reader) put() vouchers.Put {
	p := vouchers.Put{Bucket: string(r.bytes()), Key: r.bytes()}
	if r.flag() {
		p.Value = r.bytes()
		if p.Value == nil {
			p.Value = []byte{}
		}
	}
	if r.err == nil {
		if err := p.Validate(); err != nil {
			r.fail("%w", err)
		}
	}
	return p
}
