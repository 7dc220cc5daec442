package server

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func (s *Shop) refundTool(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	p, refused := s.payment(req, 0)
	if refused != nil {
		return s.refuse(RefundTool, 0, refused)
	}
	r, ok := p.body.(*x402.RefundPayload)
	if !ok {
		return s.refuse(RefundTool, 0, refuseWith(x402.ErrPayloadType, "this tool takes a refund, not a %T", p.body))
	}
	if err := s.checkVoucher(ctx, p); err != nil {
		return s.refuse(RefundTool, 0, refuseWith(x402.ErrVoucherSignature, "%v", err))
	}
	// A refund that was submitted is booked even when the payer has gone.
	done, refused := s.refund(context.WithoutCancel(ctx), p, r.Amount)
	if refused != nil {
		return s.refuse(RefundTool, 0, refused)
	}
	response := s.response(done.channel)
	response.Transaction = done.tx.TxHash.Hex()
	response.Amount = &done.amount
	result := mcp.NewToolResultText(fmt.Sprintf("refunded %s in transaction %s", done.amount, done.tx.TxHash))
	setMeta(result, x402.MetaPaymentResponse, response)
	return result, nil
}

type refunded struct {
	tx      *types.Receipt
	amount  vouchers.Amount
	channel vouchers.Channel
}

// refund claims what the channel owes and gives amount, or all of the rest if it is
// nil, back to the payer in the same transaction. Calls in flight come first: the
// refund is refused while there are any, and calls are refused while it runs.
func (s *Shop) refund(ctx context.Context, p *payment, amount *vouchers.Amount) (*refunded, *refusal) {
	id := p.voucher.Channel
	if refused := s.refresh(ctx, p.config, nil); refused != nil {
		return nil, refused
	}
	unfreeze, err := s.Ledger.Freeze(id)
	if err != nil {
		return nil, asRefusal(err)
	}
	defer unfreeze()
	channel, _ := s.Ledger.Channel(id)
	if p.voucher.Ceiling != channel.Charged {
		return nil, &refusal{code: x402.ErrCumulativeAmountMismatch, channel: &channel,
			detail: fmt.Sprintf("a refund's voucher is for what was charged, %s, not for %s", channel.Charged, p.voucher.Ceiling)}
	}
	back, refused := refundable(channel, amount)
	if refused != nil {
		return nil, refused
	}
	owed := claimOf(channel)
	if owed.Value() == 0 {
		owed = escrow.Claim{Config: channel.Config}
	}
	receipt, err := s.escrow.Refund(ctx, s.sender, owed, back)
	if err != nil {
		s.logger.Warn("refund failed", "channel", id, "amount", back, "error", err)
		return nil, refuseWith(x402.ErrRefundTransactionFailed, "%v", err)
	}
	if refused := s.refresh(ctx, p.config, nil); refused != nil {
		return nil, refused
	}
	after, _ := s.Ledger.Channel(id)
	s.logger.Info("refund", "channel", id, "amount", back, "tx", receipt.TxHash)
	return &refunded{tx: receipt, amount: back, channel: after}, nil
}

func refundable(ch vouchers.Channel, amount *vouchers.Amount) (vouchers.Amount, *refusal) {
	rest, ok := ch.Balance.Sub(ch.Charged)
	if !ok || rest == 0 {
		return 0, &refusal{code: x402.ErrRefundNoBalance, channel: &ch, detail: fmt.Sprintf("the balance is %s and %s are charged", ch.Balance, ch.Charged)}
	}
	if amount == nil {
		return rest, nil
	}
	if *amount == 0 || *amount > rest {
		return 0, &refusal{code: x402.ErrRefundAmountInvalid, channel: &ch, detail: fmt.Sprintf("%s is not within 0 and the rest, %s", *amount, rest)}
	}
	return *amount, nil
}
