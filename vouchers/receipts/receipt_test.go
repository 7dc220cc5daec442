package receipts_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

func TestADigestIsThatOfTheTypedDataThatAWalletShows(t *testing.T) {
	r := receipts.Receipt{
		Network: deployment.Network(), Escrow: deployment.Escrow, Channel: channel, Sequence: 7, Previous: common.HexToHash("0x0123"),
		Charged: 700, Cumulative: 1 << 60, Ceiling: 1<<63 + 1, Grant: receipts.ID{0xab}, Token: receipts.ID{15: 0xcd},
		Resource: "mcp://tool/suche-für-käufer", Request: common.HexToHash("0xfeed"), IssuedAt: 1790000000,
	}
	number := func(n uint64) string { return fmt.Sprint(n) }
	typed := apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}, {Name: "chainId", Type: "uint256"}, {Name: "verifyingContract", Type: "address"}},
			"Receipt":      fields(receipts.Type),
		},
		PrimaryType: "Receipt",
		Domain: apitypes.TypedDataDomain{
			Name: receipts.DomainName, Version: receipts.DomainVersion,
			ChainId: (*math.HexOrDecimal256)(new(big.Int).SetUint64(deployment.ChainID)), VerifyingContract: deployment.Escrow.Hex(),
		},
		Message: apitypes.TypedDataMessage{
			"channelId": channel.Hex(), "sequence": number(r.Sequence), "previous": r.Previous.Hex(), "charged": number(uint64(r.Charged)),
			"cumulative": number(uint64(r.Cumulative)), "ceiling": number(uint64(r.Ceiling)), "grant": hexutil.Encode(r.Grant[:]), "token": hexutil.Encode(r.Token[:]),
			"resource": r.Resource, "request": r.Request.Hex(), "issuedAt": number(r.IssuedAt),
		},
	}
	want, _, err := apitypes.TypedDataAndHash(typed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Digest(); err != nil || !bytes.Equal(got[:], want) {
		t.Errorf("digest %s, want %x, %v", got, want, err)
	}
}

// fields are those of an EIP-712 type.
func fields(typ string) (all []apitypes.Type) {
	_, list, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	for _, field := range strings.Split(list, ",") {
		kind, name, _ := strings.Cut(field, " ")
		all = append(all, apitypes.Type{Name: name, Type: kind})
	}
	return all
}

func TestAResourceIsCutToAValidText(t *testing.T) {
	b := newBook(t)
	for name, want := range map[string]string{
		"http://h/" + strings.Repeat("ü", 600): "http://h/" + strings.Repeat("ü", 507),
		"http://h/\xff":                        "http://h/\uFFFD",
		strings.Repeat("x", 1024):              strings.Repeat("x", 1024),
	} {
		c := &ledger.Charge{Channel: channel, Charged: 1, Cumulative: 1, State: ledger.Channel{Deployment: deployment}}
		d, err := b.Draft(c, receipts.Receipt{Resource: name})
		if err != nil || d.Resource != want {
			t.Errorf("%.20q is cut to %q, %v", name, d.Resource, err)
		}
	}
}

func TestAReceiptSurvivesEveryForm(t *testing.T) {
	b := newBook(t)
	b.issues(1<<60, 3)
	for _, want := range b.all() {
		key, value, err := want.Record()
		if err != nil {
			t.Fatal(err)
		}
		header, err := want.Wire()
		if err != nil {
			t.Fatal(err)
		}
		stored, storedErr := receipts.FromRecord(key, value)
		sent, sentErr := receipts.ParseWire(header)
		if storedErr != nil || sentErr != nil || !reflect.DeepEqual(*stored, want) || !reflect.DeepEqual(*sent, want) {
			t.Errorf("%+v became %+v (%v) and %+v (%v)", want, stored, storedErr, sent, sentErr)
		}
		if err := sent.Check(authorizer.Address()); err != nil {
			t.Error(err)
		}
		if err := sent.Check(common.Address{1}); !errors.Is(err, receipts.ErrSigner) {
			t.Errorf("another signer: %v", err)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	b := newBook(f)
	b.issues(100)
	r := b.all()[0]
	key, value, err := r.Record()
	if err != nil {
		f.Fatal(err)
	}
	header, err := r.Wire()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key, value, header, statement(f, b.all(), 100))
	f.Fuzz(func(t *testing.T, key, value []byte, header, text string) {
		if r, err := receipts.FromRecord(key, value); err == nil {
			k, v, err := r.Record()
			if err != nil && !errors.Is(err, receipts.ErrFormat) || err == nil && (!bytes.Equal(k, key) || !bytes.Equal(v, value)) {
				t.Errorf("record %x: %x became %x: %x, %v", key, value, k, v, err)
			}
		} else if !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("record %x: %x: %v", key, value, err)
		}
		if r, err := receipts.ParseWire(header); err == nil {
			again, err := r.Wire()
			if err != nil {
				t.Fatal(err)
			}
			if twice, err := receipts.ParseHeader(again); err != nil || !reflect.DeepEqual(r, twice) {
				t.Errorf("header %q became %q: %v", header, again, err)
			}
			_ = r.Check(authorizer.Address()) // must not panic
		} else if !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("header %q: %v", header, err)
		}
		audits, err := receipts.Verify(strings.NewReader(text))
		if err != nil && len(audits) > 0 {
			t.Errorf("%d channels and %v", len(audits), err)
		}
		for _, a := range audits {
			if a.Fault == nil && a.Receipts > 1 {
				t.Errorf("somebody has forged a receipt: %s", text)
			}
		}
	})
}

func TestANetworkIsWrittenInOneWay(t *testing.T) {
	for _, network := range []string{"", "eip155:", "eip155:0", "eip155:01", "eip155:+1", "eip155:1 ", "eip155:1_0", "eip155:18446744073709551616", "solana:1"} {
		if d, err := (&receipts.Receipt{Network: network}).Deployment(); !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%q is read as %v, %v", network, d, err)
		}
	}
	if d, err := (&receipts.Receipt{Network: "eip155:18446744073709551615"}).Deployment(); err != nil || d.ChainID != 1<<64-1 {
		t.Errorf("%v, %v", d, err)
	}
}
