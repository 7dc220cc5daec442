package escrow

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/vouchers"
)

// row is a row of a compact batch as contracts/src/interfaces/ICompactClaim.sol
// describes it, read plainly.
type row struct {
	config         vouchers.ChannelConfig
	ceiling, total *big.Int
	byContract     bool
	signature      []byte
}

var errMalformed = errors.New("malformed")

// reader takes fields off the front of a batch. After a field that is not there
// everything is empty and short is true.
type reader struct {
	left  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.left) {
		r.left, r.short = nil, true
		return make([]byte, n)
	}
	field := r.left[:n]
	r.left = r.left[n:]
	return field
}

func (r *reader) number(n int) *big.Int { return new(big.Int).SetBytes(r.take(n)) }

func (r *reader) address() common.Address { return common.BytesToAddress(r.take(20)) }

func readCompact(batch []byte) (settles bool, rows []row, err error) {
	r := &reader{left: batch}
	flags := r.take(1)[0]
	shared := vouchers.ChannelConfig{Receiver: r.address(), ReceiverAuthorizer: r.address(), Token: r.address()}
	shared.WithdrawDelay = r.number(5).Uint64()
	if r.short || flags > 1 {
		return false, nil, errMalformed
	}
	var previous common.Address
	for len(r.left) > 0 {
		next, ok := r.row(shared, previous)
		if !ok || r.short {
			return false, nil, errMalformed
		}
		rows, previous = append(rows, next), next.config.Payer
	}
	return flags == 1, rows, nil
}

func (r *reader) row(config vouchers.ChannelConfig, previous common.Address) (row, bool) {
	flags := r.take(1)[0]
	config.Payer = previous
	if flags>>7 == 0 {
		config.Payer = r.address()
	} else if previous == (common.Address{}) {
		return row{}, false
	}
	signer := flags >> 4 & 3
	switch signer {
	case 0:
		config.PayerAuthorizer = config.Payer
	case 1:
		if config.PayerAuthorizer = r.address(); config.PayerAuthorizer == (common.Address{}) {
			return row{}, false
		}
	}
	if flags>>6&1 == 1 {
		n := int(r.take(1)[0])
		if n < 1 || n > 32 {
			return row{}, false
		}
		config.Salt = common.BytesToHash(r.take(n))
	}
	width := widths[flags&7]
	out := row{config: config, ceiling: r.number(width), byContract: signer == 3}
	out.total = out.ceiling
	if flags>>3&1 == 1 {
		out.total = r.number(width)
	}
	if !out.byContract {
		out.signature = r.take(64)
		return out, true
	}
	r.take(3)
	out.signature = r.take(int(binary.BigEndian.Uint16(r.take(2))))
	return out, true
}

// holds fails the test unless the batch says what the claims do, and nothing else.
func holds(t *testing.T, batch []byte, claims []Claim, settles bool) {
	t.Helper()
	settled, rows, err := readCompact(batch)
	if err != nil || settled != settles || len(rows) != len(claims) {
		t.Fatalf("%d claims are read back as %d rows that settle: %t, %v", len(claims), len(rows), settled, err)
	}
	for i, claim := range claims {
		got, signature := rows[i], claim.Signature
		if !got.byContract {
			if signature, err = claim.Signature.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		if got.config != claim.Config || got.ceiling.Cmp(claim.Ceiling.Big()) != 0 || got.total.Cmp(claim.Total.Big()) != 0 || string(got.signature) != string(signature) {
			t.Errorf("claim %d is %+v, and is read back as %+v", i, claim, got)
		}
	}
}

// walletClaim makes a claim of a wallet that takes every signature.
func walletClaim(e *evm, like vouchers.ChannelConfig, payer common.Address, signature int) Claim {
	config := like
	config.Payer, config.PayerAuthorizer = payer, common.Address{}
	e.fund(e.domain.ChannelID(config), 100)
	e.state.SetCode(payer, wallet, 0)
	return Claim{Config: config, Ceiling: 100, Total: 100, Signature: make(vouchers.Signature, signature)}
}

func TestASignatureThatIsTooLongForItsRowIsNotRead(t *testing.T) {
	e := newEVM(t)
	claims := someClaims(t, e, rand.New(rand.NewPCG(7, 8)), 1)
	for length, fits := range map[int]bool{0: true, 65: true, 65_535: true, 65_536: false, 65_536 + 85: false, 1 << 20: false} {
		batch := []Claim{walletClaim(e, claims[0].Config, common.Address{0xaa}, length), claims[0]}
		packed, err := encodeCompact(e.domain, batch, false)
		switch {
		case fits && err != nil, !fits && !errors.Is(err, vouchers.ErrSignature):
			t.Errorf("a signature of %d bytes: %v", length, err)
		case fits:
			holds(t, packed, batch, false)
		}
	}
}

func TestABatchOfNoClaimsIsRefused(t *testing.T) {
	e := newEVM(t)
	c := &Contract{abi: e.abi, domain: e.domain}
	for _, compact := range []bool{true, false} {
		if _, err := c.packClaim(nil, compact, true); !errors.Is(err, ErrClaims) {
			t.Errorf("compact %t: %v", compact, err)
		}
	}
}

func TestAClaimWithoutAPayerIsRefusedWhereverItStands(t *testing.T) {
	e := newEVM(t)
	for at := range 3 {
		claims := someClaims(t, e, rand.New(rand.NewPCG(9, uint64(at))), 3)
		claims[at].Config.Payer = common.Address{}
		if _, err := encodeCompact(e.domain, claims, false); !errors.Is(err, ErrClaims) {
			t.Errorf("as claim %d: %v", at, err)
		}
	}
}

func TestADelayThatDoesNotFitTheHeaderIsRefused(t *testing.T) {
	e := newEVM(t)
	claims := someClaims(t, e, rand.New(rand.NewPCG(11, 12)), 1)
	claims[0].Config.WithdrawDelay = 1<<40 + 900
	if _, err := encodeCompact(e.domain, claims, false); !errors.Is(err, ErrClaims) {
		t.Errorf("%v", err)
	}
}

// FuzzClaimsArePackedInFullOrRefused packs claims with anything in their fields.
func FuzzClaimsArePackedInFullOrRefused(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(0), uint64(900), []byte{0xaa}, []byte{}, 300, uint64(5), uint64(4), true)
	f.Add(uint64(2), uint8(2), uint8(1), uint64(900), []byte{}, []byte{}, 64, uint64(1), uint64(1<<63), false)
	f.Add(uint64(3), uint8(1), uint8(0), uint64(1<<40), []byte{1}, []byte{1}, 65, uint64(0), uint64(0), true)
	f.Add(uint64(4), uint8(2), uint8(0), uint64(900), []byte{1}, []byte{2}, 65_536, uint64(0), uint64(0), true)
	f.Fuzz(func(t *testing.T, seed uint64, n, at uint8, delay uint64, payer, authorizer []byte, signature int, ceiling, total uint64, settles bool) {
		e := newEVM(t)
		claims := someClaims(t, e, rand.New(rand.NewPCG(seed, 0)), int(n)%4+1)
		for i := range claims {
			claims[i].Config.WithdrawDelay = delay
		}
		odd := &claims[int(at)%len(claims)]
		odd.Config.Payer, odd.Config.PayerAuthorizer = common.BytesToAddress(payer), common.BytesToAddress(authorizer)
		odd.Ceiling, odd.Total = vouchers.Amount(ceiling), vouchers.Amount(total)
		odd.Signature = make(vouchers.Signature, max(0, signature)%(1<<18))
		batch, err := encodeCompact(e.domain, claims, settles)
		switch {
		case err == nil:
			holds(t, batch, claims, settles)
		case !errors.Is(err, ErrClaims) && !errors.Is(err, vouchers.ErrSignature):
			t.Error(err)
		}
	})
}

