package settle

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// SetAside is a channel whose claim the escrow refuses, with the reason. It is tried
// again, each time later.
type SetAside struct {
	// Channel has Value to claim, in atomic USDC, which is refused for the Reason.
	Channel vouchers.ChannelID `json:"channel"`
	Value   vouchers.Amount    `json:"value"`
	Reason  string             `json:"reason"`
	// Since is when it failed first, Attempts how often it has failed since, and
	// RetryAfter when it is tried again by itself.
	Since      time.Time `json:"since,omitzero"`
	Attempts   int       `json:"attempts,omitempty"`
	RetryAfter time.Time `json:"retryAfter,omitzero"`
}

// asideBucket is the store's bucket of what is set aside, by channel id.
const asideBucket = "aside"

// The first and the longest pause before a claim that failed is tried again.
const (
	firstRetry = time.Minute
	lastRetry  = 24 * time.Hour
)

// Asides remembers what is set aside across restarts.
type Asides struct {
	bucket vouchers.Bucket

	mu      sync.Mutex // guards what follows
	entries map[vouchers.ChannelID]SetAside
}

// LoadAsides reads what the store holds. An entry that cannot be read is passed over: its
// claim is tried again at once.
func LoadAsides(store vouchers.Store, logger *slog.Logger) (*Asides, error) {
	a := &Asides{bucket: store.Bucket(asideBucket), entries: make(map[vouchers.ChannelID]SetAside)}
	err := a.bucket.ForEach(nil, func(key, value []byte) error {
		var entry SetAside
		if err := json.Unmarshal(value, &entry); err != nil {
			logger.Error("the record of a claim that was set aside is damaged", "key", fmt.Sprintf("%x", key), "error", err)
			return nil
		}
		a.entries[entry.Channel] = entry
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which claims are set aside: %w", err)
	}
	return a, nil
}

// Get returns what is known of a channel, nil if it is not set aside.
func (a *Asides) Get(id vouchers.ChannelID) *SetAside {
	a.mu.Lock()
	defer a.mu.Unlock()
	if entry, ok := a.entries[id]; ok {
		return &entry
	}
	return nil
}

// isDue reports whether a channel is not set aside, or is to be tried again.
func (a *Asides) isDue(id vouchers.ChannelID, now time.Time) bool {
	entry := a.Get(id)
	return entry == nil || !now.Before(entry.RetryAfter)
}

// put sets a channel aside, longer each time, and returns the entry with its times.
func (a *Asides) put(ctx context.Context, entry SetAside, now time.Time) (SetAside, error) {
	entry.Since = now.UTC()
	if known := a.Get(entry.Channel); known != nil {
		entry.Since, entry.Attempts = known.Since, known.Attempts
	}
	entry.RetryAfter = now.UTC().Add(min(firstRetry<<min(entry.Attempts, 16), lastRetry))
	entry.Attempts++
	value, err := json.Marshal(entry)
	if err != nil {
		return entry, fmt.Errorf("set channel %s aside: %w", entry.Channel, err)
	}
	a.mu.Lock()
	a.entries[entry.Channel] = entry
	a.mu.Unlock()
	if err := a.bucket.Put(ctx, entry.Channel[:], value); err != nil {
		return entry, fmt.Errorf("set channel %s aside: %w", entry.Channel, err)
	}
	return entry, nil
}

// clear forgets a channel that was claimed from.
func (a *Asides) clear(ctx context.Context, id vouchers.ChannelID) error {
	if a.Get(id) == nil {
		return nil
	}
	a.mu.Lock()
	delete(a.entries, id)
	a.mu.Unlock()
	if err := a.bucket.Delete(ctx, id[:]); err != nil {
		return fmt.Errorf("forget that channel %s was set aside: %w", id, err)
	}
	return nil
}
