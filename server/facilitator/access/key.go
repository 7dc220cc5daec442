package access

import (
	"cmp"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
)

// The limits of a key that names none.
const (
	DefaultCallsPerMinute = 1200
	DefaultCallsPerDay    = 200_000
	// DefaultGasPerDay is about 900 transfers in batches.
	DefaultGasPerDay = 50_000_000
	// MaxKeys is how many keys a facilitator has at most.
	MaxKeys = 1000
)

// Key is who may ask.
type Key struct {
	// Name tells keys apart in logs and metrics; see [CheckName].
	Name string
	Hash Hash
	Limits
	// Receivers are those of channels whose claims and refunds the facilitator's authorizer signs
	// at the word of this key.
	Receivers []common.Address
	// Watches says that the key reads the metrics, which tell of all keys.
	Watches bool
}

// Limits bound one key. A zero field has its default.
type Limits struct {
	// CallsPerMinute is how many requests come in a minute, and at once; CallsPerDay in a day of UTC.
	CallsPerMinute, CallsPerDay uint64
	// GasPerDay is how much gas is used on each chain in a day of UTC, in gas units.
	GasPerDay uint64
}

func (l Limits) withDefaults() Limits {
	return Limits{
		CallsPerMinute: cmp.Or(l.CallsPerMinute, DefaultCallsPerMinute),
		CallsPerDay:    cmp.Or(l.CallsPerDay, DefaultCallsPerDay),
		GasPerDay:      cmp.Or(l.GasPerDay, DefaultGasPerDay),
	}
}

// Check refuses keys that do not go together. Errors wrap [ErrKey].
func Check(keys []Key) error {
	if len(keys) > MaxKeys {
		return fmt.Errorf("%w: %d keys: at most %d", ErrKey, len(keys), MaxKeys)
	}
	names, hashes := make(map[string]bool), make(map[Hash]string)
	for _, k := range keys {
		if err := CheckName(k.Name); err != nil {
			return err
		}
		if names[k.Name] {
			return fmt.Errorf("%w: the name %s is there twice", ErrKey, k.Name)
		}
		if other, taken := hashes[k.Hash]; taken {
			return fmt.Errorf("%w: %s has the hash of %s", ErrKey, k.Name, other)
		}
		if k.Hash == (Hash{}) {
			return fmt.Errorf("%w: %s has no hash", ErrKey, k.Name)
		}
		names[k.Name], hashes[k.Hash] = true, k.Name
	}
	return nil
}
