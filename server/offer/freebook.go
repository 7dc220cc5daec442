package offer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// usage is what was had for nothing.
type usage struct {
	calls  uint64
	amount vouchers.Amount
}

func (u usage) plus(v usage) usage  { return usage{u.calls + v.calls, u.amount + v.amount} }
func (u usage) minus(v usage) usage { return usage{u.calls - v.calls, u.amount - v.amount} }

// The store's buckets of what payers had for nothing. The former one has what a payer's
// address had, whoever signed, before allowances were those of the payer and its signer.
// It is read and no more written.
const (
	freeBucket       = "free-calls-signed"
	formerFreeBucket = "free-calls"
)

// freeRecord is the length of its values, in bytes: the window, calls and amount of a lane.
const freeRecord = 3 * 8

// maxFreeAccounts is how many accounts are kept in memory before those that are idle
// are dropped; they are read again when they are needed.
const maxFreeAccounts = 1 << 16

// FreeBook counts what payers had for nothing. It is safe for concurrent use.
type FreeBook struct {
	bucket, former vouchers.Bucket
	logger         *slog.Logger

	mu       sync.Mutex // guards what follows
	accounts map[freeKey]*freeAccount
}

// Payer is who has proved that it pays: an address, together with the key that has signed
// for it.
type Payer struct{ Payer, Signer common.Address }

// freeKey names a payer's account in a pool. Anybody can open a channel in a payer's
// name: the payer is one only together with the key that has signed for its channel.
type freeKey struct {
	pool          [sha256.Size]byte
	payer, signer common.Address
}

func (k *freeKey) bytes() []byte { return slices.Concat(k.pool[:], k.payer[:], k.signer[:]) }

// former is what the key was before it had the signer.
func (k *freeKey) former() []byte { return slices.Concat(k.pool[:], k.payer[:]) }

// freeAccount is what a payer had of a pool. Each call in flight has a lane of its own,
// whose record nobody else writes: so records become durable in any order.
type freeAccount struct {
	lanes []freeLane
	// former are the lanes of the payer's address, which count for each of its signers.
	former []freeLane
	// window is the period that is counted, and held what its calls in flight may use.
	window   int64
	held     usage
	inFlight int
}

type freeLane struct {
	window int64
	used   usage
	busy   bool
}

// NewFreeBook returns the book of a store. A record that cannot be read is logged, and its payer
// pays.
func NewFreeBook(store vouchers.Store, logger *slog.Logger) *FreeBook {
	return &FreeBook{bucket: store.Bucket(freeBucket), former: store.Bucket(formerFreeBucket), logger: logger, accounts: make(map[freeKey]*freeAccount)}
}

// Take lets a payer have a call of a price, in atomic USDC, for nothing;
// nil if it has to pay.
func (b *FreeBook) Take(a *Allowance, by Payer, price vouchers.Amount) *FreeCall {
	key := freeKey{sha256.Sum256([]byte(a.Pool)), by.Payer, by.Signer}
	b.mu.Lock()
	defer b.mu.Unlock()
	account, err := b.account(key)
	if err != nil {
		b.logger.Error("what a payer had for nothing cannot be read: it pays", "payer", key.payer, "error", err)
		return nil
	}
	if now := a.window(time.Now()); now > account.window { // a clock that goes back gives nothing
		account.window, account.held = now, usage{}
	}
	wants := usage{1, price}
	left := a.left(account.used())
	if left.calls < wants.calls || left.amount < wants.amount {
		return nil
	}
	at := account.lane()
	if at > math.MaxUint16 {
		return nil
	}
	account.lanes[at].busy = true
	account.held = account.held.plus(wants)
	account.inFlight++
	return &FreeCall{book: b, allowance: a, key: key, account: account, lane: at, window: account.window, holds: wants}
}

