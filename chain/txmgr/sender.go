package txmgr

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
)

// What callers branch on, beside the errors of the chain's client.
var (
	// ErrFee says that the chain's base fee is above the highest fee that may be paid.
	ErrFee = errors.New("the chain's fee is above the limit")
	// ErrCost says that a transaction costs more in all than it may.
	ErrCost = errors.New("the transaction costs more than it may")
	// ErrData says that a transaction carries more data than nodes relay.
	ErrData = errors.New("too much call data")
	// ErrFailed says that a transaction was mined and failed.
	ErrFailed = errors.New("the transaction failed")
	// ErrReplaced says that another transaction of the same key took the nonce.
	ErrReplaced = errors.New("another transaction took the nonce")
	// ErrCancelled says that a transaction was cancelled ([Sender.Cancel]).
	ErrCancelled = errors.New("the transaction was cancelled")
	// ErrNotPending says that no transaction with this nonce is on its way.
	ErrNotPending = errors.New("no such transaction is on its way")
	// ErrClosed is what a closed sender answers with. What it has sent is still on its way.
	ErrClosed = errors.New("the sender is closed")
)

// MaxGas is the most gas that a transaction may have, in gas units (EIP-7825).
const MaxGas = 1 << 24

// MaxData is the most call data that a transaction may carry, in bytes: nodes do
// not relay transactions of more than 128 KiB.
const MaxData = 127 << 10

// Call is what a transaction does.
type Call struct {
	// To is the contract, Data the call.
	To   common.Address
	Data []byte
	// Label names the transaction for people, such as "deposit 20 USDC".
	Label string
	// Key makes the call happen once: sent again under the same key, before or after
	// a restart, it is the same transaction. Empty is no key. A call that failed on
	// chain gives its key free.
	Key string
	// Urgent pays twice the usual priority fee and raises the fees three times as
	// often. So it does with the transactions before it, whatever their own limits.
	Urgent bool
	// MaxFee is the most that is paid per gas, in wei; nil leaves it to the sender.
	// What [Sender.SpeedUp] asks for may be more.
	MaxFee *big.Int
	// MaxCost is the most that the transaction may cost in all, in wei, whatever asks for it;
	// nil is no such limit. Where the fees leave no room for it nothing is sent ([ErrCost]).
	MaxCost *big.Int
	// Gas is the gas limit of the transaction, in gas units, of a call that its caller has
	// simulated; 0 has it estimated here. An estimate finds too little for a call that goes
	// on when a part of it fails.
	Gas uint64
	// MaxGas is the most gas that the transaction may have, in gas units, if that is less
	// than [MaxGas]; 0 is that. A call that needs more is not sent.
	MaxGas uint64
	// Reserve is gas on top of what the estimate says, in gas units: what contracts that
	// strangers wrote may use when the transaction is mined, though they did not when it
	// was estimated.
	Reserve uint64
	// Confirmations is in how many blocks the transaction must be, if that is more
	// than what the sender asks of every transaction.
	Confirmations uint64
}

// Sender sends the transactions of one key. It is safe for concurrent use; only one
// sender may use a key on a chain at a time.
type Sender struct {
	client        *chain.Client
	signer        keys.Signer
	journal       Journal
	confirmations uint64
	maxFee        *big.Int // wei per gas
	owner         string   // whose account it is
	stuckAfter    time.Duration

	life   context.Context // ends with Close
	end    context.CancelFunc
	flying sync.WaitGroup

	sending sync.Mutex // guards what follows; held from the choice of a nonce to the broadcast
	next    uint64     // the lowest nonce that was never used here
	flights map[uint64]*flight
	keyed   map[string]*flight
	done    map[string]common.Hash
	closed  bool
}

// Option adjusts a sender.
type Option func(*Sender)

// WithJournal keeps the sender's memory across restarts. Without it, a crash
// forgets which transactions are on their way.
func WithJournal(j Journal) Option { return func(s *Sender) { s.journal = j } }

// WithConfirmations sets in how many blocks, counting its own, a transaction must
// be before it counts as done. The default is 1: mined.
func WithConfirmations(n uint64) Option {
	return func(s *Sender) { s.confirmations = max(n, 1) }
}

// WithMaxFee sets the most that is paid per gas, in wei. The default is 2,000 gwei, far
// above what chains ask: a node that lies cannot have more.
func WithMaxFee(wei *big.Int) Option {
	return func(s *Sender) {
		if wei != nil {
			s.maxFee = wei
		}
	}
}

// WithStuckAfter sets after how long a transaction that is not mined is sent again
// with a higher fee. The default is 45 s.
func WithStuckAfter(d time.Duration) Option { return func(s *Sender) { s.stuckAfter = d } }

// defaultMaxFee is the most that a sender without a limit of its own pays per gas, in wei.
var defaultMaxFee = big.NewInt(2000 * 1e9)

