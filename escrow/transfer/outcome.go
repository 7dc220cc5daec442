package transfer

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/vouchers"
)

// Use is where a transfer happened.
type Use struct {
	// Tx is the transaction, Block the number of its block.
	Tx    common.Hash
	Block uint64
	// Log is the index in the block of the Transfer that moved the tokens.
	Log uint
	// Moved is how much moved, in atomic units.
	Moved vouchers.Amount
}

// Counted tells which uses are another transfer's already; nil is none. A permit of Permit2
// leaves no trace of its nonce in the logs: two permits of one payer for one payee and one
// amount look the same there, and each Transfer stands for one of them.
type Counted func(Use) bool

// Outcome looks for the transfer in a receipt. For EIP-3009 that is AuthorizationUsed of its
// payer and nonce with the Transfer that the token logs next; for Permit2 a Transfer from
// the payer to the payee that its proxy has settled, which stands for this transfer if its
// nonce is used ([Transfer.Used]) and nobody else is [Counted] for it. False says that the
// transaction did not do it.
func (t Transfer) Outcome(receipt *types.Receipt, counted Counted) (Use, bool) {
	if receipt.Status != types.ReceiptStatusSuccessful {
		return Use{}, false
	}
	find := t.settled
	if t.Method == EIP3009 {
		find = t.authorized
	}
	for i := range receipt.Logs {
		moved, amount, ok := find(receipt.Logs, i)
		if !ok {
			continue
		}
		use := Use{Tx: receipt.TxHash, Block: receipt.BlockNumber.Uint64(), Log: moved.Index, Moved: amount}
		if counted == nil || !counted(use) {
			return use, true
		}
	}
	return Use{}, false
}

// authorized is the Transfer that follows the i-th log if that says that this authorization
// is used. The token logs nothing between the two: a payer cannot put another payment there.
func (t Transfer) authorized(logs []*types.Log, i int) (*types.Log, vouchers.Amount, bool) {
	token := abigen.NewToken()
	used, err := token.UnpackAuthorizationUsedEvent(logs[i])
	if err != nil || logs[i].Address != t.Token || used.Authorizer != t.From || used.Nonce != t.Nonce {
		return nil, 0, false
	}
	for _, log := range logs[i+1:] {
		if log.Address == t.Token {
			amount, ok := t.moved(token, log)
			return log, amount, ok && amount == t.Value
		}
	}
	return nil, 0, false
}

// settled is the last Transfer before the i-th log if that is the proxy's word for a
// settlement. The payer and the token may log other things between the two.
func (t Transfer) settled(logs []*types.Log, i int) (*types.Log, vouchers.Amount, bool) {
	if logs[i].Address != t.Method.Proxy() || len(logs[i].Topics) != 1 || !settledTopics[logs[i].Topics[0]] {
		return nil, 0, false
	}
	token := abigen.NewToken()
	for j := i - 1; j >= 0 && !settles(logs[j]); j-- {
		if _, err := token.UnpackTransferEvent(logs[j]); err != nil || logs[j].Address != t.Token {
			continue
		}
		amount, ok := t.moved(token, logs[j])
		return logs[j], amount, ok && (amount == t.Value || t.Method == Upto && amount < t.Value)
	}
	return nil, 0, false
}

// moved is how much a log says that moved from the payer to the payee.
func (t Transfer) moved(token *abigen.Token, log *types.Log) (vouchers.Amount, bool) {
	event, err := token.UnpackTransferEvent(log)
	if err != nil || event.From != t.From || event.To != t.To {
		return 0, false
	}
	amount, err := vouchers.AmountFromBig(event.Value)
	return amount, err == nil
}

var settledTopics = map[common.Hash]bool{
	eventTopic("Settled()"):           true,
	eventTopic("SettledWithPermit()"): true,
}

// settles reports whether a log ends the settlement of a permit.
func settles(log *types.Log) bool {
	return (log.Address == ExactProxy || log.Address == UptoProxy) && len(log.Topics) == 1 && settledTopics[log.Topics[0]]
}
