package vouchers

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Entry is what history keeps of one charge: its receipt, as package receipts encodes it.
type Entry struct {
	Channel ChannelID
	// Number rises from entry to entry of a channel, by one within an epoch of the store.
	Number uint64
	// Digest names the entry: in the tree of its batch, and in the entry after it.
	Digest common.Hash
	// Previous is the digest of the entry before it in the channel; zero for the first.
	Previous common.Hash
	// Cumulative is what the channel was charged over its life, with this, in atomic units.
	Cumulative Amount
	// Time is in Unix seconds.
	Time uint32
	// Value is the rest, which must not change after it was submitted.
	Value []byte

	// Batch is what became durable together with the entry, which is number Leaf of it. The
	// store sets both before the ticket says that the entry is durable. An entry that was
	// signed by itself has none.
	Batch *Batch
	Leaf  int
}

// Batch is what became durable together, and is attested once.
type Batch struct {
	// Leaves are the digests of its entries, in order.
	Leaves []common.Hash
	// Attestation is what the [Attest] of the store returned for them.
	Attestation []byte
}

// Attest attests the entries with these digests, which are about to become durable together.
// It is called by the one who writes, so it delays everybody. Where it fails it is asked again;
// until then nothing becomes durable, and the Err of the store wraps [ErrNotAttested].
type Attest func(ctx context.Context, leaves []common.Hash) ([]byte, error)

// History is what a store keeps of what was sold. Its readers hold up nobody who submits.
type History interface {
	// Head is the last durable entry of a channel; zero if there is none, and also where the
	// entry itself is not kept any more.
	Head(id ChannelID) (Head, error)
	// Walk visits the entries of a channel with numbers above after, in order. An error of
	// visit ends it and is returned. A line is only valid during the call.
	Walk(ctx context.Context, id ChannelID, after uint64, visit func(*Line) error) error
	// Each visits the entries of all channels from since (inclusive) until until (exclusive);
	// zero is no bound. Those of one channel come in order; others nearly in that of time.
	Each(ctx context.Context, since, until time.Time, visit func(*Line) error) error
}

// Head is the end of a channel's history.
type Head struct {
	Number     uint64
	Digest     common.Hash
	Cumulative Amount // atomic units
}

// Line is an entry as history has it. Its Batch is not set: see [Line.Attested].
type Line struct {
	Entry
	// Attested reads the batch of the entry, nil for one that was signed by itself.
	Attested func() (*Batch, error)
}
