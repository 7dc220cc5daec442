package escrow

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// SignedClaims is a batch of claims that anybody may send, since the receiver authorizer of all its
// rows has signed it ([vouchers.Domain.ClaimBatchDigest]).
type SignedClaims struct {
	Rows      []Claim
	Signature vouchers.Signature
}

// Entries are the rows as they are signed.
func (s SignedClaims) Entries(domain *vouchers.Domain) []vouchers.ClaimEntry {
	entries := make([]vouchers.ClaimEntry, len(s.Rows))
	for i, row := range s.Rows {
		entries[i] = vouchers.ClaimEntry{Channel: domain.ChannelID(row.Config), Ceiling: row.Ceiling, TotalClaimed: row.Total}
	}
	return entries
}

// SignedRefund gives back up to Amount of a channel, in atomic units, at its receiver authorizer's
// word ([vouchers.Domain.RefundDigest]). Anybody may send it.
type SignedRefund struct {
	Config    vouchers.ChannelConfig
	Amount    vouchers.Amount
	Nonce     *big.Int
	Signature vouchers.Signature
}

// ClaimCall is the call that books signed claims. One bad row undoes all of them.
func (c *Contract) ClaimCall(s SignedClaims) txmgr.Call {
	return txmgr.Call{To: c.deployment.Escrow, Data: c.abi.PackClaimWithSignature(abiClaims(s.Rows), s.Signature), Label: fmt.Sprintf("claim %d channels", len(s.Rows))}
}

// RefundCall is the call that gives back what is signed, after the claims that come with it.
func (c *Contract) RefundCall(r SignedRefund, first SignedClaims) txmgr.Call {
	data := c.abi.PackRefundWithSignature(abiConfig(r.Config), r.Amount.Big(), r.Nonce, r.Signature)
	if len(first.Rows) > 0 {
		data = c.abi.PackMulticall([][]byte{c.ClaimCall(first).Data, data})
	}
	return txmgr.Call{To: c.deployment.Escrow, Data: data, Label: "refund " + r.Amount.String()}
}

// SettleCall is the call that transfers to a receiver what was claimed for it.
func (c *Contract) SettleCall(receiver, token common.Address) txmgr.Call {
	return txmgr.Call{To: c.deployment.Escrow, Data: c.abi.PackSettle(receiver, token), Label: "settle"}
}

// PaidBack is what a transaction gave back to the payer of a channel, in atomic units.
func (c *Contract) PaidBack(config vouchers.ChannelConfig, receipt *types.Receipt) (vouchers.Amount, error) {
	r, err := c.returned(c.domain.ChannelID(config), receipt)
	return r.Paid, err
}

// Settled is what a transaction transferred to a receiver, in atomic units.
func (c *Contract) Settled(receiver, token common.Address, receipt *types.Receipt) (sum vouchers.Amount, err error) {
	for _, log := range receipt.Logs {
		event, failed := c.abi.UnpackSettledEvent(log)
		if failed != nil || log.Address != c.deployment.Escrow || event.Receiver != receiver || event.Token != token {
			continue
		}
		amount, err := vouchers.AmountFromBig(event.Amount)
		if err != nil {
			return sum, fmt.Errorf("settled in %s: %w", receipt.TxHash, err)
		}
		sum += amount
	}
	return sum, nil
}

// DepositCall is the call by which a deposit comes in through the collector that it is signed for.
func (c *Contract) DepositCall(d funding.Authorized, collector common.Address) (txmgr.Call, error) {
	data, err := d.CollectorData()
	if err != nil {
		return txmgr.Call{}, err
	}
	return txmgr.Call{
		To: c.deployment.Escrow, Data: c.abi.PackDeposit(abiConfig(d.Channel()), d.Sum().Big(), collector, data), Label: "deposit " + d.Sum().String(),
	}, nil
}
