package transfer_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// moment is now, in Unix seconds, where no chain has a clock of its own.
const moment = 1_800_000_000

var paper = funding.Token{Address: common.Address{19: 7}, Name: "USDC", Version: "2", Separator: common.Hash{7}, EIP3009: true}

// drawn is a transfer of a method that dev key 1 is to sign.
func drawn(method transfer.Method) transfer.Transfer {
	return transfer.Transfer{
		Method: method, ChainID: 8453, Token: paper.Address, From: keys.Dev(1).Address(), To: common.Address{19: 9}, Value: 1000,
		ValidAfter: moment - 60, ValidBefore: moment + 60, Nonce: common.Hash{31: 5}, Spender: method.Proxy(), Facilitator: common.Address{19: 3},
	}
}

// signed bends a transfer and signs it.
func signed(t testing.TB, d transfer.Transfer, bend func(*transfer.Transfer)) transfer.Transfer {
	t.Helper()
	if bend != nil {
		bend(&d)
	}
	if err := d.Sign(t.Context(), keys.Dev(1), paper); err != nil {
		t.Fatal(err)
	}
	return d
}

// bent signs a transfer and bends it.
func bent(t testing.TB, d transfer.Transfer, bend func(*transfer.Transfer)) transfer.Transfer {
	t.Helper()
	d = signed(t, d, nil)
	bend(&d)
	return d
}