// NewSender returns a sender, which takes up what its journal holds: transactions
// that were on their way go on. The caller closes it.
func NewSender(ctx context.Context, client *chain.Client, signer keys.Signer, opts ...Option) (*Sender, error) {
	life, end := context.WithCancel(context.Background())
	s := &Sender{
		client: client, signer: signer, journal: noJournal{}, confirmations: 1, maxFee: defaultMaxFee, stuckAfter: 45 * time.Second, owner: "the sender's",
		life: life, end: end,
		flights: make(map[uint64]*flight), keyed: make(map[string]*flight), done: make(map[string]common.Hash),
	}
	for _, set := range opts {
		set(s)
	}
	if err := s.resume(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("take up the transactions of %s: %w", signer.Address(), err), s.Close())
	}
	return s, nil
}

// Address is the account that sends.
func (s *Sender) Address() common.Address { return s.signer.Address() }

// Close stops following the transactions that are on their way; they stay in the
// journal. Whoever waits for one gets [ErrClosed].
func (s *Sender) Close() error {
	s.sending.Lock()
	s.closed = true
	s.sending.Unlock()
	s.end()
	s.flying.Wait()
	return nil
}

// Knows reports whether a call with this key was sent, and has not failed.
func (s *Sender) Knows(key string) bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	_, done := s.done[key]
	return done || s.keyed[key] != nil
}

// Send sends a call and waits until it is confirmed. A call that the contract
// refuses is not sent: the error is a [*chain.RevertError]. Other errors wrap
// [chain.ErrGasCap], [ErrData], [chain.ErrFunds], [ErrFee], [ErrCost], [ErrFailed], [ErrReplaced], [ErrClosed] or
// [chain.ErrUnreachable]. With [ErrFailed] the receipt is that of the failed transaction, with
// any other error there is none. When ctx ends first, the transaction goes on; a call with a key
// can be asked for again.
func (s *Sender) Send(ctx context.Context, call Call) (*types.Receipt, error) {
	receipt, err := s.send(ctx, call)
	switch {
	case err == nil:
		return receipt, nil
	case !errors.Is(err, ErrFailed):
		receipt = nil
	}
	return receipt, fmt.Errorf("%s: %w", call.Label, err)
}

func (s *Sender) send(ctx context.Context, call Call) (*types.Receipt, error) {
	if receipt, known, err := s.recall(ctx, call.Key); known {
		return receipt, err
	}
	f, err := s.launch(ctx, call)
	if err == nil {
		receipt, err := f.wait(ctx)
		if errors.Is(err, ErrReplaced) && f.reused {
			// What this sender sent under the nonce before a reorganization was mined again.
			return s.send(ctx, call)
		}
		return receipt, err
	}
	// The same call of another goroutine may be what it failed on.
	if receipt, known, err := s.recall(ctx, call.Key); known {
		return receipt, err
	}
	return nil, err
}

// recall waits for the call with this key if it was sent before.
func (s *Sender) recall(ctx context.Context, key string) (receipt *types.Receipt, known bool, err error) {
	if key == "" {
		return nil, false, nil
	}
	s.sending.Lock()
	f, tx := s.keyed[key], s.done[key]
	s.sending.Unlock()
	switch {
	case f != nil:
		receipt, err = f.wait(ctx)
		return receipt, true, err
	case tx != (common.Hash{}):
		receipt, err = s.client.Receipt(ctx, tx)
		if err == nil && receipt == nil {
			s.forget(key, tx)
			return nil, false, nil
		}
		return receipt, true, err
	}
	return nil, false, nil
}

// forget makes the call with this key one that was not sent: the chain has lost the
// transaction that did it since it was confirmed.
func (s *Sender) forget(key string, tx common.Hash) {
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.done[key] == tx {
		delete(s.done, key)
	}
}

// Forget strikes a call that is done from the journal, once its caller has written down
// what came of it. Sent again under the same key it would be another transaction. One that is on its
// way is left.
func (s *Sender) Forget(key string) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if _, done := s.done[key]; !done {
		return nil
	}
	delete(s.done, key)
	if err := s.journal.Delete(doneKey(key)); err != nil {
		return fmt.Errorf("strike call %s from the journal: %w", key, err)
	}
	return nil
}

// gas returns the gas limit: what the call says, or the estimate and a fifth, within the cap.
func (s *Sender) gas(ctx context.Context, call Call) (uint64, error) {
	if len(call.Data) > MaxData {
		return 0, fmt.Errorf("%w: %d bytes, the most is %d", ErrData, len(call.Data), MaxData)
	}
	most := uint64(MaxGas)
	if call.MaxGas > 0 {
		most = min(call.MaxGas, most)
	}
	if call.Gas > most {
		return 0, fmt.Errorf("%w: it shall have %d, the cap is %d", chain.ErrGasCap, call.Gas, most)
	}
	if call.Gas > 0 {
		return call.Gas, nil
	}
	estimate, err := s.client.EstimateGas(ctx, ethereum.CallMsg{From: s.Address(), To: &call.To, Data: call.Data})
	if err != nil {
		return 0, err
	}
	need := estimate + call.Reserve
	if need > most {
		return 0, fmt.Errorf("%w: it needs %d, the cap is %d", chain.ErrGasCap, need, most)
	}
	return min(need+estimate/5, most), nil
}

