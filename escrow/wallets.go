package escrow

import (
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
)

// contractSignatureGas is what the check of an ERC-1271 signature may use in a compact
// batch, in gas units: enough for a wallet of a dozen owners.
const contractSignatureGas = 250_000

// walletRowGas is what a compact batch must have left for a wallet's row, in gas
// units: the EVM keeps a 64th of it back, and the call itself costs some thousands.
const walletRowGas = contractSignatureGas + contractSignatureGas/63 + 10_000

// byWallet tells whether a claim's voucher was signed by a contract, the payer, whom
// the escrow asks (ERC-1271). What a contract answers, and for how much gas, can be
// another thing when a transaction is mined than when it was simulated.
func byWallet(domain *vouchers.Domain, claim Claim) bool {
	if claim.Config.PayerAuthorizer != (common.Address{}) {
		return false
	}
	digest := domain.VoucherDigest(vouchers.Voucher{Channel: domain.ChannelID(claim.Config), Ceiling: claim.Ceiling})
	signer, err := vouchers.Recover(digest, claim.Signature)
	return err != nil || signer != claim.Config.Payer
}

// walletReserve is the gas that a batch gets on top of its estimate, in gas units, so
// that wallets which use all that their rows allow leave enough for the rows behind
// them. On the standard path, where nothing bounds a wallet, it is none: see apart.
func walletReserve(domain *vouchers.Domain, claims []Claim, compact bool) uint64 {
	if !compact {
		return 0
	}
	var reserve uint64
	for _, claim := range claims {
		if byWallet(domain, claim) {
			reserve += walletRowGas
		}
	}
	return reserve
}

// apart splits claims into those that may share batches. On the standard path one bad
// row undoes a batch, so the rows of each wallet go by themselves.
func (p *planner) apart(good []Claim) [][]Claim {
	if p.compact {
		return [][]Claim{good}
	}
	groups := [][]Claim{nil} // the first has the rows that keys signed
	of := make(map[common.Address]int)
	for _, claim := range good {
		group := 0
		if byWallet(p.contract.domain, claim) {
			var known bool
			if group, known = of[claim.Config.Payer]; !known {
				group = len(groups)
				of[claim.Config.Payer], groups = group, append(groups, nil)
			}
		}
		groups[group] = append(groups[group], claim)
	}
	return groups
}

// suspects are the rows that a mined transaction may have failed on though their
// wallets took them when it was estimated.
func (c *Contract) suspects(batch []Claim, compact bool, failure error) []Rejected {
	if compact || !errors.Is(failure, txmgr.ErrFailed) {
		return nil
	}
	var rows []Rejected
	for _, claim := range batch {
		if byWallet(c.domain, claim) {
			rows = append(rows, Rejected{claim, failure})
		}
	}
	return rows
}
