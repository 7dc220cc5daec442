package escrow

import (
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/triedb"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/vouchers"
)

// evm is the compiled escrow in an EVM of this process, where a claim takes
// microseconds and storage can be written by hand.
type evm struct {
	state  *state.StateDB
	domain *vouchers.Domain
	abi    *abigen.Escrow
}

func newEVM(t testing.TB) *evm {
	t.Helper()
	db, err := state.New(types.EmptyRootHash, state.NewDatabase(triedb.NewDatabase(rawdb.NewMemoryDatabase(), nil), nil))
	if err != nil {
		t.Fatal(err)
	}
	code, _, _, err := runtime.Create(abigen.EscrowDeployment.InitCode(), &runtime.Config{State: db})
	if err != nil {
		t.Fatal(err)
	}
	db.SetCode(Own.Escrow, code, 0)
	chainID := params.MergedTestChainConfig.ChainID.Uint64()
	return &evm{db, vouchers.NewDomain(vouchers.Deployment{ChainID: chainID, Escrow: Own.Escrow}), abigen.NewEscrow()}
}

// slot is where the escrow keeps a channel: one word, what was claimed above what it holds.
func slot(id vouchers.ChannelID) common.Hash {
	return crypto.Keccak256Hash(id[:], make([]byte, 32))
}

func (e *evm) fund(id vouchers.ChannelID, balance vouchers.Amount) {
	e.state.SetState(Own.Escrow, slot(id), common.BigToHash(balance.Big()))
}

func (e *evm) claimed(id vouchers.ChannelID) vouchers.Amount {
	word := e.state.GetState(Own.Escrow, slot(id))
	return vouchers.Amount(new(big.Int).SetBytes(word[:16]).Uint64())
}

