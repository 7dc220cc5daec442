package frame_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
)

func amount(t *rapid.T) vouchers.Amount { return vouchers.Amount(rapid.Uint64().Draw(t, "amount")) }

func some(t *rapid.T, n int) []byte {
	return append([]byte{}, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes")...)
}

func anyRecord(t *rapid.T) frame.Record {
	r := frame.Record{Whole: rapid.Bool().Draw(t, "whole"), Record: vouchers.Record{
		ID: vouchers.ChannelID(some(t, 32)), Balance: amount(t), Claimed: amount(t), Charged: amount(t), Aside: amount(t), Ceiling: amount(t),
		Burnt: amount(t), Offset: amount(t), Withdrawal: vouchers.Withdrawal{Amount: amount(t), FinalizeAfter: uint64(amount(t))},
		RefundNonce: uint64(amount(t)), Block: uint64(amount(t)), Updated: rapid.Uint32().Draw(t, "updated"), Used: rapid.Uint32().Draw(t, "used"),
		Proof: vouchers.NewProof(some(t, rapid.SampledFrom([]int{0, 1, 64, 65, 300}).Draw(t, "proof"))),
	}}
	if r.Whole {
		n := rapid.IntRange(0, 2).Draw(t, "terms")
		r.Terms = &vouchers.Terms{Deployment: vouchers.Deployment{ChainID: uint64(n), Escrow: common.Address{1}}, Token: common.Address{byte(n)}, WithdrawDelay: uint64(n) << 50}
		r.Payer, r.PayerAuthorizer, r.Salt = common.Address(some(t, 20)), common.Address(some(t, 20)), common.Hash(some(t, 32))
	}
	return r
}

func anyFrame(t *rapid.T) *frame.Frame {
	f := &frame.Frame{
		Attestation: some(t, rapid.IntRange(0, 66).Draw(t, "attestation")),
		Records:     []frame.Record{}, Entries: []frame.Entry{}, Answers: []*vouchers.Answer{}, Puts: []vouchers.Put{},
	}
	for range rapid.IntRange(0, 5).Draw(t, "records") {
		f.Records = append(f.Records, anyRecord(t))
	}
	for range rapid.IntRange(0, 5).Draw(t, "entries") {
		e := frame.Entry{Of: rapid.IntRange(-1, len(f.Records)-1).Draw(t, "of"), Entry: &vouchers.Entry{
			Channel: vouchers.ChannelID(some(t, 32)), Number: rapid.Uint64().Draw(t, "number"), Digest: common.Hash(some(t, 32)),
			Cumulative: amount(t), Time: rapid.Uint32().Draw(t, "time"), Value: some(t, rapid.IntRange(0, 100).Draw(t, "value")),
		}}
		if e.Of >= 0 {
			e.Channel = f.Records[e.Of].ID
		}
		f.Entries = append(f.Entries, e)
	}
	for range rapid.IntRange(0, 3).Draw(t, "answers") {
		a := &vouchers.Answer{
			Key: vouchers.AnswerKey(some(t, 32)), Fingerprint: [32]byte(some(t, 32)), Ceiling: amount(t),
			Expires: time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "expires"), 0).UTC(), Omitted: rapid.Bool().Draw(t, "omitted"),
		}
		if !a.Omitted {
			a.Body = some(t, rapid.IntRange(0, 4000).Draw(t, "body"))
		}
		f.Answers = append(f.Answers, a)
	}
	for range rapid.IntRange(0, 3).Draw(t, "puts") {
		p := vouchers.Put{Bucket: "room", Key: some(t, rapid.IntRange(1, 40).Draw(t, "key"))}
		if rapid.Bool().Draw(t, "put") {
			p.Value = some(t, rapid.IntRange(0, 40).Draw(t, "value"))
		}
		f.Puts = append(f.Puts, p)
	}
	return f
}

func encode(f *frame.Frame) []byte { return new(frame.Encoder).Append(nil, f) }

func TestAFrameReadsAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyFrame(t)
		got, err := frame.Decode(encode(want))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func TestThePastOfAFrameIsAllButItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyFrame(t)
		got, err := frame.DecodePast(encode(want))
		if err != nil {
			t.Fatal(err)
		}
		if want.Records = nil; !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func TestAnEncoderMayBeUsedAgain(t *testing.T) {
	var encoder frame.Encoder
	large := &frame.Frame{Puts: []vouchers.Put{{Bucket: "room", Key: []byte("k"), Value: bytes.Repeat([]byte("value"), 1000)}}}
	small := &frame.Frame{Puts: []vouchers.Put{{Bucket: "room", Key: []byte("k")}}}
	for _, f := range []*frame.Frame{large, small, large} {
		head := []byte("head")
		got := encoder.Append(bytes.Clone(head), f)
		if !bytes.HasPrefix(got, head) || !bytes.Equal(got[len(head):], encode(f)) {
			t.Errorf("a frame of %d bytes is not as a new encoder makes it", len(got))
		}
	}
}

func TestWhatIsCutOffIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := encode(anyFrame(t))
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if f, err := frame.Decode(b[:cut]); err == nil {
			t.Fatalf("%d of %d bytes are %+v", cut, len(b), f)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for seed := range 20 {
		f.Add(encode(rapid.Custom(anyFrame).Example(seed)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := frame.Decode(b)
		if _, past := frame.DecodePast(b); (past == nil) != (err == nil) {
			t.Fatalf("of all it says %v, of the past %v", err, past)
		}
		if err != nil {
			return
		}
		again, err := frame.Decode(encode(got))
		if err != nil {
			t.Fatalf("what was read is not written well: %v", err)
		}
		if !reflect.DeepEqual(again, got) {
			t.Fatalf("%+v, want %+v", again, got)
		}
	})
}
