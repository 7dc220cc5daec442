package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// forge pays from the first agent's channel with a voucher that somebody else signed.
func (s *story) forge(ctx context.Context) error {
	var order mcp.CallToolRequest
	order.Params.Name, order.Params.Arguments = menu[0].tool, menu[0].arguments
	required, err := s.ask(ctx, order)
	if err != nil {
		return err
	}
	payment, err := s.forged(required.Accepts[0])
	if err != nil {
		return err
	}
	order.Params.Meta = &mcp.Meta{AdditionalFields: map[string]any{x402.MetaPayment: payment}}
	refused, err := s.ask(ctx, order)
	if err != nil {
		return err
	}
	if refused.Error != x402.ErrVoucherSignature {
		return fmt.Errorf("a forged voucher was answered with %s", refused.Error)
	}
	s.result.Refused = 1
	s.step("6. a voucher that somebody else signed is refused: %s", refused.Error)
	return nil
}

// ask makes a call that is answered with the shop's terms.
func (s *story) ask(ctx context.Context, order mcp.CallToolRequest) (*x402.PaymentRequired, error) {
	result, err := s.clients[0].MCP().CallTool(ctx, order)
	if err != nil {
		return nil, err
	}
	if !result.IsError {
		return nil, errors.New("a tool was served without a payment")
	}
	return x402.DecodePaymentRequired(result.RawStructuredContent)
}

func (s *story) forged(terms x402.Requirements) (*x402.PaymentPayload, error) {
	thief, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	config := vouchers.ChannelConfig{
		Payer: s.clients[0].Payer(), PayerAuthorizer: s.clients[0].Payer(),
		Receiver: terms.PayTo, ReceiverAuthorizer: terms.Extra.ReceiverAuthorizer,
		Token: terms.Asset, WithdrawDelay: terms.Extra.WithdrawDelay,
	}
	domain := vouchers.NewDomain(vouchers.Deployment{ChainID: s.net.Client.ChainID(), Escrow: escrow.Own.Escrow})
	voucher := vouchers.Voucher{Channel: domain.ChannelID(config), Ceiling: perAgent}
	signature, err := domain.SignVoucher(thief, voucher)
	if err != nil {
		return nil, err
	}
	return &x402.PaymentPayload{Accepted: terms, Payload: &x402.VoucherPayload{
		ChannelConfig: config,
		Voucher:       x402.SignedVoucher{ChannelID: voucher.Channel, MaxClaimableAmount: voucher.Ceiling, Signature: signature},
	}}, nil
}