// launch simulates a call, gives it its nonce, writes it down, and broadcasts it.
func (s *Sender) launch(ctx context.Context, call Call) (*flight, error) {
	gas, err := s.gas(ctx, call)
	if err != nil {
		return nil, err
	}
	tip, fee, err := s.fees(ctx, call, gas)
	if err != nil {
		return nil, err
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if call.Key != "" && (s.keyed[call.Key] != nil || s.done[call.Key] != (common.Hash{})) {
		return nil, errSent
	}
	nonce, err := s.nonce(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := s.signer.SignTx(ctx, s.transaction(nonce, gas, call.To, call.Data, tip, fee), s.client.ChainID())
	if err != nil {
		return nil, err
	}
	f := newFlight(call, tx)
	f.reused = nonce < s.next
	if err := s.journal.Put(f.journalKey(), f.encode()); err != nil {
		return nil, fmt.Errorf("write transaction %s down: %w", tx.Hash(), err)
	}
	// From here on the transaction may be on the chain whatever this process learns.
	if err := s.client.Broadcast(context.WithoutCancel(ctx), tx); err != nil && !s.mayBeOut(ctx, tx, err) {
		return nil, errors.Join(s.poor(ctx, tx, err), s.journal.Delete(f.journalKey()))
	}
	s.follow(f)
	return f, nil
}

// errSent says that another goroutine has sent the same call.
var errSent = errors.New("sent already")

// mayBeOut reports whether a transaction whose broadcast failed may be on its way:
// nobody answered, or an earlier attempt got through and a later one was refused.
func (s *Sender) mayBeOut(ctx context.Context, tx *types.Transaction, err error) bool {
	if errors.Is(err, chain.ErrUnreachable) {
		return true
	}
	receipt, lookup := s.client.Receipt(context.WithoutCancel(ctx), tx.Hash())
	return lookup != nil || receipt != nil
}

// follow is called with s.sending held.
func (s *Sender) follow(f *flight) {
	s.next = max(s.next, f.nonce+1)
	s.flights[f.nonce] = f
	if f.Key != "" {
		s.keyed[f.Key] = f
	}
	s.flying.Go(func() { s.fly(f) })
}

// nonce returns the next nonce. Called with s.sending held.
func (s *Sender) nonce(ctx context.Context) (uint64, error) {
	_, pending, err := s.client.Nonces(ctx, s.Address())
	if err != nil {
		return 0, err
	}
	if pending >= s.next || s.flights[pending] != nil {
		return max(pending, s.next), nil
	}
	// The chain waits for a nonce that landed or never flew: an endpoint that lags, or
	// a chain that was rewound. The first mends itself.
	timer := time.NewTimer(lagPatience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-timer.C:
	}
	if _, pending, err = s.client.Nonces(ctx, s.Address()); err != nil {
		return 0, err
	}
	if pending >= s.next || s.flights[pending] != nil {
		return max(pending, s.next), nil
	}
	return pending, nil
}

// lagPatience is how long an endpoint may lag behind what was confirmed.
const lagPatience = 2 * time.Second

// suggest returns the base fee, and the priority fee and the highest fee per gas that
// suit a call, in wei: twice the base fee, so that it can rise for six full blocks,
// and the priority fee. On a chain without a base fee the priority fee is nil.
func (s *Sender) suggest(ctx context.Context, urgent bool) (base, tip, fee *big.Int, err error) {
	head, err := s.client.Header(ctx, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	if head.BaseFee == nil {
		return s.suggestLegacy(ctx, urgent)
	}
	if tip, err = s.client.SuggestedTip(ctx); err != nil {
		return nil, nil, nil, err
	}
	if urgent {
		tip = new(big.Int).Lsh(tip, 1)
	}
	return head.BaseFee, tip, new(big.Int).Add(new(big.Int).Lsh(head.BaseFee, 1), tip), nil
}

// GasPrice returns what a transaction would pay per gas now, in wei: the base fee and
// the suggested priority fee, or on a chain without a base fee the suggested gas price.
func (s *Sender) GasPrice(ctx context.Context) (*big.Int, error) {
	base, tip, _, err := s.suggest(ctx, false)
	if err != nil {
		return nil, err
	}
	if tip == nil {
		return base, nil
	}
	return new(big.Int).Add(base, tip), nil
}
