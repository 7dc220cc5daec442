package frame

import (
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// epochBits is where a number has its epoch: the rest is counted from 1.
const epochBits = 40

func appendBody(b []byte, f *Frame) []byte {
	b = appendBytes(b, f.Attestation)
	b = appendRecords(b, f.Records)
	b = appendEntries(b, f)
	b = appendCount(b, len(f.Answers))
	for _, a := range f.Answers {
		b = append(b, a.Key[:]...)
		b = append(b, a.Fingerprint[:]...)
		b = binary.AppendUvarint(b, uint64(a.Ceiling))
		b = binary.AppendUvarint(b, uint64(max(0, a.Expires.Unix())))
		b = appendFlag(b, a.Omitted)
		b = appendBytes(b, a.Body)
	}
	b = appendCount(b, len(f.Puts))
	for _, p := range f.Puts {
		b = appendBytes(b, []byte(p.Bucket))
		b = appendBytes(b, p.Key)
		b = appendFlag(b, p.Value != nil)
		if p.Value != nil {
			b = appendBytes(b, p.Value)
		}
	}
	return b
}

func appendRecords(b []byte, records []Record) []byte {
	numbers := map[vouchers.Terms]int{}
	var all []*vouchers.Terms
	for i := range records {
		if r := &records[i]; r.Whole {
			if _, known := numbers[*r.Terms]; !known {
				numbers[*r.Terms] = len(all)
				all = append(all, r.Terms)
			}
		}
	}
	b = appendCount(b, len(all))
	for _, t := range all {
		b = binary.AppendUvarint(b, t.Deployment.ChainID)
		for _, a := range [...]common.Address{t.Deployment.Escrow, t.Receiver, t.ReceiverAuthorizer, t.Token} {
			b = append(b, a[:]...)
		}
		b = binary.AppendUvarint(b, t.WithdrawDelay)
	}
	b = appendCount(b, len(records))
	for i := range records {
		b = appendRecord(b, &records[i], numbers)
	}
	return b
}

func appendRecord(b []byte, r *Record, terms map[vouchers.Terms]int) []byte {
	b = append(b, r.ID[:]...)
	b = appendFlag(b, r.Whole)
	if r.Whole {
		b = appendCount(b, terms[*r.Terms])
		b = append(b, r.Payer[:]...)
		b = append(b, r.PayerAuthorizer[:]...)
		b = append(b, r.Salt[:]...)
	}
	for _, v := range [...]uint64{
		uint64(r.Balance), uint64(r.Claimed), uint64(r.Charged), uint64(r.Aside), uint64(r.Ceiling),
		uint64(r.Burnt), uint64(r.Offset), uint64(r.Withdrawal.Amount), r.Withdrawal.FinalizeAfter,
		r.RefundNonce, r.Block, uint64(r.Updated), uint64(r.Used),
	} {
		b = binary.AppendUvarint(b, v)
	}
	b = appendCount(b, r.Proof.Len())
	return r.Proof.AppendTo(b)
}

func appendEntries(b []byte, f *Frame) []byte {
	b = appendCount(b, len(f.Entries))
	for _, e := range f.Entries {
		b = appendCount(b, e.Of+1)
		if e.Of < 0 {
			b = append(b, e.Channel[:]...)
		}
		b = binary.AppendUvarint(b, e.Number>>epochBits)
		b = binary.AppendUvarint(b, e.Number&(1<<epochBits-1))
		b = append(b, e.Digest[:]...)
		b = binary.AppendUvarint(b, uint64(e.Cumulative))
		b = binary.AppendUvarint(b, uint64(e.Time))
		b = appendBytes(b, e.Value)
	}
	return b
}

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendBytes(b, bytes []byte) []byte { return append(appendCount(b, len(bytes)), bytes...) }

func appendFlag(b []byte, flag bool) []byte {
	if flag {
		return append(b, 1)
	}
	return append(b, 0)
}
