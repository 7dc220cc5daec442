package transfer_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

func TestATransferComesOutOfAStoreAsItWentIn(t *testing.T) {
	for i, v := range readVectors(t) {
		d := v.transfer(t)
		raw, err := d.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back transfer.Transfer
		if err := back.UnmarshalBinary(raw); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("vector %d: %+v comes back as %+v, %v", i, d, back, err)
		}
		for cut := range raw {
			d := transfer.Transfer{Value: 7}
			if err := d.UnmarshalBinary(raw[:cut]); err == nil && v.Permit == nil || err != nil && (!errors.Is(err, transfer.ErrEncoding) || d.Value != 7) {
				t.Errorf("vector %d, %d of %d bytes: %+v, %v", i, cut, len(raw), d, err)
			}
		}
	}
}

func TestWhatIsNoTransferIsNotKept(t *testing.T) {
	long, none := drawn(transfer.EIP3009), drawn(0)
	long.Signature = make(vouchers.Signature, vouchers.MaxSignature+1)
	for _, d := range []transfer.Transfer{long, none} {
		if raw, err := d.MarshalBinary(); !errors.Is(err, transfer.ErrEncoding) {
			t.Errorf("%d bytes, %v", len(raw), err)
		}
	}
	good, err := drawn(transfer.Upto).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"nothing":         nil,
		"another version": append([]byte{2}, good[1:]...),
		"another method":  append([]byte{1, 9}, good[2:]...),
		"more":            append(bytes.Clone(good), 0),
	} {
		if err := new(transfer.Transfer).UnmarshalBinary(raw); !errors.Is(err, transfer.ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCheckSignature(f *testing.F) {
	good := signed(f, drawn(transfer.EIP3009), nil)
	f.Add([]byte(good.Signature))
	f.Add([]byte(wrap(f, good.Signature)))
	f.Add(mark)
	f.Fuzz(func(t *testing.T, signature []byte) {
		d := good
		d.Signature = signature
		account, err := d.Check(time.Unix(moment, 0), 0, paper)
		if err != nil {
			if !errors.Is(err, transfer.ErrSignatureForm) || len(err.Error()) > 1000 {
				t.Errorf("%x: %v", signature, err)
			}
			return
		}
		calls, err := d.Calls(account, d.Value)
		if err != nil || len(calls) == 0 || (len(calls) == 2) != (account == transfer.ByUndeployed) {
			t.Errorf("%x: %d calls, %v", signature, len(calls), err)
		}
	})
}

func FuzzUnmarshalBinary(f *testing.F) {
	for _, v := range readVectors(f)[:4] {
		raw, err := v.transfer(f).MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d transfer.Transfer
		if err := d.UnmarshalBinary(raw); err != nil {
			if !errors.Is(err, transfer.ErrEncoding) || len(err.Error()) > 1000 {
				t.Errorf("%x: %v", raw, err)
			}
			return
		}
		if again, err := d.MarshalBinary(); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%x is written as %x, %v", raw, again, err)
		}
	})
}
