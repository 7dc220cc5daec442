package server

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// attest adds the receipt of the extension offer-receipt to what the payer is told. It
// says what [receipts.Receipt] says, but for the money. Its payer is who signed the voucher:
// whom the channel's config names as its payer is nobody's proof, since anybody may make one.
func (s *Shop) attest(ctx context.Context, response *x402.SettlementResponse, by common.Address, r *receipts.Signed) error {
	service := &extension.ServiceReceipt{Version: 1, Network: r.Network, ResourceURL: r.Resource, Payer: by.Hex(), IssuedAt: r.IssuedAt}
	signature, err := s.notary.SignHash(ctx, service.Digest())
	if err != nil {
		return fmt.Errorf("sign the receipt of a service: %w", err)
	}
	response.Extensions, err = extension.WithReceipt(response.Extensions, service, signature)
	return err
}
