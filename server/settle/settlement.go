package settle

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// Request says what a settlement claims, and at what price. The zero value
// claims everything but what channels in use keep back.
type Request struct {
	// DryRun only plans.
	DryRun bool `json:"dryRun,omitempty"`
	// Channels are the only ones that are claimed; empty is all.
	Channels []vouchers.ChannelID `json:"channels,omitempty"`
	// MinValue leaves channels with less to claim for later, in atomic USDC.
	MinValue vouchers.Amount `json:"minValue,omitempty"`
	// MaxGasPrice is the most that is paid per gas, in wei; nil is no limit.
	MaxGasPrice *big.Int `json:"maxGasPrice,omitempty"`
	// Final claims everything, as before a shop closes: also what only the newest voucher
	// of a channel in use allows, which it publishes. Without, that is left for a later
	// settlement (see [Policy.IdleAfter]).
	Final bool `json:"final,omitempty"`
	// Anyway settles also where the gas costs more than what is claimed, which otherwise is
	// refused with [ErrNotWorth] where the price of the coin is known.
	Anyway bool `json:"anyway,omitempty"`
	// Confirmations is how many blocks deep the transactions must be before they are
	// booked, if that is more than the shop asks of every transaction.
	Confirmations uint64 `json:"confirmations,omitempty"`

	urgent    bool // waits for no other settlement, and pays more to be mined soon
	automatic bool // leaves out what is not worth its gas, and what failed a short while ago
}

// Settlement is what one run claimed and transferred. Amounts are atomic USDC.
type Settlement struct {
	// Deployment is whose part of a settlement this is; empty is all.
	Deployment string          `json:"deployment,omitempty"`
	Channels   int             `json:"channels"`
	Claimed    vouchers.Amount `json:"claimed"`
	// Settled includes what earlier claims had left to transfer.
	Settled vouchers.Amount `json:"settled"`
	GasUsed uint64          `json:"gasUsed"`
	// Cost is what the gas cost, in wei, nil if it was paid in the coins of several
	// chains; CostUSDC is the same in atomic USDC where the price of the coin is configured.
	Cost     *big.Int         `json:"cost"`
	CostUSDC *vouchers.Amount `json:"costUSDC,omitempty"`
	Batches  []Batch          `json:"batches"`
	SetAside []SetAside       `json:"setAside,omitempty"`
	// Postponed are channels whose claim costs more than the policy lets it.
	Postponed []SetAside `json:"postponed,omitempty"`
	// KeptBack is what was charged last to channels in use, and is claimed later.
	KeptBack vouchers.Amount `json:"keptBack,omitempty"`
	// Unpayable is why the token does not pay the receiver: what was claimed stays in
	// the escrow, and is transferred by a later settlement.
	Unpayable string `json:"unpayable,omitempty"`
	DryRun    bool   `json:"dryRun,omitempty"`
	// Deployments are the parts, where the shop is paid through several.
	Deployments []Settlement `json:"deployments,omitempty"`
}

// Batch is one transaction of a settlement, or the plan of one: then Tx is
// zero, and gas and cost are estimates.
type Batch struct {
	// Deployment is where, such as "eip155:8453/0x4020...", if there are several.
	Deployment string           `json:"deployment,omitempty"`
	Tx         common.Hash      `json:"tx"`
	Channels   int              `json:"channels"`
	Claimed    vouchers.Amount  `json:"claimed"`
	GasUsed    uint64           `json:"gasUsed"`
	Cost       *big.Int         `json:"cost"`
	CostUSDC   *vouchers.Amount `json:"costUSDC,omitempty"`
}

// Event is one step of a settlement; one field is set.
type Event struct {
	// Plan comes first: every batch with its estimates. Each deployment has its own.
	Plan []Batch `json:"plan,omitempty"`
	// Batch is a transaction that is confirmed and booked.
	Batch *Batch `json:"batch,omitempty"`
	// Done is the whole settlement, at its end.
	Done *Settlement `json:"done,omitempty"`
	// Error is why it ended early, after Done, and NotWorth says that it is [ErrNotWorth].
	Error    string `json:"error,omitempty"`
	NotWorth bool   `json:"notWorth,omitempty"`
}
