package offer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
)

// MetaCost is the key in a result's _meta under which a metered tool says what the
// call has really cost, in atomic USDC: a whole number, or its decimal string. It does not go on to the
// payer, whose receipt says what was charged.
//
// What is said is charged up to the price that the payer has agreed to; the rest is
// the seller's loss, and logged. Nothing said is that price, and a cost that cannot
// be read is charged as 0 and logged as an error: the fault of a meter is its owner's.
const MetaCost = "chit/cost"

// HeaderCost is [MetaCost] for the answers of a metered an HTTP offer.
const HeaderCost = "Chit-Cost"

// ReportCost says from within a handler that is sold what the call has really cost, in
// atomic USDC. The last word counts; what it means is that of [MetaCost], which comes
// before it. In a call that costs nothing it does nothing.
func ReportCost(ctx context.Context, cost vouchers.Amount) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.reported.Store(&cost)
	}
}

type meterKey struct{}

// Meter is what one call has cost.
type Meter struct {
	reported  atomic.Pointer[vouchers.Amount] // nil if nothing was
	malformed error                           // of what the result says
	asked     atomic.Pointer[Asked]           // for the log
}

// Running is the context of a call that the meter counts.
func (m *Meter) Running(ctx context.Context) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Cost is what the call has cost, nil if nothing has said so. The error is of what cannot
// be read.
func (m *Meter) Cost() (*vouchers.Amount, error) { return m.reported.Load(), m.malformed }

// Nothing says that the call costs nothing.
func (m *Meter) Nothing() { m.reported.Store(new(vouchers.Amount)) }

// read takes what a result says.
func (m *Meter) read(said any) {
	raw, err := json.Marshal(said)
	if err != nil {
		m.malformed = err
		return
	}
	cost, err := vouchers.ParseAtomic(strings.Trim(string(raw), `"`))
	if err != nil {
		m.malformed = err
		return
	}
	m.reported.Store(&cost)
}

// ReadResult takes the cost out of the result of a metered tool.
func (m *Meter) ReadResult(result *mcp.CallToolResult) {
	if result == nil || result.Meta == nil {
		return
	}
	said, there := result.Meta.AdditionalFields[MetaCost]
	if !there {
		return
	}
	m.read(said)
	fields := maps.Clone(result.Meta.AdditionalFields)
	delete(fields, MetaCost)
	result.Meta = &mcp.Meta{ProgressToken: result.Meta.ProgressToken, AdditionalFields: fields}
}

// ReadHeader takes the cost out of the answer of a metered handler.
func (m *Meter) ReadHeader(head http.Header) {
	switch said := head.Values(HeaderCost); len(said) {
	case 0:
		return
	case 1:
		m.read(said[0])
	default:
		m.malformed = errors.New("the answer says its cost more than once")
	}
	head.Del(HeaderCost)
}