func (e *evm) claim(t testing.TB, from common.Address, batch []byte) abigen.ClaimCompactOutput {
	t.Helper()
	raw, err := e.send(from, batch)
	if err != nil {
		t.Fatalf("the contract refuses batch %x: %v, %x", batch, err, raw)
	}
	out, err := e.abi.UnpackClaimCompact(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// send returns the contract's answer, or its refusal with an error.
func (e *evm) send(from common.Address, batch []byte) ([]byte, error) {
	raw, _, err := runtime.Call(Own.Escrow, e.abi.PackClaimCompact(batch), &runtime.Config{
		State: e.state, Origin: from, ChainConfig: params.MergedTestChainConfig, Random: &common.Hash{}, GasLimit: 1 << 40,
	})
	return raw, err
}

// someClaims makes claims of every form that a key can sign, from random numbers.
func someClaims(t testing.TB, e *evm, random *rand.Rand, n int) []Claim {
	t.Helper()
	word := func() (h common.Hash) {
		for i := 0; i < len(h); i += 8 {
			binary.BigEndian.PutUint64(h[i:], random.Uint64())
		}
		return h
	}
	shared := vouchers.ChannelConfig{
		Receiver: common.Address(word().Bytes()[:20]), ReceiverAuthorizer: common.Address(word().Bytes()[:20]),
		Token: common.Address(word().Bytes()[:20]), WithdrawDelay: vouchers.MinWithdrawDelay + random.Uint64N(1<<20),
	}
	claims := make([]Claim, n)
	var payer, session *ecdsa.PrivateKey
	for i := range claims {
		if payer == nil || random.IntN(3) > 0 {
			payer, session = key(t, word()), key(t, word())
		}
		config := shared
		config.Payer = crypto.PubkeyToAddress(payer.PublicKey)
		signer := payer
		switch random.IntN(3) {
		case 0:
			config.PayerAuthorizer = config.Payer
		case 1:
			config.PayerAuthorizer, signer = crypto.PubkeyToAddress(session.PublicKey), session
		}
		salt := word()
		copy(config.Salt[random.IntN(32):], salt[:]) // with any number of leading zeros
		config.Salt[31] ^= byte(i)
		ceiling := vouchers.Amount(max(1, random.Uint64()>>random.IntN(64)))
		total := ceiling
		if random.IntN(2) == 0 {
			total = vouchers.Amount(1 + random.Uint64N(uint64(ceiling)))
		}
		id := e.domain.ChannelID(config)
		e.fund(id, ceiling)
		signature, err := e.domain.SignVoucher(signer, vouchers.Voucher{Channel: id, Ceiling: ceiling})
		if err != nil {
			t.Fatal(err)
		}
		claims[i] = Claim{Config: config, Ceiling: ceiling, Signature: signature, Total: total}
	}
	return claims
}

func key(t testing.TB, seed common.Hash) *ecdsa.PrivateKey {
	t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func FuzzTheContractReadsEveryCompactBatch(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed, uint8(1+seed*3))
	}
	f.Fuzz(func(t *testing.T, seed uint64, rows uint8) {
		e := newEVM(t)
		claims := someClaims(t, e, rand.New(rand.NewPCG(seed, uint64(rows))), 1+int(rows)%40)
		batch, err := encodeCompact(e.domain, claims, false)
		if err != nil {
			t.Fatal(err)
		}
		holds(t, batch, claims, false)
		var want big.Int
		out := e.claim(t, claims[0].Config.Receiver, batch)
		for i, claim := range claims {
			want.Add(&want, claim.Total.Big())
			if got := e.claimed(e.domain.ChannelID(claim.Config)); got != claim.Total {
				t.Errorf("row %d of %d: the contract books %d, want %d", i, len(claims), got, claim.Total)
			}
		}
		if out.Amount.Cmp(&want) != 0 || out.Claimed.Uint64() != uint64(len(claims)) || out.Skipped.Sign() != 0 {
			t.Errorf("the contract books %s in %s rows and skips %s, want %s in %d", out.Amount, out.Claimed, out.Skipped, &want, len(claims))
		}
		raw, err := e.send(claims[0].Config.ReceiverAuthorizer, batch)
		if err == nil || !booksNothing(&chain.RevertError{Data: raw}) {
			t.Errorf("the same batch again is not refused for that it adds nothing: %x, %v", raw, err)
		}
	})
}

// wallet is ERC-1271 that takes every signature: returns the magic value.
var wallet = common.FromHex("0x631626ba7e60e01b5f5260205ff3")

func TestAWalletsSignatureTravelsInACompactRow(t *testing.T) {
	e := newEVM(t)
	claims := someClaims(t, e, rand.New(rand.NewPCG(1, 2)), 3)
	claims[1].Config.Payer, claims[1].Config.PayerAuthorizer = common.Address{0xaa}, common.Address{}
	claims[1].Signature = make(vouchers.Signature, 300)
	id := e.domain.ChannelID(claims[1].Config)
	e.fund(id, claims[1].Ceiling)
	e.state.SetCode(claims[1].Config.Payer, wallet, 0)
	batch, err := encodeCompact(e.domain, claims, false)
	if err != nil {
		t.Fatal(err)
	}
	if out := e.claim(t, claims[0].Config.Receiver, batch); out.Claimed.Uint64() != 3 || e.claimed(id) != claims[1].Total {
		t.Errorf("%s rows are booked, %s of the wallet", out.Claimed, e.claimed(id))
	}
}

func TestWhatIsNotOneBatchIsNotPacked(t *testing.T) {
	e := newEVM(t)
	claims := someClaims(t, e, rand.New(rand.NewPCG(3, 4)), 2)
	claims[1].Config.WithdrawDelay++
	if _, err := encodeCompact(e.domain, claims, false); !errors.Is(err, ErrClaims) {
		t.Errorf("with two delays: %v", err)
	}
	claims = someClaims(t, e, rand.New(rand.NewPCG(5, 6)), 2)
	claims[1].Config.PayerAuthorizer = claims[1].Config.Payer
	claims[1].Signature = claims[1].Signature[:63]
	if _, err := encodeCompact(e.domain, claims, false); !errors.Is(err, vouchers.ErrSignature) {
		t.Errorf("with a cut signature: %v", err)
	}
}

func TestACompactRowTakesAbout90Bytes(t *testing.T) {
	e := newEVM(t)
	payer := key(t, common.Hash{9})
	address := crypto.PubkeyToAddress(payer.PublicKey)
	claim := Claim{Config: vouchers.ChannelConfig{
		Payer: address, PayerAuthorizer: address, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{2},
		Token: common.Address{3}, WithdrawDelay: vouchers.MinWithdrawDelay,
	}, Ceiling: 1_500_000, Total: 1_500_000}
	var err error
	if claim.Signature, err = e.domain.SignVoucher(payer, vouchers.Voucher{Channel: e.domain.ChannelID(claim.Config), Ceiling: claim.Ceiling}); err != nil {
		t.Fatal(err)
	}
	batch, err := encodeCompact(e.domain, []Claim{claim}, true)
	const header, row = 66, 1 + 20 + 3 + 64
	if err != nil || len(batch) != header+row {
		t.Errorf("one row is a batch of %d bytes, want %d, %v", len(batch), header+row, err)
	}
}
