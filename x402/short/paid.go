package short

import (
	"encoding/binary"

	"github.com/chitpay/chit/vouchers"
)

// Paid is what a [Payment] is answered with: what an [x402.SettlementResponse] says that its
// payer cannot know. Amounts are atomic units.
type Paid struct {
	// Charged is what the call cost.
	Charged vouchers.Amount
	// Count is what the payer's next ceiling is signed over: the chargedCumulativeAmount of x402.
	Count vouchers.Amount
	// Balance is what the channel holds, as the seller knows it: deposits less what was
	// refunded or withdrawn.
	Balance vouchers.Amount
}

const lengthPaid = endVersion + 3*8

// Encode returns the answer as it is sent: 34 characters.
func (p Paid) Encode() string {
	raw := append(make([]byte, 0, lengthPaid), Version)
	for _, amount := range [...]vouchers.Amount{p.Charged, p.Count, p.Balance} {
		raw = binary.BigEndian.AppendUint64(raw, uint64(amount))
	}
	return alphabet.EncodeToString(raw)
}

// ParsePaid reads what [Paid.Encode] made. Errors are those of [Parse].
func ParsePaid(text string) (Paid, error) {
	var room [lengthPaid]byte
	raw, err := decode(text, room[:0], lengthPaid, lengthPaid)
	if err != nil {
		return Paid{}, err
	}
	amount := func(i int) vouchers.Amount {
		return vouchers.Amount(binary.BigEndian.Uint64(raw[endVersion+8*i:]))
	}
	return Paid{Charged: amount(0), Count: amount(1), Balance: amount(2)}, nil
}
