package receipts

import (
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Filter says which receipts are wanted; its zero value is all.
type Filter struct {
	// Channel and Grant are those that the receipts are of; zero is any.
	Channel vouchers.ChannelID `json:"channel,omitzero"`
	Grant   ID                 `json:"grant,omitzero"`
	// Since and Until bound when they were issued, Until being exclusive; zero is no bound.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Keeps reports whether a receipt is wanted.
func (f *Filter) Keeps(r *Signed) bool {
	issued := time.Unix(int64(r.IssuedAt), 0)
	return (f.Channel == vouchers.ChannelID{} || f.Channel == r.Channel) &&
		(f.Grant == ID{} || f.Grant == r.Grant) &&
		(f.Since.IsZero() || !issued.Before(f.Since)) &&
		(f.Until.IsZero() || issued.Before(f.Until))
}
