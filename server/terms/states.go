package terms

import (
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

func channelState(ch ledger.Channel) *x402.ChannelState {
	charged := ch.Count()
	return &x402.ChannelState{
		ChannelID:               ch.ID,
		Balance:                 ch.Balance,
		TotalClaimed:            ch.Claimed,
		WithdrawRequestedAt:     withdrawRequestedAt(ch),
		RefundNonce:             ch.RefundNonce,
		ChargedCumulativeAmount: &charged,
	}
}

func withdrawRequestedAt(ch ledger.Channel) uint64 {
	if ch.Withdrawal.FinalizeAfter == 0 {
		return 0
	}
	return ch.Withdrawal.FinalizeAfter - ch.Config.WithdrawDelay
}

// VoucherState is the newest voucher of a channel, nil if it has none.
func VoucherState(ch ledger.Channel) *x402.VoucherState {
	if len(ch.Signature) == 0 {
		return nil
	}
	ceiling := ch.Ceiling
	return &x402.VoucherState{SignedMaxClaimable: &ceiling, Signature: ch.Signature}
}

// PublicState is what of a channel's state is on chain: all that is told to who shows a
// voucher that is there, too. What is charged is left out, unless it is what is burnt.
func PublicState(ch ledger.Channel) *x402.ChannelState {
	state := channelState(ch)
	if ch.Count() != ch.Burnt {
		state.ChargedCumulativeAmount = nil
	}
	return state
}

// IsBurnt reports whether a voucher of this ceiling is, or may be, on chain.
func IsBurnt(ch ledger.Channel, ceiling vouchers.Amount) bool {
	return ch.Burnt > 0 && ceiling <= ch.Burnt
}

// SpokenFor is what a payer's next voucher has to be signed over: what was charged,
// and what is set aside for credit tokens. To the payer a grant has cost its budget.
func SpokenFor(ch ledger.Channel) vouchers.Amount { return ch.Charged + ch.Aside }

// Response is the receipt of a payment from a channel.
func Response(ch ledger.Channel) x402.SettlementResponse {
	return x402.SettlementResponse{
		Success: true,
		Network: ch.Deployment.Network(),
		Payer:   ch.Config.Payer,
		Extra:   x402.SettlementExtra{ChannelState: channelState(ch)},
	}
}
