package holder

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Budget holds the calls that a credit token pays against a policy of its holder, and
// counts what they cost in a book, as for vouchers. The token's own limits hold as well.
//
// The server is shown the token narrowed to what is held for the call, so that it cannot
// be charged more. A nil budget has no limits and counts nothing.
//
// A token that was bought from a channel of the book is in the budgets since then: its
// calls do not count again, and only what the policy says of a single call holds for them.
type Budget struct {
	purse  *budget.Purse
	policy *policy.Policy
	token  macaroon.Token
	own    bool // it was bought from a channel of the book

	mu        sync.Mutex // guards unwritten
	unwritten error
}

// OpenBudget opens the budget for calls to a server on a token. Without a book (an
// empty path) it counts in memory. What the policy says nothing of is limited by the token
// alone: there are no defaults. Errors are those of [macaroon.Parse] and [book.Open]. The
// caller closes it.
func OpenBudget(ctx context.Context, server, token string, policy policy.Policy, path string) (*Budget, error) {
	parsed, err := macaroon.Parse(token)
	if err != nil {
		return nil, err
	}
	b := &Budget{token: parsed, policy: policy.Bounded()}
	counting := budget.Options{Policy: b.policy, Server: naming.Server(server), Owe: b.owe}
	if path == "" {
		b.purse = budget.Open(counting)
		return b, nil
	}
	kept, err := book.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	counting.Table = kept
	b.purse = budget.Open(counting)
	for _, c := range parsed.Caveats()[:min(1, len(parsed.Caveats()))] { // the first is the server's: whose money it is
		_, b.own, err = kept.Channel(c.Channel)
	}
	return b, err
}

// AskBy has somebody asked who approves of calls, where the policy wants that and names nobody.
func (b *Budget) AskBy(approve func(context.Context, policy.Proposal) (bool, error)) {
	if b != nil && b.policy.AskAbove > 0 && b.policy.Approve == nil {
		b.policy.Approve = approve
	}
}

// owe keeps what could not be written last.
func (b *Budget) owe(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unwritten = err
}

// Close writes what is not in the book yet.
func (b *Budget) Close() error {
	if b == nil {
		return nil
	}
	b.purse.Rest()
	return b.purse.Flush()
}

// Answer is what came of a call on a token.
type Answer struct {
	// Charged is what it has cost, in atomic units.
	Charged vouchers.Amount
	// Refused is why the token does not pay for it; nil if it does.
	Refused *Refusal
	// Unpaid is what the server asks for a call that has shown it no token, in atomic units;
	// 0 if nothing.
	Unpaid vouchers.Amount
}

// Call makes a call of a tool that is announced at a price (0 is not known, or free). Make
// makes it, with the context that it is given: a second time, where it costs more than was
// announced and the policy allows that. Where the policy lets no such call be paid, one of a
// price that is not known shows no token: it may be free. A call that fails without an answer counts in full.
// Errors are make's, or a [*policy.Error], or the book's; or they wrap [account.ErrDishonest], where
// more was charged than the token pays, or [macaroon.ErrToken], where it has no room for the
// budget's limit.
func (b *Budget) Call(ctx context.Context, tool string, price vouchers.Amount, make func(context.Context) (Answer, error)) error {
	if b == nil {
		_, err := make(ctx)
		return err
	}
	if err := b.trouble(); err != nil {
		return err
	}
	h := b.purse.BeginOnToken(tool, b.own)
	if price == 0 && h.Permitted(0) != nil {
		return unshown(ctx, h, make)
	}
	for raised := false; ; raised = true {
		if err := h.Raise(ctx, price); err != nil {
			h.End(0)
			return err
		}
		shown, most, err := b.narrowed(ctx, price)
		if err != nil {
			h.End(0)
			return err
		}
		ctx, way := dial.OnWay(shown)
		answer, err := make(ctx)
		if asked := answer.asked(); err == nil && asked > price && !raised {
			price = asked
			continue
		}
		if err != nil && !way.NeverLeft() {
			answer.Charged = h.Sum()
		}
		h.End(min(answer.Charged, most))
		if err == nil && answer.Charged > most {
			err = fmt.Errorf("%w: a call on a token that pays %s at most was charged %s", account.ErrDishonest, most, answer.Charged)
		}
		return err
	}
}

// unshown makes a call that must not be paid, without the token.
func unshown(ctx context.Context, h *budget.TokenHold, make func(context.Context) (Answer, error)) error {
	answer, err := make(dial.Narrowed(ctx, ""))
	switch {
	case err != nil:
		return err
	case answer.Charged > 0:
		return fmt.Errorf("%w: a call that has shown no token was charged %s", account.ErrDishonest, answer.Charged)
	case answer.Unpaid > 0:
		return h.Permitted(answer.Unpaid)
	}
	return nil
}

func (b *Budget) trouble() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unwritten != nil {
		return fmt.Errorf("%w: %w", book.ErrUnwritten, b.unwritten)
	}
	return nil
}

// asked is the price of a call that takes more than the token was narrowed to, else 0.
func (a Answer) asked() vouchers.Amount {
	if a.Refused == nil || a.Refused.Code != credit.CodePerCallExceeded {
		return 0
	}
	return a.Refused.Required
}

// narrowed is a context whose requests show the token narrowed to a price, where the policy
// says anything, and the most that the token pays for one call then. A token cannot be
// narrowed to nothing.
func (b *Budget) narrowed(ctx context.Context, price vouchers.Amount) (_ context.Context, most vouchers.Amount, err error) {
	if !b.policy.LimitsCalls() {
		return ctx, payable(b.token), nil
	}
	narrower, err := b.token.Attenuate(macaroon.Scope{PerCall: max(1, price)})
	switch {
	case errors.Is(err, macaroon.ErrWidening): // it is narrower already
		return ctx, payable(b.token), nil
	case err != nil:
		return nil, 0, fmt.Errorf("the token cannot be narrowed to what the budget allows for one call: %w", err)
	}
	return dial.Narrowed(ctx, narrower.Text()), payable(narrower), nil
}

// payable is the most that a token pays for one call.
func payable(token macaroon.Token) vouchers.Amount {
	most := policy.Unlimited
	for _, c := range token.Caveats() {
		if c.Kind == macaroon.KindPerCall || c.Kind == macaroon.KindBudget {
			most = min(most, vouchers.Amount(c.Limit))
		}
	}
	return most
}
