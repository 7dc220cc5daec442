package meanstest

import (
	"net/http"
	"os"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// Subject is a way to pay.
type Subject struct {
	// Options changes those of a shop so that it is paid this way; nil leaves them as they are.
	Options func(*server.Options)
	// Open makes a payer who may spend so much at a shop, in atomic USDC, and no more.
	Open func(t testing.TB, at *Place, budget vouchers.Amount) Payer
	// UsedUp is the code, or a part of it, of the refusal that says that the money is used up.
	UsedUp string
	// Snap takes a picture of the chain at the moment of a crash, and returns what puts it back;
	// nil where a sale does nothing on the chain.
	Snap func(t testing.TB) (back func())
	// Resumes says that what was sold is written down before it is charged: after a crash
	// between the two the call is charged without running again.
	Resumes bool
	// Rewords says that the way is that of another subject in other words: the rules of a sale, for
	// which the words are nothing, are held to that one.
	Rewords bool
	// Except are the rules that do not apply, with the reason of each.
	Except map[Rule]string
}

// Payer is who pays, and what its account stands at.
type Payer interface {
	// Pay makes a payment for one call of a price, in atomic USDC, unlike every other.
	Pay(t testing.TB, price vouchers.Amount) Payment
	// Forge makes one that looks alike and that the payer has nothing to do with.
	Forge(t testing.TB, price vouchers.Amount) Payment
	// Charged is what a shop has charged the payer, in atomic USDC.
	Charged(t testing.TB, at *server.Shop) vouchers.Amount
}

// Payment is what a request brings to be paid with. It may be brought again, at once too.
type Payment interface {
	// OnCall adds it to the _meta of a tool call.
	OnCall(meta map[string]any)
	// OnRequest adds it to an HTTP request.
	OnRequest(r *http.Request) error
}

// Rule is what a way to pay has to keep.
type Rule string

// The rules.
const (
	ChargesOnce            Rule = "a good call is charged its price once"
	FailsForNothing        Rule = "a call that fails, is cancelled or panics costs nothing"
	ChargesFailures        Rule = "a call that its seller charges for however it ends is charged"
	ChargesTheGone         Rule = "a good result is charged and kept though its client has gone"
	AnswersAgain           Rule = "the same payment for the same request gets the same answer"
	AnswersAfterStop       Rule = "the same payment is answered again after a restart"
	AnswersDearer          Rule = "the same payment is answered again though the price has risen"
	AnswersAllAlike        Rule = "the same payment many times at once is one call"
	RefusesAnother         Rule = "another request with the same payment is refused"
	RefusesForgeries       Rule = "nothing runs for a forged payment or for none"
	SurvivesCrashes        Rule = "a crash between two steps of the sale loses and doubles nothing"
	SurvivesCrowdedCrashes Rule = "a crash among calls in flight loses and doubles nothing"
	AddsUp                 Rule = "many calls in flight add up"
	NeverOverspends        Rule = "many calls in flight spend no more than there is"
	ChargesQuotes          Rule = "a call is charged its quote"
	ChargesMeters          Rule = "a metered call is charged what it reports"
	GivesAllowances        Rule = "an allowance is used up first, and stays used"
	AnswersFreeAgain       Rule = "what an allowance paid for is answered again"
	RefusesTheSpent        Rule = "money used up in the middle of a series refuses the rest"
	WithholdsUnsaved       Rule = "an answer whose charge is not durable is withheld"
	ChargesInParts         Rule = "a hold is charged in parts, which stay charged where it breaks off"
	StripsLargeCalls       Rule = "a large call without a genuine payment loses its arguments"
)

// kind is what a rule is about.
type kind int

const (
	// ofWords is how requests, payments and answers are written, on each carrier and in each form.
	ofWords kind = iota
	// ofSale is when a call runs, is charged and is kept. A read of a resource and a get of a prompt
	// are sold as a tool call is, once they are read.
	ofSale
)

// Everything is the environment variable that, set to "all", has every rule held on every carrier
// for every subject, as make means does.
const Everything = "CHIT_MEANS"

// carriersOf are those that a rule is held on: none if another subject is held to it.
func (s Subject) carriersOf(rule kind) []carrier {
	switch {
	case rule == ofWords, os.Getenv(Everything) == "all":
		return carriers
	case s.Rewords:
		return nil
	}
	return []carrier{overMCP{}, overHTTP{}}
}

var rules = []struct {
	name Rule
	of   kind
	hold func(*trial)
}{
	{ChargesOnce, ofWords, chargesOnce},
	{FailsForNothing, ofWords, failsForNothing},
	{ChargesFailures, ofWords, chargesFailures},
	{ChargesTheGone, ofSale, chargesTheGone},
	{AnswersAgain, ofWords, answersAgain},
	{AnswersAfterStop, ofWords, answersAfterStop},
	{AnswersDearer, ofSale, answersDearer},
	{AnswersAllAlike, ofSale, answersAllAlike},
	{RefusesAnother, ofWords, refusesAnother},
	{RefusesForgeries, ofWords, refusesForgeries},
	{SurvivesCrashes, ofSale, survivesCrashes},
	{SurvivesCrowdedCrashes, ofSale, survivesCrowdedCrashes},
	{AddsUp, ofSale, addsUp},
	{NeverOverspends, ofSale, neverOverspends},
	{ChargesQuotes, ofWords, chargesQuotes},
	{ChargesMeters, ofWords, chargesMeters},
	{GivesAllowances, ofWords, givesAllowances},
	{AnswersFreeAgain, ofWords, answersFreeAgain},
	{RefusesTheSpent, ofWords, refusesTheSpent},
	{WithholdsUnsaved, ofWords, withholdsUnsaved},
	{ChargesInParts, ofSale, chargesInParts},
	{StripsLargeCalls, ofWords, stripsLargeCalls},
}

// trial is one rule that a subject is held against on one carrier.
type trial struct {
	*testing.T

	subject Subject
	on      carrier
}

// part holds a part of a rule, as a test of its own.
func (tr *trial) part(name string, hold func(*trial)) {
	tr.Run(name, func(t *testing.T) { hold(&trial{t, tr.subject, tr.on}) })
}

// keeps says whether a rule applies, by which the same payment is answered again.
func (tr *trial) keeps(rule Rule) bool {
	_, excepted := tr.subject.Except[rule]
	return !excepted
}

// payer is one who may spend so much.
func (tr *trial) payer(at *Place, budget vouchers.Amount) Payer {
	tr.Helper()
	return tr.subject.Open(tr, at, budget)
}

// Run holds a way to pay against every rule, on each carrier that can make a difference. It needs
// a chain: [shoptest.Main].
func Run(t *testing.T, s Subject) {
	if shoptest.Net == nil {
		t.Fatal("there is no chain: let TestMain of this package call shoptest.Main")
	}
	known := make(map[Rule]bool, len(rules))
	for _, rule := range rules {
		known[rule.name] = true
		if why, excepted := s.Except[rule.name]; excepted {
			t.Logf("%s does not apply: %s", rule.name, why)
			continue
		}
		on := s.carriersOf(rule.of)
		if len(on) == 0 {
			continue
		}
		t.Run(string(rule.name), func(t *testing.T) {
			for _, on := range on {
				t.Run(on.name(), func(t *testing.T) { rule.hold(&trial{t, s, on}) })
			}
		})
	}
	for rule, why := range s.Except {
		if !known[rule] || why == "" {
			t.Errorf("%q is excepted because of %q: want a rule and a reason", rule, why)
		}
	}
}
