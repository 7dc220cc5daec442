package credit

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// MaxIdentifier is the length of the longest identifier of a call, in bytes.
const MaxIdentifier = ledger.MaxIdentifier

var errIdentifier = errors.New("an identifier of a call is 1 to 128 visible ASCII characters")

func checkIdentifier(identifier string) *Refusal {
	good := len(identifier) <= MaxIdentifier
	for i := range len(identifier) {
		good = good && identifier[i] > ' ' && identifier[i] <= '~'
	}
	if !good {
		return &Refusal{Code: CodeInvalidIdentifier, Err: errIdentifier}
	}
	return nil
}

// answerKey names a call of a token. Another token of the same grant has others: who
// holds one gets no answers that another has paid for.
func (s *session) answerKey(identifier string) vouchers.AnswerKey {
	h := sha256.New()
	h.Write([]byte("chit credit call"))
	h.Write(s.token[:])
	h.Write([]byte(identifier))
	return vouchers.AnswerKey(h.Sum(nil))
}

// recall makes the call the only one in flight with its identifier, or finds its
// answer.
func (s *Spend) recall(ctx context.Context, call Call) *Refusal {
	if refused := checkIdentifier(call.Identifier); refused != nil {
		return refused
	}
	if refused := s.session.revoked(); refused != nil {
		return refused
	}
	var err error
	s.reservation, err = s.book.ledger.Recall(ctx, s.Channel(), s.session.answerKey(call.Identifier), call.Fingerprint)
	if err != nil {
		return fromLedger(err, 0)
	}
	return nil
}

// spent gives a call the answer that it got before on a token that is over now, as
// after its last call. A token that was revoked gets none.
func (b *Book) spent(ctx context.Context, token string, call Call, refused *Refusal) (*Spend, error) {
	if call.Identifier == "" || !errors.Is(refused, ErrGrantEnded) {
		return nil, refused
	}
	s, err := b.late(token)
	if err != nil {
		return nil, refused
	}
	spend := &Spend{book: b, session: s, price: call.Price, ended: true}
	if refused := spend.recall(ctx, call); refused != nil {
		return nil, refused
	}
	if _, answered := spend.Answer(); !answered {
		spend.Release()
		return nil, refused
	}
	return spend, nil
}

// late is the session of a token whose grant has ended.
func (b *Book) late(token string) (*session, error) {
	t, nodes, err := b.authentic(token)
	if err != nil {
		return nil, err
	}
	r, err := b.record(t.Grant())
	if err != nil {
		return nil, err
	}
	if r.mayHaveRevoked(nodes) {
		return nil, ErrGrantEnded
	}
	return &session{grant: newGrant(r, &shelf{channel: r.Channel}), token: nodes[len(nodes)-1]}, nil
}

// Answer returns what the same call was answered with before, and true; or false if
// the call is to be run.
func (s *Spend) Answer() ([]byte, bool) {
	if s.reservation == nil {
		return nil, false
	}
	return s.reservation.Answer()
}
