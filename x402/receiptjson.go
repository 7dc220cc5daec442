package x402

import (
	"encoding/hex"
	"strconv"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/go-json-experiment/json"

	"github.com/chitpay/chit/vouchers"
)

// AppendJSON appends the document as [SettlementResponse.MarshalJSON] returns it. Receipts
// of calls, of which a seller writes one for each, need no reflection.
func (d SettlementResponse) AppendJSON(b []byte) ([]byte, error) {
	if !d.isOfCall() {
		encoded, err := json.Marshal(d, encoding)
		return append(b, encoded...), err
	}
	b = strconv.AppendBool(append(b, `{"success":`...), d.Success)
	b = append(append(append(b, `,"transaction":"`...), d.Transaction...), '"')
	b = append(append(append(b, `,"network":"`...), d.Network...), '"')
	if d.Payer != (common.Address{}) {
		b = append(appendAddress(append(b, `,"payer":"`...), d.Payer), '"')
	}
	b = append(b, `,"extra":{"chargedAmount":`...)
	b = appendAmount(b, *d.Extra.ChargedAmount)
	if d.Extra.ChannelState != nil {
		b = d.Extra.ChannelState.appendTo(append(b, `,"channelState":`...))
	}
	return append(b, "}}"...), nil
}

// isOfCall says whether it is the receipt of a call, with where its channel stands or without,
// which has nothing else, and none of its words needs to be escaped.
func (d *SettlementResponse) isOfCall() bool {
	state := d.Extra.ChannelState
	return d.ErrorReason == "" && d.ErrorMessage == "" && isPlain(d.Transaction) && isPlain(d.Network) &&
		d.Amount == nil && !d.emptyAmount && d.Extensions == nil && d.Unknown == nil &&
		d.Extra.ChargedAmount != nil && d.Extra.VoucherState == nil && d.Extra.Unknown == nil &&
		(state == nil || state.ChargedCumulativeAmount != nil && !state.Partial() && state.Unknown == nil)
}

// isPlain says whether a text is letters, digits and punctuation that JSON has as they are.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > ':') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func (s *ChannelState) appendTo(b []byte) []byte {
	b = append(b, `{"channelId":"0x`...)
	b = hex.AppendEncode(b, s.ChannelID[:])
	b = appendAmount(append(b, `","balance":`...), s.Balance)
	b = appendAmount(append(b, `,"totalClaimed":`...), s.TotalClaimed)
	b = strconv.AppendUint(append(b, `,"withdrawRequestedAt":`...), s.WithdrawRequestedAt, 10)
	b = strconv.AppendUint(append(b, `,"refundNonce":"`...), s.RefundNonce, 10)
	b = appendAmount(append(b, `","chargedCumulativeAmount":`...), *s.ChargedCumulativeAmount)
	return append(b, '}')
}

func appendAmount(b []byte, a vouchers.Amount) []byte {
	return append(strconv.AppendUint(append(b, '"'), uint64(a), 10), '"')
}

var hashers = sync.Pool{New: func() any { return crypto.NewKeccakState() }}

// appendAddress appends an address with its EIP-55 checksum, as [common.Address.Hex] has it.
func appendAddress(b []byte, a common.Address) []byte {
	b = hex.AppendEncode(append(b, "0x"...), a[:])
	digits := b[len(b)-2*len(a):]
	hasher := hashers.Get().(crypto.KeccakState)
	defer hashers.Put(hasher)
	hasher.Reset()
	_, _ = hasher.Write(digits) // never returns an error
	var sum [len(a)]byte
	_, _ = hasher.Read(sum[:])
	for i, digit := range digits {
		if nibble := sum[i/2] >> (4 * (1 - i%2)) & 0xf; digit >= 'a' && nibble >= 8 {
			digits[i] = digit - 'a' + 'A'
		}
	}
	return b
}
