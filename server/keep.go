package server

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// The signed [receipts.Signed] of a charge: over MCP a member of the result's _meta, over
// HTTP a header with the base64 of its JSON.
const (
	MetaReceipt   = "chit/receipt"
	HeaderReceipt = "Chit-Receipt"
)

// keep drafts the receipt of a charge for what was sold, has the answer rendered with
// it, and returns both for the store. A charge of nothing has no receipt: it is nil.
func (s *Shop) keep(ctx context.Context, c *vouchers.Charge, sold receipts.Receipt, render func(*receipts.Signed) ([]byte, error)) (vouchers.Kept, error) {
	if c.Charged == 0 {
		answer, err := render(nil)
		return vouchers.Kept{Answer: answer}, err
	}
	sold.IssuedAt = uint64(time.Now().Unix())
	draft, err := s.Receipts.Draft(ctx, c, sold)
	if err != nil {
		return vouchers.Kept{}, err
	}
	answer, err := render(draft.Signed)
	if err != nil {
		return vouchers.Kept{}, err
	}
	s.Receipts.Issue(draft)
	return vouchers.Kept{Answer: answer, Puts: []vouchers.Put{draft.Put}}, nil
}

// attest adds the receipt of the extension offer-receipt to what the payer is told. It
// says what [receipts.Receipt] says, but for the money. Its payer is who signed the voucher:
// whom the channel's config names as its payer is nobody's proof, since anybody may make one.
func (s *Shop) attest(ctx context.Context, response *x402.SettlementResponse, by common.Address, r *receipts.Signed) error {
	service := &x402.ServiceReceipt{Version: 1, Network: r.Network, ResourceURL: r.Resource, Payer: by.Hex(), IssuedAt: r.IssuedAt}
	signature, err := s.notary.SignHash(ctx, service.Digest())
	if err != nil {
		return fmt.Errorf("sign the receipt of a service: %w", err)
	}
	response.Extensions, err = x402.WithReceipt(response.Extensions, service, signature)
	return err
}

// additions are the members of _meta that a charge adds to a result. They are encoded
// once, and the result before, so that charges of one channel wait for no more than that.
type additions map[string]json.RawMessage

func (a additions) add(key string, value any) error {
	raw, err := json.Marshal(value)
	a[key] = raw
	return err
}

func (a additions) into(answer *toolAnswer) {
	if answer.result == nil {
		return
	}
	for key, raw := range a {
		setMeta(answer.result, key, raw)
	}
}

// headers are those that a charge adds to an HTTP answer.
type headers http.Header

func (h headers) into(answer *heldAnswer) {
	for name, values := range h {
		answer.Head[name] = values
	}
}

// addReceipt adds the receipt of a charge, if it has one.
func (h headers) addReceipt(r *receipts.Signed) error {
	if r == nil {
		return nil
	}
	value, err := r.Header()
	http.Header(h).Set(HeaderReceipt, value)
	return err
}

var errKept = errors.New("the answer that was kept for this payment cannot be read")

// joinKept is a paid answer as the ledger keeps it for a replay: what was sold, and what
// its charge added.
func joinKept(sold []byte, added any) ([]byte, error) {
	more, err := json.Marshal(added)
	if err != nil {
		return nil, err
	}
	kept := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(sold)+len(more)), uint64(len(sold)))
	return append(append(kept, sold...), more...), nil
}

// splitKept takes it apart: added is decoded, and what was sold returned.
func splitKept(kept []byte, added any) (sold []byte, err error) {
	length, n := binary.Uvarint(kept)
	if n <= 0 || length > uint64(len(kept)-n) {
		return nil, errKept
	}
	sold, more := kept[n:n+int(length)], kept[n+int(length):]
	return sold, json.Unmarshal(more, added)
}
