package till

import (
	"fmt"
	"slices"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Settlers are those of all tills.
func (ts *Tills) Settlers() settle.Several {
	all := make(settle.Several, len(ts.All))
	for i, t := range ts.All {
		all[i] = t.Settler
	}
	return all
}

// Strays are charges in deployments that the shop is not paid through any more.
func (ts *Tills) Strays(ledger *ledger.Ledger, req settle.Request) []settle.SetAside {
	var all []settle.SetAside
	for ch := range ledger.Channels() {
		named := len(req.Channels) == 0 || slices.Contains(req.Channels, ch.ID)
		if named && ch.Claimable() > 0 && ts.Of(ch.Deployment) == nil {
			all = append(all, settle.SetAside{Channel: ch.ID, Value: ch.Claimable(), Reason: fmt.Sprintf("this shop is not set up for %s: add it to the deployments that it is paid through", ch.Deployment)})
		}
	}
	return all
}
