package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// channel is an account with what its vouchers are signed with.
type channel struct {
	*account
	*terms

	saving sync.Mutex // guards saved
	saved  time.Time

	funding chan struct{} // holds a token while a deposit is under way
}

func newChannel(a *account, t *terms) *channel {
	return &channel{account: a, terms: t, funding: make(chan struct{}, 1)}
}

// channelOf returns the channel of terms: as it is in use, as the book has it, or as
// the chain does.
func (p *payer) channelOf(ctx context.Context, t *terms) (*channel, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[t.id]; ch != nil {
		return ch, nil
	}
	var claimed vouchers.Amount
	ch, err := p.open(ctx, t, func() (f figures, err error) {
		f, claimed, err = p.load(ctx, t)
		return f, err
	})
	if err != nil {
		return nil, err
	}
	if err := ch.knows(claimed); err != nil {
		delete(p.channels, t.id)
		return nil, errors.Join(err, ch.board.close())
	}
	if err := p.occupy(ch); err != nil { // another server that names it is told apart from now on
		delete(p.channels, t.id)
		clear(p.terms)
		return nil, errors.Join(err, ch.board.close())
	}
	return ch, nil
}

// open makes the account of a channel that is not in use yet, with fresh figures unless
// another process with the same book uses it. The caller holds learning.
func (p *payer) open(ctx context.Context, t *terms, fresh func() (figures, error)) (*channel, error) {
	a := &account{forgets: p.book == nil, tally: channelTally{p.purse, t.id}, hold: p.limits.Hold}
	var err error
	if p.book == nil {
		a.figures, err = fresh()
	} else {
		a.board, err = openBoard(ctx, p.book.path, t.id, &a.figures, fresh)
	}
	if err != nil {
		return nil, err
	}
	p.channels[t.id] = newChannel(a, t)
	return p.channels[t.id], nil
}

// load is a channel as the book has it. Of one that the book does not have nothing was
// signed, whatever the chain's node says is claimed.
func (p *payer) load(ctx context.Context, t *terms) (f figures, claimed vouchers.Amount, err error) {
	if p.book != nil {
		entry, found, err := p.book.Channel(t.id)
		if err != nil {
			return figures{}, 0, err
		}
		if found {
			return entry.figures(), 0, nil
		}
	}
	state, err := t.contract.State(ctx, t.config, 1)
	if err != nil {
		return figures{}, 0, err
	}
	return newFigures(state.Balance, 0, 0), state.Claimed, nil
}

// figures are those of an account that begins with what the book has.
func (e Entry) figures() figures {
	f := newFigures(e.Balance, e.Charged.Plus(e.Offset), e.Signed)
	f.offset, f.most, f.disputed, f.uncharged = e.Offset, max(e.Balance, e.Deposited), e.Disputed, e.Uncharged
	f.vouched = f.signed.Minus(e.Unvouched)
	return f
}

// refresh takes over what the chain says of a channel's balance. It fails with
// [ErrOldBook] where more is claimed than was signed.
func (p *payer) refresh(ctx context.Context, ch *channel) error {
	if _, err := p.lookAt(ctx, ch); err != nil {
		return err
	}
	p.owe(p.write(ch))
	return nil
}

func (p *payer) write(ch *channel) error {
	if err := ch.trouble(); err != nil || p.book == nil {
		return err
	}
	return p.book.Put(ch.entry(p.nameOf(ch)))
}

// nameOf is the server of a channel in the book. A plain HTTP resource does not take the
// place of the MCP endpoint that the channel pays as well.
func (p *payer) nameOf(ch *channel) string {
	if p.depositBy == nil {
		if kept, found, err := p.book.Channel(ch.id); err == nil && found && kept.Server != "" {
			return kept.Server
		}
	}
	return p.server
}

func (ch *channel) entry(server string) Entry {
	ch.lock()
	defer ch.look()
	return Entry{
		Channel: ch.id, Deployment: ch.contract.Deployment(), Config: ch.config, Server: server,
		Balance: ch.balance, Deposited: ch.most, Charged: ch.charged.Minus(ch.offset).Plus(ch.doubt), OnItsWay: ch.doubt,
		Offset: ch.offset, Disputed: ch.disputed, Uncharged: ch.uncharged, Signed: ch.signed, Unvouched: ch.unvouched(),
	}
}

// note writes a channel into the book now and then. What cannot be written is owed.
func (p *payer) note(ch *channel) {
	ch.saving.Lock()
	defer ch.saving.Unlock()
	if time.Since(ch.saved) < saveEvery {
		p.owe(ch.trouble())
		return
	}
	ch.saved = time.Now()
	p.owe(errors.Join(p.write(ch), p.purse.flush(), p.fileAll()))
}

func (p *payer) save() error {
	p.learning.Lock()
	defer p.learning.Unlock()
	errs := []error{p.purse.flush(), p.fileAll()}
	for _, ch := range p.channels {
		errs = append(errs, p.write(ch))
	}
	return errors.Join(errs...)
}

