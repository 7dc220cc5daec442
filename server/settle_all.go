package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/chitpay/chit/server/settle"
)

// SettleAs is [settle.Settler.SettleAs] for every deployment of the shop, all at once. Where
// there are several, each batch names its own, and the settlement has a part for each.
// Charges in a deployment that the shop is not paid through any more are set aside.
func (s *Shop) SettleAs(ctx context.Context, req settle.Request, report func(settle.Event)) (settle.Settlement, error) {
	return s.settlers().SettleAs(ctx, req, s.strays(req), report)
}

func (s *Shop) settlers() settle.Several {
	all := make(settle.Several, len(s.tills))
	for i, t := range s.tills {
		all[i] = t.settler
	}
	return all
}

// strays are charges in deployments that the shop is not paid through any more.
func (s *Shop) strays(req settle.Request) []settle.SetAside {
	var all []settle.SetAside
	for ch := range s.Ledger.Channels() {
		named := len(req.Channels) == 0 || slices.Contains(req.Channels, ch.ID)
		if named && ch.Claimable() > 0 && s.tillOf(ch.Deployment) == nil {
			all = append(all, settle.SetAside{Channel: ch.ID, Value: ch.Claimable(), Reason: fmt.Sprintf("this shop is not set up for %s: add it to the deployments that it is paid through", ch.Deployment)})
		}
	}
	return all
}
