package credit

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// By says who had something done to a grant.
type By string

// Who can; empty is nobody: time has passed, or calls were used up.
const (
	ByPayer    By = "payer"    // by an order that the channel's voucher key signed
	ByHolder   By = "holder"   // whoever holds the token
	ByOperator By = "operator" // the seller
)

// Deed says what happened to a grant.
type Deed string

// The deeds. A grant ends with the name of its [End].
const (
	DeedGranted      Deed = "granted"
	DeedToppedUp     Deed = "topped_up"
	DeedTokenRevoked Deed = "token_revoked" // one that was attenuated; the grant goes on
	DeedReturned     Deed = "returned"      // what was not spent, to the channel
)

// Event is one line of a grant's history. What its calls have cost is not in it.
type Event struct {
	At   time.Time `json:"at"`
	What Deed      `json:"what"`
	By   By        `json:"by,omitempty"`
	// Amount is what was set aside or returned, in atomic units.
	Amount vouchers.Amount `json:"amount,omitzero"`
	// Token is the fingerprint of the token that was revoked.
	Token string `json:"token,omitempty"`
}

// maxRevocations is how many revoked tokens a history names: any holder can make up
// tokens to revoke. The oldest are dropped.
const maxRevocations = 64

// note adds an event to the history.
func (g *Grant) note(e Event) {
	isRevocation := func(e Event) bool { return e.What == DeedTokenRevoked }
	revocations := 0
	for _, old := range g.History {
		if isRevocation(old) {
			revocations++
		}
	}
	if isRevocation(e) && revocations >= maxRevocations {
		i := slices.IndexFunc(g.History, isRevocation)
		g.History = slices.Delete(g.History, i, i+1)
	}
	g.History = append(g.History, e)
}

// mayHaveRevoked reports whether one of the points in a token's chain was revoked, as far
// as the history of an ended grant goes back.
func (g *Grant) mayHaveRevoked(nodes []macaroon.Node) bool {
	revocations := 0
	for _, e := range g.History {
		if e.What != DeedTokenRevoked {
			continue
		}
		revocations++
		if slices.ContainsFunc(nodes, func(n macaroon.Node) bool { return hex.EncodeToString(n[:]) == e.Token }) {
			return true
		}
	}
	return revocations >= maxRevocations // older ones may have been dropped
}

// recall makes the history of a record that was written before there was one.
func (g *Grant) recall() {
	if len(g.History) > 0 {
		return
	}
	granted := g.Budget
	for _, t := range g.TopUps {
		granted -= t.Amount
	}
	g.note(Event{At: g.Created, What: DeedGranted, By: ByPayer, Amount: granted})
	for _, t := range g.TopUps {
		g.note(Event{At: t.At, What: DeedToppedUp, By: ByPayer, Amount: t.Amount})
	}
	if g.Ended != 0 {
		g.note(Event{At: g.EndedAt, What: Deed(g.Ended.String())})
	}
	if g.Returned != nil {
		g.note(Event{At: g.EndedAt, What: DeedReturned, Amount: *g.Returned})
	}
}
