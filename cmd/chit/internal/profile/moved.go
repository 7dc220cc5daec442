package profile

import (
	"fmt"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/x402/extension"
)

// Move is a place at which the shop was before, and the one at which it is now: URLs, of
// which the origin counts.
type Move struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// ShopMoves are the moves of the seller's shop.
func (p *Profile) ShopMoves() ([]server.Move, error) {
	var all []server.Move
	for i, m := range p.MovedFrom {
		for name, text := range map[string]string{"from": m.From, "to": m.To} {
			if _, err := extension.Origin(text); err != nil {
				return nil, fmt.Errorf("movedFrom[%d].%s: %w", i, name, err)
			}
		}
		all = append(all, server.Move{From: m.From, To: m.To})
	}
	return all, nil
}
