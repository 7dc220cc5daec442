package server

import (
	"encoding/json"
)

// MetaReceipt is the member of a result's _meta that has the [receipts.Signed] of its charge.
const MetaReceipt = "chit/receipt"

// additions are the members of _meta that a charge adds to a result. They are encoded
// once, and the result before, so that charges of one channel wait for no more than that.
type additions map[string]json.RawMessage

func (a additions) add(key string, value any) error {
	raw, err := json.Marshal(value)
	a[key] = raw
	return err
}

func (a additions) Into(answer *toolAnswer) {
	if answer.result == nil {
		return
	}
	for key, raw := range a {
		setMeta(answer.result, key, raw)
	}
}
