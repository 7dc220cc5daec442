package receipts_test

import (
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers/receipts"
)

// A verifier says of every receipt what looking into its signature says, however many it has
// seen of the same batch, and of others.
func TestAVerifierSaysWhatTheSignatureSays(t *testing.T) {
	var all []receipts.Signed
	for batch := range uint64(80) { // more than it remembers
		of, _ := together(t, new(receipts.Proofs), numbered(3*batch+1), numbered(3*batch+2), numbered(3*batch+3))
		all = append(all, of...)
	}
	rapid.Check(t, func(t *rapid.T) {
		var v receipts.Verifier
		for range rapid.IntRange(1, 200).Draw(t, "receipts") {
			one := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				one.Charged++
			case 1:
				one.Signature = append(one.Signature[:1:1], one.Signature[1:]...)
				one.Signature[5]++
			case 2:
				one.Signature = all[0].Signature
			case 3:
				one.Batch = nil
			}
			signer, others := authorizer.Address(), []common.Address{{1}}
			if rapid.Bool().Draw(t, "another") {
				signer, others = common.Address{2}, []common.Address{{1}, authorizer.Address()}[:1+rapid.IntRange(0, 1).Draw(t, "known")]
			}
			want, wantErr := one.Attested(signer, others)
			got, err := v.Attested(&one, signer, others)
			if (err == nil) != (wantErr == nil) || err == nil && got != want || err != nil && err.Error() != wantErr.Error() {
				t.Fatalf("receipt %d: %s, %v; its signature says %s, %v", one.Sequence, got, err, want, wantErr)
			}
		}
	})
}
