package facilitator

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// work is what a server has done with its channels: one of its members is there.
type work struct {
	claim  *claimWork
	refund *refundWork
	settle *settleWork
	// escrow is where the channels are.
	escrow common.Address
}

// claimWork books claims.
type claimWork struct {
	Claims    []claimRow         `json:"claims"`
	Signature vouchers.Signature `json:"claimAuthorizerSignature,omitzero"`
	Unknown   jsontext.Value     `json:",embed"`
}

// claimRow is a claim as it travels.
type claimRow struct {
	Voucher struct {
		Channel            vouchers.ChannelConfig `json:"channel"`
		MaxClaimableAmount vouchers.Amount        `json:"maxClaimableAmount"`
		Unknown            jsontext.Value         `json:",embed"`
	} `json:"voucher"`
	Signature    vouchers.Signature `json:"signature"`
	TotalClaimed vouchers.Amount    `json:"totalClaimed"`
	Unknown      jsontext.Value     `json:",embed"`
}

// refundWork gives back what is left of a channel, after claims.
type refundWork struct {
	ChannelConfig   vouchers.ChannelConfig `json:"channelConfig"`
	Amount          vouchers.Amount        `json:"amount"`
	RefundNonce     vouchers.Amount        `json:"refundNonce"` // a decimal number below 2^64
	Claims          []claimRow             `json:"claims"`
	RefundSignature vouchers.Signature     `json:"refundAuthorizerSignature,omitzero"`
	ClaimSignature  vouchers.Signature     `json:"claimAuthorizerSignature,omitzero"`
	Unknown         jsontext.Value         `json:",embed"`
}

// settleWork transfers to a receiver what was claimed.
type settleWork struct {
	Receiver common.Address `json:"receiver"`
	Token    common.Address `json:"token"`
	Unknown  jsontext.Value `json:",embed"`
}

func (w *work) payer() common.Address {
	if w.refund != nil {
		return w.refund.ChannelConfig.Payer
	}
	return common.Address{}
}

// readWork decodes a payment of batch-settlement that is something a server has done; nil is one
// that a payer has sent.
func readWork(e *envelope, most int, opts x402.Option) (*work, *terms.Refusal) {
	paid, err := x402.Read[struct {
		Payload jsontext.Value `json:"payload"`
		Unknown jsontext.Value `json:",embed"`
	}](e.PaymentPayload, []string{"payload"}, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "paymentPayload: %v", err)
	}
	kind, err := x402.Read[struct {
		Type        string         `json:"type"`
		RefundNonce jsontext.Value `json:"refundNonce"`
		Unknown     jsontext.Value `json:",embed"`
	}](paid.Payload, []string{"type"}, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "paymentPayload: payload: %v", err)
	}
	w := new(work)
	rows := 0
	switch {
	case kind.Type == "claim":
		if w.claim, err = x402.Read[claimWork](paid.Payload, []string{"claims"}, opts); err == nil {
			if rows = len(w.claim.Claims); rows == 0 {
				err = x402.Malformed("claims", "none", "a claim at least")
			}
		}
	case kind.Type == "settle":
		w.settle, err = x402.Read[settleWork](paid.Payload, []string{"receiver", "token"}, opts)
	case kind.Type == "refund" && kind.RefundNonce != nil:
		if w.refund, err = x402.Read[refundWork](paid.Payload, []string{"channelConfig", "amount", "refundNonce", "claims"}, opts); err == nil {
			rows = len(w.refund.Claims)
		}
	default:
		return nil, nil
	}
	switch {
	case err != nil:
		return nil, terms.Refuse(x402.ErrPayload, "paymentPayload: payload: %v", err)
	case rows > most:
		return nil, terms.Refuse(x402.ErrPayload, "paymentPayload: payload: %d claims, at most %d go in one transaction", rows, most)
	}
	w.escrow, err = readEscrow(e.PaymentRequirements, opts)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPaymentRequirements, "paymentRequirements: %v", err)
	}
	return w, nil
}

// readEscrow is the escrow that terms name, or the canonical one.
func readEscrow(raw jsontext.Value, opts x402.Option) (common.Address, error) {
	said, err := x402.Read[struct {
		Extra struct {
			Escrow  *common.Address `json:"escrow"`
			Unknown jsontext.Value  `json:",embed"`
		} `json:"extra"`
		Unknown jsontext.Value `json:",embed"`
	}](raw, nil, opts)
	if err != nil || said.Extra.Escrow == nil {
		return escrow.Canonical.Escrow, err
	}
	return *said.Extra.Escrow, nil
}

func claimsOf(rows []claimRow, signature vouchers.Signature) escrow.SignedClaims {
	s := escrow.SignedClaims{Signature: signature}
	for _, r := range rows {
		s.Rows = append(s.Rows, escrow.Claim{Config: r.Voucher.Channel, Ceiling: r.Voucher.MaxClaimableAmount, Signature: r.Signature, Total: r.TotalClaimed})
	}
	return s
}

func (r *refundWork) signed() escrow.SignedRefund {
	return escrow.SignedRefund{Config: r.ChannelConfig, Amount: r.Amount, Nonce: new(big.Int).SetUint64(uint64(r.RefundNonce)), Signature: r.RefundSignature}
}
