package credit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Purse is what pays for a grant: a [ledger.Reservation] of the budget's price.
type Purse interface {
	Price() vouchers.Amount
	SetAside(ctx context.Context, puts ...vouchers.Put) error
}

// Find returns the grant that the same request got before, with its token; false if
// there is none. Whoever asks must have proved to be the payer. Errors wrap
// [ErrRequest].
func (b *Book) Find(r Request) (*Grant, macaroon.Token, bool, error) {
	caveats, err := r.caveats()
	if err != nil {
		return nil, macaroon.Token{}, false, err
	}
	g, err := b.record(r.id())
	if errors.Is(err, ErrNoGrant) {
		return nil, macaroon.Token{}, false, nil
	}
	if err != nil {
		return nil, macaroon.Token{}, false, err
	}
	if !sameScope(g.Scope, caveats) || g.Payer != r.Payer {
		return nil, macaroon.Token{}, false, fmt.Errorf("%w: the nonce was used for another grant", ErrRequest)
	}
	t, err := macaroon.Mint(g.Key, b.keys.Get(g.Key), g.ID, caveats)
	return g, t, err == nil, err
}

func sameScope(scope []string, caveats []macaroon.Caveat) bool {
	if len(scope) != len(caveats) {
		return false
	}
	for i, c := range caveats {
		if scope[i] != c.String() {
			return false
		}
	}
	return true
}