func sponsored(t testing.TB, d transfer.Transfer, deadline uint64, by keys.Signer) transfer.Transfer {
	t.Helper()
	d = signed(t, d, nil)
	if err := d.SignPermit(t.Context(), by, paper, 4, deadline); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryMistakeOfATransferHasItsSentinel(t *testing.T) {
	exact, permit, upto := drawn(transfer.EIP3009), drawn(transfer.Permit2), drawn(transfer.Upto)
	garbage := append(make(vouchers.Signature, 64), signed(t, exact, nil).Signature...)
	for name, try := range map[string]struct {
		transfer.Transfer
		want error
	}{
		"no method":                        {signed(t, exact, func(d *transfer.Transfer) { d.Method = 0 }), transfer.ErrMethod},
		"a method to come":                 {signed(t, exact, func(d *transfer.Transfer) { d.Method = 4 }), transfer.ErrMethod},
		"another token":                    {signed(t, exact, func(d *transfer.Transfer) { d.Token = common.Address{1} }), transfer.ErrToken},
		"another token by Permit2":         {signed(t, permit, func(d *transfer.Transfer) { d.Token = common.Address{1} }), transfer.ErrToken},
		"nothing":                          {signed(t, exact, func(d *transfer.Transfer) { d.Value = 0 }), transfer.ErrValue},
		"nothing by Permit2":               {signed(t, permit, func(d *transfer.Transfer) { d.Value = 0 }), transfer.ErrPermit2Value},
		"to come":                          {signed(t, exact, func(d *transfer.Transfer) { d.ValidAfter = moment + 1 }), transfer.ErrNotYetValid},
		"to come by Permit2":               {signed(t, permit, func(d *transfer.Transfer) { d.ValidAfter = moment + 1 }), transfer.ErrPermit2NotYetValid},
		"past":                             {signed(t, exact, func(d *transfer.Transfer) { d.ValidBefore = moment - 1 }), transfer.ErrExpired},
		"past within the margin":           {signed(t, exact, func(d *transfer.Transfer) { d.ValidBefore = moment + 6 }), transfer.ErrExpired},
		"past by Permit2":                  {signed(t, permit, func(d *transfer.Transfer) { d.ValidBefore = moment - 1 }), transfer.ErrPermit2Expired},
		"past by Permit2 in the margin":    {signed(t, upto, func(d *transfer.Transfer) { d.ValidBefore = moment + 5 }), transfer.ErrPermit2Expired},
		"no signature":                     {bent(t, exact, func(d *transfer.Transfer) { d.Signature = nil }), transfer.ErrSignatureForm},
		"a signature without an end":       {bent(t, exact, func(d *transfer.Transfer) { d.Signature = make(vouchers.Signature, vouchers.MaxSignature+1) }), transfer.ErrSignatureForm},
		"a wrapper around nothing":         {bent(t, exact, func(d *transfer.Transfer) { d.Signature = append(garbage, mark...) }), transfer.ErrSignatureForm},
		"a wrapper of no signature":        {bent(t, exact, func(d *transfer.Transfer) { d.Signature = wrap(t, nil) }), transfer.ErrSignatureForm},
		"a wrapper of a wrapper":           {bent(t, exact, func(d *transfer.Transfer) { d.Signature = wrap(t, wrap(t, garbage)) }), transfer.ErrSignatureForm},
		"for the collector":                {signed(t, permit, func(d *transfer.Transfer) { d.Spender = common.Address{1} }), transfer.ErrPermit2Spender},
		"exact for the proxy of upto":      {signed(t, permit, func(d *transfer.Transfer) { d.Spender = transfer.UptoProxy }), transfer.ErrPermit2Spender},
		"a permit of somebody else":        {sponsored(t, permit, moment+60, keys.Dev(2)), transfer.ErrPermit},
		"a permit that is past":            {sponsored(t, permit, moment+5, keys.Dev(1)), transfer.ErrPermitExpired},
		"a permit with an authorization":   {sponsored(t, exact, moment+60, keys.Dev(1)), transfer.ErrPermit},
		"a permit that no proxy passes on": {bent(t, sponsored(t, permit, moment+60, keys.Dev(1)), func(d *transfer.Transfer) { d.Permit.Signature = garbage }), transfer.ErrPermit},
	} {
		if account, err := try.Check(time.Unix(moment, 0), 6*time.Second, paper); !errors.Is(err, try.want) || account != 0 {
			t.Errorf("%s: %s, %v; want %v", name, account, err, try.want)
		}
	}
	plain := paper
	plain.EIP3009 = false
	if _, err := signed(t, exact, nil).Check(time.Unix(moment, 0), 0, plain); !errors.Is(err, transfer.ErrNoEIP3009) {
		t.Errorf("of a token without EIP-3009: %v", err)
	}
}

func TestATransferIsGoodToTheLastMomentOfItsTime(t *testing.T) {
	for _, method := range []transfer.Method{transfer.EIP3009, transfer.Permit2, transfer.Upto} {
		last := uint64(moment + 6)
		if method == transfer.EIP3009 { // which excludes the last moment
			last++
		}
		d := signed(t, drawn(method), func(d *transfer.Transfer) { d.ValidAfter, d.ValidBefore = moment, last })
		if account, err := d.Check(time.Unix(moment, 0), 6*time.Second, paper); err != nil || account != transfer.ByKey {
			t.Errorf("%s: %s, %v", method, account, err)
		}
		if _, err := d.Check(time.Unix(moment+1, 0), 6*time.Second, paper); err == nil {
			t.Errorf("%s: a second later it is still good", method)
		}
		if _, err := d.Check(time.Unix(moment, 0), 1<<62, paper); err == nil {
			t.Errorf("%s: a margin of years is left", method)
		}
	}
}

func TestASignatureByTheKeyIsToldFromOneThatTheChainMustTellOf(t *testing.T) {
	order, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	for _, method := range []transfer.Method{transfer.EIP3009, transfer.Permit2, transfer.Upto} {
		good := signed(t, drawn(method), nil)
		compact, err := good.Signature.Compact()
		if err != nil {
			t.Fatal(err)
		}
		high := append(vouchers.Signature(nil), good.Signature...)
		new(big.Int).Sub(order, new(big.Int).SetBytes(high[32:64])).FillBytes(high[32:64])
		high[64] = 27 + 28 - high[64]
		for name, try := range map[string]struct {
			signature vouchers.Signature
			want      transfer.Account
		}{
			"65 bytes":       {good.Signature, transfer.ByKey},
			"64 bytes":       {compact, transfer.ByKey},
			"a high s":       {high, transfer.ByContract},
			"another parity": {append(good.Signature[:64:64], 27+28-good.Signature[64]), transfer.ByContract},
			"bytes":          {vouchers.Signature("anything"), transfer.ByContract},
			"wrapped":        {wrap(t, good.Signature), transfer.ByUndeployed},
		} {
			d := good
			d.Signature = try.signature
			if account, err := d.Check(time.Unix(moment, 0), 0, paper); err != nil || account != try.want || account.NeedsChain() != (try.want != transfer.ByKey) {
				t.Errorf("%s, %s: %s, %v; want %s", method, name, account, err, try.want)
			}
		}
	}
}

// Each field that a payer signs is one that nobody else can change.
func TestNothingThatIsSignedCanBeChanged(t *testing.T) {
	for _, method := range []transfer.Method{transfer.EIP3009, transfer.Permit2, transfer.Upto} {
		good := signed(t, drawn(method), nil)
		for name, bend := range map[string]func(*transfer.Transfer){
			"payer":       func(d *transfer.Transfer) { d.From[0]++ },
			"payee":       func(d *transfer.Transfer) { d.To[0]++ },
			"value":       func(d *transfer.Transfer) { d.Value++ },
			"valid after": func(d *transfer.Transfer) { d.ValidAfter++ },
			"valid until": func(d *transfer.Transfer) { d.ValidBefore++ },
			"nonce":       func(d *transfer.Transfer) { d.Nonce[0]++ },
			"spender":     func(d *transfer.Transfer) { d.Spender[0]++ },
			"facilitator": func(d *transfer.Transfer) { d.Facilitator[0]++ },
			"chain":       func(d *transfer.Transfer) { d.ChainID++ },
		} {
			bent := good
			bend(&bent)
			signs := !(name == "payer" && method != transfer.EIP3009 || name == "spender" && method == transfer.EIP3009 || name == "facilitator" && method != transfer.Upto ||
				name == "chain" && method == transfer.EIP3009) // Permit2 looks for the payer in the signature; a token's chain is in its separator
			if changed := bent.Digest(paper) != good.Digest(paper); changed != signs {
				t.Errorf("%s: another %s changes the digest: %t", method, name, changed)
			}
		}
	}
}

func TestTheKeyIsWhatCanBeUsedOnce(t *testing.T) {
	key := func(method transfer.Method, bend func(*transfer.Transfer)) common.Hash {
		d := drawn(method)
		bend(&d)
		return d.Key()
	}
	same := func(*transfer.Transfer) {}
	amount := func(d *transfer.Transfer) { d.Value, d.To, d.Signature = 5, common.Address{8}, vouchers.Signature{1} }
	token := func(d *transfer.Transfer) { d.Token = common.Address{8} }
	if key(transfer.EIP3009, same) != key(transfer.EIP3009, amount) || key(transfer.Permit2, same) != key(transfer.Upto, token) {
		t.Error("one authorization has two keys")
	}
	seen := make(map[common.Hash]int)
	for i, k := range []common.Hash{
		key(transfer.EIP3009, same), key(transfer.EIP3009, token), key(transfer.Permit2, same),
		key(transfer.EIP3009, func(d *transfer.Transfer) { d.ChainID++ }), key(transfer.Permit2, func(d *transfer.Transfer) { d.ChainID++ }),
		key(transfer.EIP3009, func(d *transfer.Transfer) { d.From[3]++ }), key(transfer.EIP3009, func(d *transfer.Transfer) { d.Nonce[3]++ }),
	} {
		if other, taken := seen[k]; taken {
			t.Errorf("authorizations %d and %d have one key", other, i)
		}
		seen[k] = i
	}
}

var mark = common.FromHex("0x6492649264926492649264926492649264926492649264926492649264926492")

func wrap(t testing.TB, signature vouchers.Signature) vouchers.Signature {
	t.Helper()
	wrapped, err := transfer.Wrap(common.Address{1}, []byte("deploy"), signature)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// BenchmarkCheck checks a payment by exact, against a voucher whose signer's key is known.
func BenchmarkCheck(b *testing.B) {
	private, err := crypto.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	d := drawn(transfer.EIP3009)
	d.From = crypto.PubkeyToAddress(private.PublicKey)
	if err := d.Sign(b.Context(), keys.NewSigner(private), paper); err != nil {
		b.Fatal(err)
	}
	domain := vouchers.NewDomain(vouchers.Deployment{ChainID: 8453, Escrow: common.Address{1}})
	voucher, key := vouchers.Voucher{Channel: vouchers.ChannelID{1}, Ceiling: 1000}, (*vouchers.PublicKey)(crypto.FromECDSAPub(&private.PublicKey))
	signature, err := domain.SignVoucher(private, voucher)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Unix(moment, 0)
	b.ReportAllocs()
	var ours time.Duration
	var ratios []float64 // of each turn: what else the machine does is fair to both
	const turn = 100
	b.ResetTimer()
	for from := 0; from < b.N; from += turn {
		start := time.Now()
		for range turn {
			if account, err := d.Check(now, 0, paper); err != nil || account != transfer.ByKey {
				b.Fatal(account, err)
			}
		}
		took, middle := time.Since(start), time.Now()
		for range turn {
			if err := domain.Verify(key, voucher, signature); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, float64(took)/float64(time.Since(middle)))
		ours += took
	}
	slices.Sort(ratios)
	b.ReportMetric(float64(ours)/float64(turn*len(ratios)), "verify.exact:ns")
	b.ReportMetric(ratios[len(ratios)/2], "verify.exact:ratio")
}
