package vouchers

import (
	"context"
	"encoding/binary"
	"fmt"
)

// A store that was restored from a backup has forgotten what came after it, so it opens an
// epoch: the numbers of its entries go on in a range of their own, and none is given twice.

// EpochBucket is the store's bucket of its epoch.
const EpochBucket = "receipt-epoch"

// EpochKey is the key in [EpochBucket] under which the epoch is: eight bytes, the highest first.
const EpochKey = "epoch"

// numberBits is how many bits of an entry's number count within its epoch.
const numberBits = 40

// MaxEpoch is the highest epoch that the number of an entry can say.
const MaxEpoch = 1<<(64-numberBits) - 1

// ErrEpoch is what an epoch is refused with that no entry's number can say.
var ErrEpoch = fmt.Errorf("no epoch above %d can be opened", uint64(MaxEpoch))

// EpochOf is the epoch that an entry's number is of, and its number within that.
func EpochOf(number uint64) (epoch, within uint64) {
	return number >> numberBits, number & (1<<numberBits - 1)
}

// NextNumber is the number of the entry after last (0 is none) in a store of this epoch: by one
// higher, or the first of the epoch.
func NextNumber(last, epoch uint64) uint64 { return max(last, epoch<<numberBits) + 1 }

// BeginsEpoch reports whether number is the first of a later epoch than that of last.
func BeginsEpoch(last, number uint64) bool {
	before, _ := EpochOf(last)
	epoch, within := EpochOf(number)
	return epoch > before && within == 1
}

// Epoch returns the epoch of a store, 0 if it was never restored.
func Epoch(store interface{ Bucket(name string) Bucket }) (uint64, error) {
	value, err := store.Bucket(EpochBucket).Get([]byte(EpochKey))
	if err == nil && value != nil && len(value) != 8 {
		err = fmt.Errorf("it is %d bytes, want 8", len(value))
	}
	if err != nil {
		return 0, fmt.Errorf("read the epoch of the store: %w", err)
	}
	if value == nil {
		return 0, nil
	}
	return binary.BigEndian.Uint64(value), nil
}

// OpenEpoch opens the first epoch above those of the store and of others, durably, and returns
// it. Whoever has the store open reads it anew only when it opens the store again. The error
// wraps [ErrEpoch] where there is none left.
func OpenEpoch(ctx context.Context, store interface{ Bucket(name string) Bucket }, others ...uint64) (uint64, error) {
	epoch, err := Epoch(store)
	if err != nil {
		return 0, err
	}
	for _, other := range others {
		epoch = max(epoch, other)
	}
	if epoch++; epoch > MaxEpoch {
		return 0, ErrEpoch
	}
	if err := store.Bucket(EpochBucket).Put(ctx, []byte(EpochKey), binary.BigEndian.AppendUint64(nil, epoch)); err != nil {
		return 0, fmt.Errorf("open epoch %d of the store: %w", epoch, err)
	}
	return epoch, nil
}