// Grant sets the budget aside and mints its token. It is durable on return. An
// error that wraps [ErrRequest] releases the purse's reservation to its caller; the
// others are those of [ledger.Reservation.SetAside].
func (b *Book) Grant(ctx context.Context, r Request, purse Purse) (*Grant, macaroon.Token, error) {
	caveats, err := r.caveats()
	if err != nil {
		return nil, macaroon.Token{}, err
	}
	if err := b.fits(r, purse.Price()); err != nil {
		return nil, macaroon.Token{}, err
	}
	done, err := b.begin(r)
	if err != nil {
		return nil, macaroon.Token{}, err
	}
	defer done()
	key, root := b.keys.Current()
	g := &Grant{ID: r.id(), Channel: r.Channel, Payer: r.Payer, Label: r.Label, Budget: purse.Price(), Created: b.today(), Key: key}
	b.bring(g)
	t, err := macaroon.Mint(key, root, g.ID, caveats)
	if err != nil {
		return nil, macaroon.Token{}, err
	}
	if err := g.describe(t, root); err != nil {
		return nil, macaroon.Token{}, err
	}
	g.note(Event{At: g.Created, What: DeedGranted, By: ByPayer, Amount: g.Budget})
	put, err := g.put()
	if err != nil {
		return nil, macaroon.Token{}, err
	}
	if err := purse.SetAside(ctx, put); err != nil {
		return nil, macaroon.Token{}, fmt.Errorf("grant %s: %w", g.ID, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file(g)
	return g, t, nil
}

// begin makes sure that a grant is made once, also when it is asked for twice at
// once, and that its channel may have one more. The error wraps [ErrRequest].
func (b *Book) begin(r Request) (done func(), err error) {
	id := r.id()
	b.mu.Lock()
	err = b.reserve(r.Channel, id)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	done = func() { b.unreserve(r.Channel, id) }
	if _, err := b.record(id); !errors.Is(err, ErrNoGrant) {
		done()
		return nil, fmt.Errorf("%w: it was granted already; ask again", ErrRequest)
	}
	return done, nil
}

// fits refuses what is paid for otherwise, or over already. The request has a budget
// and an end.
func (b *Book) fits(r Request, paid vouchers.Amount) error {
	budget, _ := r.one(macaroon.KindBudget)
	expires, _ := r.one(macaroon.KindExpires)
	switch {
	case uint64(paid) != budget.Limit:
		return fmt.Errorf("%w: %s are paid for a budget of %s", ErrRequest, paid, vouchers.Amount(budget.Limit))
	case expires.Time <= b.clock.now().latest():
		return fmt.Errorf("%w: it expires at %s, which is over", ErrRequest, time.Unix(int64(expires.Time), 0).UTC().Format(time.RFC3339))
	}
	return nil
}

// describe writes down the caveats of the token, and which counters are the grant's own.
func (g *Grant) describe(t macaroon.Token, root []byte) error {
	nodes, err := t.Verify(root)
	if err != nil {
		return err
	}
	for i, c := range t.All() {
		g.Scope = append(g.Scope, c.String())
		switch c.Kind {
		case macaroon.KindExpires:
			g.Expires = time.Unix(int64(c.Time), 0).UTC()
		case macaroon.KindBudget:
			g.Minted.Budget = nodes[i+1]
		case macaroon.KindCalls:
			g.Minted.Calls, g.Minted.MaxCalls = &nodes[i+1], c.Limit
		}
	}
	return nil
}

// TopUp adds the purse's price to a grant's budget. It is durable on return. Errors wrap [ErrNoGrant],
// [ErrGrantEnded] or [ErrRequest], or are those of [ledger.Reservation.SetAside].
func (b *Book) TopUp(ctx context.Context, id macaroon.GrantID, nonce [32]byte, purse Purse) (*Grant, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	r, g, err := b.live(id)
	if err != nil {
		return nil, err
	}
	if r.toppedUp(nonce) {
		return nil, fmt.Errorf("%w: it was topped up already; ask again", ErrRequest)
	}
	if err := b.room(LimitTopUps, b.limits.TopUps, len(r.TopUps), "top-ups of the grant were made", "grant another one"); err != nil {
		return nil, err
	}
	budget, fits := r.Budget.Add(purse.Price())
	if !fits || budget > macaroon.MaxLimit {
		return nil, fmt.Errorf("%w: %s on top of %s is more than a budget can be", ErrRequest, purse.Price(), r.Budget)
	}
	r.Budget = budget
	added := TopUp{nonce, purse.Price(), b.today()}
	r.TopUps = append(r.TopUps, added)
	r.note(Event{At: added.At, What: DeedToppedUp, By: ByPayer, Amount: added.Amount})
	put, err := r.put()
	if err != nil {
		return nil, err
	}
	if err := purse.SetAside(ctx, put); err != nil {
		return nil, fmt.Errorf("top up grant %s: %w", id, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.budget.limit = uint64(budget)
	return r, nil
}

// ToppedUp returns the grant, and whether a top-up with that nonce was made before.
func (b *Book) ToppedUp(id macaroon.GrantID, nonce [32]byte) (*Grant, bool, error) {
	r, err := b.record(id)
	if err != nil {
		return nil, false, err
	}
	return r, r.toppedUp(nonce), nil
}

func (g *Grant) toppedUp(nonce [32]byte) bool {
	return slices.ContainsFunc(g.TopUps, func(t TopUp) bool { return t.Nonce == nonce })
}

func (b *Book) today() time.Time { return time.Unix(int64(b.clock.now().wall), 0).UTC() }

// live returns a grant that has not ended. Called with b.changing held.
func (b *Book) live(id macaroon.GrantID) (*Grant, *grant, error) {
	r, err := b.record(id)
	if err != nil {
		return nil, nil, err
	}
	g := b.find(id)
	if g == nil || r.Ended != 0 {
		return nil, nil, fmt.Errorf("%w: %s %s", ErrGrantEnded, id, r.Ended)
	}
	return r, g, nil
}

// Revoke ends a grant, and with it every token that was made of it: no call begins
// after it has returned. What is unspent returns to the channel when the calls in
// flight have ended. A grant that has ended is left as it is. The history says by
// whom it was.
func (b *Book) Revoke(ctx context.Context, id macaroon.GrantID, by By) (*Grant, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	r, g, err := b.live(id)
	if errors.Is(err, ErrGrantEnded) {
		return b.record(id)
	}
	if err == nil {
		err = b.end(ctx, r, g, EndRevoked, by)
	}
	if err == nil {
		err = b.giveBack(ctx, r, g)
	}
	if err != nil {
		return nil, err
	}
	return b.record(id)
}

// RevokeToken ends a token and everything that was attenuated from it; the token as
// it was minted ends its grant. The error is a [*Refusal] if the token is none of
// this server's, or is over.
func (b *Book) RevokeToken(ctx context.Context, text string) (*Grant, error) {
	_, c, refused := b.verify(text)
	if refused != nil {
		return nil, refused
	}
	r, err := b.record(c.grant.id)
	if err != nil {
		return nil, err
	}
	if len(c.token.Caveats()) == len(r.Scope) {
		return b.Revoke(ctx, c.grant.id, ByHolder)
	}
	return b.revokeNarrowed(ctx, c, c.nodes[len(r.Scope)+1])
}

// wholeGrant is how many times as many tokens of a grant are revoked as of one branch.
const wholeGrant = 16

// mayRevoke refuses what the limit does not let be revoked any more. Who holds a token
// makes up others of it at will; what comes of that is no branch's but its own. The
// error wraps [ErrRequest].
func (b *Book) mayRevoke(id macaroon.GrantID, branch macaroon.Node) error {
	b.mu.RLock()
	all, here := len(b.revoked[id]), 0
	for _, of := range b.revoked[id] {
		if of == branch {
			here++
		}
	}
	b.mu.RUnlock()
	const wayOut = "revoke the token that they were made of, or have the payer revoke the grant"
	if err := b.room(LimitRevocations, b.limits.Revocations, here, "tokens of the same one were revoked", wayOut); err != nil {
		return err
	}
	return b.room(LimitRevocations, wholeGrant*b.limits.Revocations, all, "tokens of the grant were revoked", wayOut)
}

// revokeNarrowed ends a token that was attenuated, on a branch: the first point after
// the token as it was minted. No call begins on it after it has returned.
func (b *Book) revokeNarrowed(ctx context.Context, c *chain, branch macaroon.Node) (*Grant, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	id, last := c.grant.id, c.nodes[len(c.nodes)-1]
	r, err := b.record(id)
	if err != nil || r.Returned != nil {
		return r, err
	}
	if b.isRevoked(id, c.nodes) {
		return nil, &Refusal{Code: CodeRevoked}
	}
	if err := b.mayRevoke(id, branch); err != nil {
		return nil, err
	}
	b.revoke(id, last, branch)
	r.note(Event{At: b.today(), What: DeedTokenRevoked, By: ByHolder, Token: c.token.Fingerprint()})
	put, err := r.put()
	if err != nil {
		return nil, err
	}
	puts := []vouchers.Put{put, {Bucket: revokedBucket, Key: revokedKey(id, last), Value: branch[:]}}
	if err := b.store.Submit(vouchers.Update{Puts: puts}).Wait(context.WithoutCancel(ctx)); err != nil {
		return nil, fmt.Errorf("revoke a token of grant %s: %w", id, err)
	}
	return r, nil
}

// end ends a grant durably. Called with b.changing held.
func (b *Book) end(ctx context.Context, r *Grant, g *grant, why End, by By) error {
	r.Ended, r.EndedAt = why, b.today()
	r.note(Event{At: r.EndedAt, What: Deed(why.String()), By: by})
	put, err := r.put()
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.ended = why
	g.mu.Unlock()
	if err := b.store.Submit(vouchers.Update{Puts: []vouchers.Put{put}}).Wait(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("end grant %s: %w", r.ID, err)
	}
	return nil
}
