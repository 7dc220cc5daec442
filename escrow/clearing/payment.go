package clearing

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/transfer"
)

// message is the transaction that rows would be, with those ahead of them, which may fail. The
// rows may fail apart from one another if failing says so.
func (h *House) message(rows, ahead []*row, failing bool) (to common.Address, data []byte, err error) {
	var all []transfer.Call
	for i, r := range append(ahead[:len(ahead):len(ahead)], rows...) {
		calls, err := r.transfer.Calls(max(r.kind, transfer.ByKey), r.amount)
		if err != nil {
			return to, nil, err
		}
		for j := range calls {
			calls[j].MayFail = calls[j].MayFail || failing || i < len(ahead)
		}
		all = append(all, calls...)
	}
	if len(all) == 1 {
		return all[0].To, all[0].Data, nil
	}
	data = transfer.Aggregate(all).Data
	if len(data) > txmgr.MaxData {
		return to, nil, fmt.Errorf("%w: %d bytes, the most is %d", txmgr.ErrData, len(data), txmgr.MaxData)
	}
	return h.options.Multicall, data, nil
}

// results says of each call of an aggregate whether it succeeded.
func results(raw []byte) ([]bool, error) {
	all, err := abigen.NewMulticall3().UnpackAggregate3(raw)
	if err != nil {
		return nil, fmt.Errorf("read what came of several transfers: %w", err)
	}
	good := make([]bool, len(all))
	for i, r := range all {
		good[i] = r.Success
	}
	return good, nil
}