// leave gives the channels back to other processes with the same book.
func (p *payer) leave() error {
	p.learning.Lock()
	defer p.learning.Unlock()
	var errs []error
	for id, ch := range p.channels {
		errs = append(errs, ch.board.close())
		delete(p.channels, id)
	}
	return errors.Join(errs...)
}

func (p *payer) sign(ctx context.Context, ch *channel, ceiling vouchers.Amount) (x402.SignedVoucher, error) {
	v := vouchers.Voucher{Channel: ch.id, Ceiling: ceiling}
	signature, err := p.session.SignHash(ctx, ch.contract.Domain().VoucherDigest(v))
	if err != nil {
		return x402.SignedVoucher{}, fmt.Errorf("sign a voucher of %s: %w", ceiling, err)
	}
	return x402.SignedVoucher{ChannelID: ch.id, MaxClaimableAmount: ceiling, Signature: signature}, nil
}

// signCharged signs a voucher that pays for nothing.
func (p *payer) signCharged(ctx context.Context, ch *channel) (x402.SignedVoucher, error) {
	charged, err := ch.vouch()
	if err != nil {
		return x402.SignedVoucher{}, err
	}
	return p.sign(ctx, ch, charged)
}

// identified adds an identifier, which makes sending a payment again safe.
func identified(extensions x402.Extensions) (x402.Extensions, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never returns an error
	extensions, err := x402.WithPaymentIdentifier(extensions, hex.EncodeToString(id[:]))
	if err != nil {
		return nil, fmt.Errorf("make a payment identifier: %w", err)
	}
	return extensions, nil
}

// wrap completes a payload, with an identifier.
func wrap(t *terms, payload x402.Payload) (*x402.PaymentPayload, error) {
	extensions, err := identified(nil)
	if err != nil {
		return nil, err
	}
	return &x402.PaymentPayload{Resource: &t.resource, Accepted: t.accepted, Payload: payload, Extensions: extensions}, nil
}

// proof is what a server's corrective answer proves: charged so much, under a voucher of
// that ceiling, which this payer has signed. Without one (nil) it is what the chain's node
// says is claimed.
type proof struct {
	charged vouchers.Amount
	ceiling *vouchers.Amount
}

// take ends a refused reservation, if there is one (0 is none), and takes the proof over.
func (p *proof) take(ch *channel, refused vouchers.Amount) error {
	if p.ceiling == nil {
		return ch.retreat(refused, p.charged)
	}
	return ch.correct(refused, p.charged, *p.ceiling)
}

// check accepts a corrective answer that proves itself: by a voucher that this client
// signed, or by claiming no more than the chain knows.
func (p *payer) check(ctx context.Context, ch *channel, required *x402.PaymentRequired) (*proof, error) {
	for _, entry := range required.Accepts {
		state, shown := entry.Extra.ChannelState, entry.Extra.VoucherState
		if state == nil || state.ChannelID != ch.id || state.ChargedCumulativeAmount == nil {
			continue
		}
		return p.checkState(ctx, ch, *state.ChargedCumulativeAmount, shown)
	}
	return nil, fmt.Errorf("%w: it refuses the voucher and does not say where the channel stands", ErrTerms)
}

// checkState is check for what a server says is charged, and the voucher that it shows for
// that.
func (p *payer) checkState(ctx context.Context, ch *channel, charged vouchers.Amount, shown *x402.VoucherState) (*proof, error) {
	if shown == nil || shown.SignedMaxClaimable == nil {
		return p.checkWithChain(ctx, ch, charged)
	}
	ceiling := *shown.SignedMaxClaimable
	digest := ch.contract.Domain().VoucherDigest(vouchers.Voucher{Channel: ch.id, Ceiling: ceiling})
	signer, err := vouchers.Recover(digest, shown.Signature)
	if err != nil || signer != p.session.Address() {
		return nil, fmt.Errorf("%w: the voucher of %s that it shows is not signed by this client", ErrDishonest, ceiling)
	}
	return &proof{charged, &ceiling}, nil
}

func (p *payer) checkWithChain(ctx context.Context, ch *channel, charged vouchers.Amount) (*proof, error) {
	state, err := ch.contract.State(ctx, ch.config, 1)
	if err != nil {
		return nil, err
	}
	if charged > state.Claimed {
		return nil, fmt.Errorf("%w: it reports %s charged, the chain knows of %s and it shows no voucher", ErrDishonest, charged, state.Claimed)
	}
	return &proof{charged: state.Claimed}, nil
}

// entries are the channels to the server that this payer's vouchers draw on, in use or
// in the book.
func (p *payer) entries() ([]Entry, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	entries := []Entry{}
	for _, ch := range p.channels {
		entries = append(entries, ch.entry(p.server))
	}
	if p.book == nil {
		return entries, nil
	}
	kept, err := p.book.ChannelsTo(p.server)
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		if p.channels[e.Channel] == nil && e.Deployment.ChainID == p.chain.ChainID() &&
			e.Config.Payer == p.key.Address() && e.Config.VoucherSigner() == p.session.Address() {
			entries = append(entries, e)
		}
	}
	return entries, nil
}
