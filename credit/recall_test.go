package credit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers/ledger"
)

// named is a call with an identifier and a request.
func named(identifier string, request byte) credit.Call {
	return credit.Call{Tool: "search", Price: 100, Identifier: identifier, Fingerprint: [32]byte{request}}
}

// make makes a call: its answer, and whether it was made before. A call that is run is
// charged 100, and answered with the identifier.
func (s *shop) make(token macaroon.Token, call credit.Call) (answer string, again bool) {
	s.t.Helper()
	spend, err := s.Spend(context.Background(), token.Text(), call)
	if err != nil {
		s.t.Fatalf("the call %q: %v", call.Identifier, err)
	}
	defer spend.Release()
	if kept, answered := spend.Answer(); answered {
		return string(kept), true
	}
	if _, err := spend.Commit(context.Background(), 100, func(ledger.Charge) (ledger.Kept, error) {
		return ledger.Kept{Answer: []byte(call.Identifier)}, nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return call.Identifier, false
}

func (s *shop) callRefused(token macaroon.Token, call credit.Call, code credit.Code) {
	s.t.Helper()
	spend, err := s.Spend(context.Background(), token.Text(), call)
	var refusal *credit.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code {
		s.t.Errorf("the call %q: %v, %v, want %s", call.Identifier, spend, err, code)
	}
}

func TestTheSameCallIsChargedOnce(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 250, Calls: 10, Rate: macaroon.Rate{Amount: 200, Period: time.Hour}})
	failed, err := s.Spend(context.Background(), token.Text(), named("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	failed.Release()
	if _, again := s.make(token, named("a", 1)); again {
		t.Error("a call that failed was answered")
	}
	s.make(token, named("b", 1))
	for range 2 {
		for _, id := range []string{"a", "b"} { // nothing is left by now
			if answer, again := s.make(token, named(id, 1)); answer != id || !again {
				t.Errorf("the same call got %q, %v", answer, again)
			}
		}
		s.callRefused(token, named("a", 2), credit.CodeIdentifierConflict)
		s.callRefused(token, named("c", 1), credit.CodeBudgetExhausted)
		s.left(token, 50, 8, 0)
		s.restart()
	}
	s.callRefused(token, named(strings.Repeat("x", 129), 1), credit.CodeInvalidIdentifier)
	s.callRefused(token, named("a b", 1), credit.CodeInvalidIdentifier)
}

func TestAnIdentifierIsTheVeryTokensOwn(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	sub := s.narrow(token, macaroon.Scope{Budget: 500})
	for _, token := range []macaroon.Token{token, sub} {
		if _, again := s.make(token, named("a", 1)); again {
			t.Errorf("%s got the answer of another token", token)
		}
	}
	s.left(sub, 800, 400)
}

func TestACallIsNotChargedTwiceAtOnce(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	first, err := s.Spend(context.Background(), token.Text(), named("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	s.callRefused(token, named("a", 2), credit.CodeIdentifierConflict)
	again := make(chan bool)
	for range 8 {
		go func() {
			_, answered := s.make(token, named("a", 1))
			again <- answered
		}()
	}
	if _, err := first.Commit(context.Background(), 100, func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{Answer: []byte("an answer")}, nil }); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if answered := <-again; !answered {
			t.Error("the same call was run again")
		}
	}
	s.left(token, 900)
}

func TestAnAnswerOutlivesTheTokenThatPaidForItUnlessThatIsRevoked(t *testing.T) {
	s := newShop(t)
	_, once := s.grant(macaroon.Scope{Budget: 1000, Calls: 1})
	_, short := s.grant(macaroon.Scope{Budget: 1000, Expires: start.Add(time.Minute)})
	id, revoked := s.grant(macaroon.Scope{Budget: 1000})
	for _, token := range []macaroon.Token{once, short, revoked} {
		s.make(token, named("a", 1))
	}
	s.clock.pass(time.Minute)
	s.sweep()
	if _, err := s.Revoke(context.Background(), id, credit.ByPayer); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, token := range []macaroon.Token{once, short} {
			if _, again := s.make(token, named("a", 1)); !again {
				t.Errorf("%s is charged again", token)
			}
		}
		s.callRefused(once, named("b", 1), credit.CodeCallsExhausted)
		s.callRefused(short, named("b", 1), credit.CodeExpired)
		s.callRefused(revoked, named("a", 1), credit.CodeRevoked)
		s.restart()
	}
}

func TestAnAnswerThatWasNotKeptIsNotPaidForAgain(t *testing.T) {
	s := newShop(t)
	_, token := s.grant(macaroon.Scope{Budget: 1000})
	spend, err := s.Spend(context.Background(), token.Text(), named("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, spend, 100) // without an answer
	s.callRefused(token, named("a", 1), credit.CodeAnswerGone)
	s.left(token, 900)
}

func TestARevokedTokenGetsNoAnswerAfterItsGrantHasEnded(t *testing.T) {
	s := newShop(t)
	_, root := s.grant(macaroon.Scope{Budget: 1000, Expires: start.Add(time.Minute)})
	sub := s.narrow(root, macaroon.Scope{Budget: 500})
	s.make(sub, named("a", 1))
	if _, err := s.RevokeToken(context.Background(), sub.Text()); err != nil {
		t.Fatal(err)
	}
	s.callRefused(sub, named("a", 1), credit.CodeRevoked)
	s.clock.pass(time.Minute)
	s.sweep()
	s.callRefused(sub, named("a", 1), credit.CodeExpired)
}
