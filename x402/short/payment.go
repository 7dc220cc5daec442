package short

import (
	"encoding/binary"
	"fmt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Version is the only version of the short form: the value of short in the extra of terms, and
// the first byte of each text.
const Version = 1

// Where the texts are.
const (
	MetaPay    = "chit/pay"  // a [Payment], in the _meta of tools/call
	MetaPaid   = "chit/paid" // a [Paid], in the _meta of the result
	HeaderPay  = "Chit-Pay"  // a [Payment], on a request
	HeaderPaid = "Chit-Paid" // a [Paid], on the answer
)

// Payment is a payment by voucher from a channel that the seller knows.
type Payment struct {
	Channel vouchers.ChannelID
	// Ceiling is the voucher's, in atomic units.
	Ceiling vouchers.Amount
	// Amount is the most that the payer agrees to pay for the call, in atomic units: that of the
	// terms which it accepts.
	Amount vouchers.Amount
	// Signature is that of the voucher, in the 64 bytes of EIP-2098.
	Signature vouchers.Signature
	// Identifier is what the payment is known by, as in the extension payment-identifier;
	// "" is none.
	Identifier string
}

// The parts of a payment, by where they end.
const (
	endVersion   = 1
	endChannel   = endVersion + 32
	endCeiling   = endChannel + 8
	endAmount    = endCeiling + 8
	endSignature = endAmount + vouchers.CompactLength

	maxPayment = endSignature + extension.MaxPaymentIdentifier
)

// Encode returns the payment as it is sent, at most 322 characters. The error wraps
// [x402.ErrMalformed] where it has no short form: its signature is not of 64 bytes, or its
// identifier is none.
func (p *Payment) Encode() (string, error) {
	switch {
	case len(p.Signature) != vouchers.CompactLength:
		return "", x402.Malformed("signature", fmt.Sprintf("%d bytes", len(p.Signature)), "64 bytes, as EIP-2098 has it")
	case p.Identifier != "" && !extension.IsIdentifier(p.Identifier):
		return "", malformedIdentifier(p.Identifier)
	}
	raw := append(make([]byte, 0, maxPayment), Version)
	raw = append(raw, p.Channel[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Ceiling))
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Amount))
	raw = append(raw, p.Signature...)
	return alphabet.EncodeToString(append(raw, p.Identifier...)), nil
}

// Parse reads what [Payment.Encode] made. The error wraps [x402.ErrVersion] for a version that
// is not known, and else [x402.ErrMalformed].
func Parse(text string) (*Payment, error) {
	var room [maxPayment]byte
	raw, err := decode(text, room[:0], endSignature, maxPayment)
	if err != nil {
		return nil, err
	}
	p := &Payment{
		Channel:    vouchers.ChannelID(raw[endVersion:endChannel]),
		Ceiling:    vouchers.Amount(binary.BigEndian.Uint64(raw[endChannel:])),
		Amount:     vouchers.Amount(binary.BigEndian.Uint64(raw[endCeiling:])),
		Signature:  append(vouchers.Signature(nil), raw[endAmount:endSignature]...),
		Identifier: string(raw[endSignature:]),
	}
	if p.Identifier != "" && !extension.IsIdentifier(p.Identifier) {
		return nil, malformedIdentifier(p.Identifier)
	}
	return p, nil
}

func malformedIdentifier(id string) error {
	return x402.Malformed("identifier", fmt.Sprintf("%q", id), extension.WantIdentifier)
}
