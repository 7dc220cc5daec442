package profile

import (
	"fmt"

	"github.com/chitpay/chit/vouchers/history"
)

// History is how much a shop keeps of what it sold; empty is no bound.
type History struct {
	// Keep is an age, such as "400d"; what is not claimed is kept longer.
	Keep Text `yaml:"keep,omitempty"`
	// Max is a size on disk, such as "20GB".
	Max Text `yaml:"max,omitempty"`
}

// ShopHistory is how much the profile's shop keeps.
func (p *Profile) ShopHistory() (history.Keep, error) {
	keep, err := history.ParseKeep(string(p.History.Keep), string(p.History.Max))
	if err != nil {
		return keep, fmt.Errorf("history: %w", err)
	}
	return keep, nil
}
