package macaroon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// keysBucket is the bucket of the store that has the root keys, by number.
const keysBucket = "credit-keys"

const rootKeyLength = 32

// Keyring holds the root keys that tokens are minted and verified with. It is safe
// for concurrent use.
type Keyring struct {
	bucket vouchers.Bucket

	mu     sync.RWMutex // guards what follows
	keys   map[uint32][]byte
	newest uint32
}

// OpenKeyring reads the root keys, and makes the first one.
func OpenKeyring(ctx context.Context, store vouchers.Store) (*Keyring, error) {
	k := &Keyring{bucket: store.Bucket(keysBucket), keys: map[uint32][]byte{}}
	err := k.bucket.ForEach(nil, func(key, value []byte) error {
		if len(key) != 4 || len(value) != rootKeyLength {
			return errors.New("a root key is damaged")
		}
		number := binary.BigEndian.Uint32(key)
		k.keys[number] = slices.Clone(value)
		k.newest = max(k.newest, number)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the root keys of credit tokens: %w", err)
	}
	if len(k.keys) == 0 {
		if _, err := k.Rotate(ctx); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Rotate makes a new root key, under which tokens are minted from then on, and
// returns its number. Tokens under older keys stay good.
func (k *Keyring) Rotate(ctx context.Context) (number uint32, err error) {
	secret := make([]byte, rootKeyLength)
	_, _ = rand.Read(secret) // never returns an error
	k.mu.Lock()
	defer k.mu.Unlock()
	number = k.newest + 1
	if err := k.bucket.Put(ctx, binary.BigEndian.AppendUint32(nil, number), secret); err != nil {
		return 0, fmt.Errorf("make a root key for credit tokens: %w", err)
	}
	k.keys[number], k.newest = secret, number
	return number, nil
}

// Get returns the root key of a number, nil if there is none.
func (k *Keyring) Get(number uint32) []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[number]
}

// Current returns the newest root key, and its number.
func (k *Keyring) Current() (number uint32, secret []byte) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.newest, k.keys[k.newest]
}