// account returns an account, from the store if it is not in memory. Called with b.mu
// held.
func (b *FreeBook) account(key freeKey) (*freeAccount, error) {
	if account, ok := b.accounts[key]; ok {
		return account, nil
	}
	lanes, err := readFreeLanes(b.bucket, key.bytes())
	if err != nil {
		return nil, err
	}
	former, err := readFreeLanes(b.former, key.former())
	if err != nil {
		return nil, err
	}
	account := &freeAccount{lanes: lanes, former: former}
	for _, lane := range slices.Concat(lanes, former) {
		account.window = max(account.window, lane.window)
	}
	if len(b.accounts) >= maxFreeAccounts {
		for key, other := range b.accounts {
			if other.inFlight == 0 {
				delete(b.accounts, key)
			}
		}
	}
	b.accounts[key] = account
	return account, nil
}

// readFreeLanes reads the lanes of an account.
func readFreeLanes(bucket vouchers.Bucket, account []byte) (lanes []freeLane, err error) {
	err = bucket.ForEach(account, func(k, v []byte) error {
		if len(k) != len(account)+2 || len(v) != freeRecord {
			return fmt.Errorf("a record of %d bytes under a key of %d: want %d and %d", len(v), len(k), freeRecord, len(account)+2)
		}
		lane := int(binary.BigEndian.Uint16(k[len(account):]))
		for len(lanes) <= lane {
			lanes = append(lanes, freeLane{})
		}
		lanes[lane] = freeLane{
			window: int64(binary.BigEndian.Uint64(v)),
			used:   usage{binary.BigEndian.Uint64(v[8:]), vouchers.Amount(binary.BigEndian.Uint64(v[16:]))},
		}
		return nil
	})
	return lanes, err
}

// used is what the payer had in the period, with what is in flight.
func (a *freeAccount) used() usage {
	sum := a.held
	for _, lanes := range [...][]freeLane{a.lanes, a.former} {
		for _, lane := range lanes {
			if lane.window == a.window {
				sum = sum.plus(lane.used)
			}
		}
	}
	return sum
}

// lane returns one that no call in flight has.
func (a *freeAccount) lane() int {
	for i := range a.lanes {
		if !a.lanes[i].busy {
			return i
		}
	}
	a.lanes = append(a.lanes, freeLane{})
	return len(a.lanes) - 1
}

// FreeCall is a call that its payer has for nothing. It ends with end.
type FreeCall struct {
	book      *FreeBook
	allowance *Allowance
	key       freeKey
	account   *freeAccount
	lane      int
	window    int64

	// book.mu guards what follows.
	holds usage // what it may use, and once spent what it did
	ended bool
}

// Spend says what the call has cost, and returns the record that has to be durable
// before its answer leaves.
func (c *FreeCall) Spend(cost vouchers.Amount) vouchers.Put {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	if c.window == c.account.window {
		c.account.held = c.account.held.minus(usage{0, c.holds.amount - cost})
	}
	c.holds.amount = cost
	sum := c.sum()
	value := binary.BigEndian.AppendUint64(make([]byte, 0, freeRecord), uint64(c.window))
	value = binary.BigEndian.AppendUint64(value, sum.calls)
	value = binary.BigEndian.AppendUint64(value, uint64(sum.amount))
	return vouchers.Put{Bucket: freeBucket, Key: binary.BigEndian.AppendUint16(c.key.bytes(), uint16(c.lane)), Value: value}
}

// sum is what the lane comes to with this call. Called with book.mu held.
func (c *FreeCall) sum() usage {
	lane := &c.account.lanes[c.lane]
	if lane.window != c.window {
		return c.holds
	}
	return lane.used.plus(c.holds)
}

// Note says what is left for the payer after this call.
func (c *FreeCall) Note() *FreeNote {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return c.allowance.note(c.allowance.left(c.account.used()))
}

// End counts the call if it is durable, and gives back what it held if not. Only the
// first counts.
func (c *FreeCall) End(durable bool) {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	lane := &c.account.lanes[c.lane]
	if durable {
		lane.used, lane.window = c.sum(), c.window
	}
	if c.window == c.account.window {
		c.account.held = c.account.held.minus(c.holds)
	}
	lane.busy = false
	c.account.inFlight--
}