// FuzzTheContractAndTheReaderAgreeOnAnyRows gives both any bytes as rows, and a good
// row after them, which is booked only where both end the bytes at the same place.
func FuzzTheContractAndTheReaderAgreeOnAnyRows(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x80})
	f.Add(append([]byte{0x30}, make([]byte, 26)...))
	f.Add(append([]byte{0x70, 19: 1, 20: 1, 21: 1, 22: 7, 23: 9, 27: 60}, make([]byte, 61)...))
	f.Add(append([]byte{0x18, 19: 1, 39: 1}, make([]byte, 67)...))
	f.Add([]byte("0\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\b\x00\x00\x00\x00\x00")) // takes the good row for its signature
	f.Fuzz(func(t *testing.T, rows []byte) {
		e := newEVM(t)
		good := someClaims(t, e, rand.New(rand.NewPCG(1, 1)), 1)
		batch, err := encodeCompact(e.domain, good, false)
		if err != nil {
			t.Fatal(err)
		}
		const header = 66
		batch = append(append(batch[:header:header], rows...), batch[header:]...)
		_, read, malformed := readCompact(batch)
		for _, row := range read {
			id := e.domain.ChannelID(row.config)
			e.fund(id, 1<<63)
			if row.byContract {
				e.state.SetCode(row.config.Payer, wallet, 0)
			}
		}
		raw, _, err := runtime.Call(Own.Escrow, e.abi.PackClaimCompact(batch), &runtime.Config{
			State: e.state, Origin: good[0].Config.Receiver, ChainConfig: params.MergedTestChainConfig, Random: &common.Hash{}, GasLimit: 1 << 40,
		})
		if nothing := abigen.EscrowNothingClaimedErrorID(); malformed == nil && bytes.HasPrefix(raw, nothing[:4]) {
			return // the rows can be read, and nobody has signed any of them
		}
		if (err == nil) != (malformed == nil) {
			t.Fatalf("the contract says %v, %x, the reader %v", err, raw, malformed)
		}
		if err == nil {
			e.agrees(t, read)
		}
	})
}

// agrees fails the test unless each row was booked as it says or skipped under its
// own channel.
func (e *evm) agrees(t *testing.T, rows []row) {
	t.Helper()
	skipped := make(map[uint64]vouchers.ChannelID)
	for _, log := range e.state.Logs() {
		if event, err := e.abi.UnpackClaimSkippedEvent(log); err == nil {
			skipped[event.Index.Uint64()] = event.ChannelId
		}
	}
	for i, row := range rows {
		id := e.domain.ChannelID(row.config)
		if as, was := skipped[uint64(i)]; was && as != id {
			t.Errorf("row %d is of channel %s, and was skipped as one of %s", i, id, as)
		} else if !was && e.claimed(id).Big().Cmp(row.total) < 0 {
			t.Errorf("row %d claims %s, booked are %s", i, row.total, e.claimed(id))
		}
	}
	if _, was := skipped[uint64(len(rows)-1)]; was {
		t.Error("the good row was skipped")
	}
}
