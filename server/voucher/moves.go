package voucher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Move says that the shop was at one origin (From), such as "https://old.example", and is at
// another one now.
type Move struct{ From, To string }

// moveTime is how long a statement of a move is good. It is signed again before half of it
// has passed.
const moveTime = 30 * 24 * time.Hour

// moves are the statements that the shop gives beside its terms, so that its payers use the
// channels that they have opened for it at another place.
type moves struct {
	seller *Seller
	all    []Move

	mu     sync.Mutex // guards what follows
	signed []extension.Move
	until  time.Time // when they are signed anew
}

// openMoves signs the statements for the first time.
func (s *Seller) openMoves(ctx context.Context) error {
	s.moves = &moves{seller: s}
	for _, m := range s.movedFrom {
		from, err := extension.Origin(m.From)
		if err != nil {
			return fmt.Errorf("movedFrom: from: %w", err)
		}
		to, err := extension.Origin(m.To)
		if err != nil {
			return fmt.Errorf("movedFrom: to: %w", err)
		}
		s.moves.all = append(s.moves.all, Move{from, to})
	}
	_, err := s.moves.statements(ctx)
	return err
}

// statements are those that are good now.
func (m *moves) statements(ctx context.Context) ([]extension.Move, error) {
	if len(m.all) == 0 {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.seller.now()
	if now.Before(m.until) {
		return m.signed, nil
	}
	var signed []extension.Move
	for _, t := range m.seller.tills.All {
		for _, moved := range m.all {
			config := vouchers.ChannelConfig{
				Receiver: m.seller.payTo, ReceiverAuthorizer: m.seller.key.Address(), Token: t.Token.Address, WithdrawDelay: m.seller.withdrawDelay,
			}
			s, err := SignMove(ctx, m.seller.key, t.Deployment, config, moved, now.Add(moveTime))
			if err != nil {
				return m.signed, err
			}
			signed = append(signed, s)
		}
	}
	m.signed, m.until = signed, now.Add(moveTime/2)
	return signed, nil
}

// SignMove signs the statement that a shop has moved, which is good until a time, for channels
// with the receiver, the authorizer, the token and the delay of a config. The key is the
// authorizer's. Errors wrap [x402.ErrMalformed] where an origin is none.
func SignMove(ctx context.Context, key keys.Signer, d vouchers.Deployment, c vouchers.ChannelConfig, moved Move, until time.Time) (extension.Move, error) {
	from, err := extension.Origin(moved.From)
	if err != nil {
		return extension.Move{}, err
	}
	to, err := extension.Origin(moved.To)
	if err != nil {
		return extension.Move{}, err
	}
	m := extension.Move{From: from, To: to, Network: d.Network(), Escrow: d.Escrow, Until: uint64(max(0, until.Unix()))}
	signature, err := key.SignHash(ctx, m.Digest(d, c))
	if err != nil {
		return extension.Move{}, fmt.Errorf("sign that the shop has moved from %s: %w", from, err)
	}
	m.Signature = signature
	return m, nil
}

// announceMoves adds the statements to the extensions of terms.
func (s *Seller) announceMoves(extensions x402.Extensions) x402.Extensions {
	signed, err := s.moves.statements(context.Background())
	if err != nil {
		s.logger.Error("the statement that the shop has moved is not signed again", "error", err)
	}
	if len(signed) == 0 {
		return extensions
	}
	with, err := extension.WithMoves(extensions, signed)
	if err != nil {
		s.logger.Error("the statement that the shop has moved is left out", "error", err)
		return extensions
	}
	return with
}
