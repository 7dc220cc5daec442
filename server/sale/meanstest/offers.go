package meanstest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

func chargesQuotes(tr *trial) {
	p := tr.open(goods{quote: func(text string) vouchers.Amount {
		if text == "" { // who only asks for the terms
			return Price
		}
		return vouchers.Amount(100 * len(text))
	}})
	payer := tr.payer(p, 500)
	tr.buys(p, "abc", payer.Pay(tr, 300), 300)
	tr.buys(p, "ab", payer.Pay(tr, 200), 200)
	p.stands(payer, 500, 2)
	tr.ends(p, "a", payer.Pay(tr, 100), refused)
	p.stands(payer, 500, 2)
}

// chargesMeters reports what a call's text says.
func chargesMeters(tr *trial) {
	p := tr.open(goods{rate: server.Rate{Metered: true}, do: func(ctx context.Context, text string) (string, error) {
		if cost, err := strconv.ParseUint(text, 10, 64); err == nil {
			server.ReportCost(ctx, vouchers.Amount(cost))
		}
		if text == "1" {
			return "", errNoSuchPage
		}
		return text, nil
	}})
	payer := tr.payer(p, 10*Price)
	charged, runs := vouchers.Amount(0), int64(0)
	for _, call := range []struct {
		reports string
		costs   vouchers.Amount
	}{{"300", 300}, {"0", 0}, {"nothing", Price}, {"5000", Price}, {"700", 700}} {
		tr.buys(p, call.reports, payer.Pay(tr, Price), call.costs)
		charged, runs = charged+call.costs, runs+1
		p.stands(payer, charged, runs)
	}
	tr.ends(p, "1", payer.Pay(tr, Price), failed)
	p.stands(payer, charged, runs+1)
}

func givesAllowances(tr *trial) {
	p := tr.open(goods{rate: server.Rate{Free: server.Allowance{Calls: 2}}, do: func(_ context.Context, text string) (string, error) {
		if text == "fails" {
			return "", errNoSuchPage
		}
		return text, nil
	}})
	payer := tr.payer(p, 5*Price)
	tr.buys(p, "a", payer.Pay(tr, Price), 0)
	tr.ends(p, "fails", payer.Pay(tr, Price), failed)
	tr.buys(p, "b", payer.Pay(tr, Price), 0)
	p.stands(payer, 0, 3)
	p = p.again(tr.T, p.options.Store)
	tr.buys(p, "c", payer.Pay(tr, Price), Price)
	p.stands(payer, Price, 1)
}

func answersFreeAgain(tr *trial) {
	p := tr.open(goods{rate: server.Rate{Free: server.Allowance{Calls: 2}}})
	payer := tr.payer(p, 3*Price)
	payment := payer.Pay(tr, Price)
	first := tr.buys(p, "a", payment, 0)
	tr.repeats(p, "a", payment, first)
	p.stands(payer, 0, 1)
	tr.buys(p, "b", payer.Pay(tr, Price), 0)
	tr.buys(p, "c", payer.Pay(tr, Price), Price)
	p.stands(payer, Price, 3)
}

// stripsLargeCalls sees what was decoded of a call by the quote that it was, or was not, asked
// for.
func stripsLargeCalls(tr *trial) {
	large := strings.Repeat("large ", 20<<10)
	p := tr.open(goods{quote: func(string) vouchers.Amount { return Price }})
	payer := tr.payer(p, Price)
	tr.ends(p, large, nil, refused)
	if slices.Contains(p.quoted, large) {
		tr.Error("all of a large call without a payment is read")
	}
	tr.ends(p, large, payer.Forge(tr, Price), refused)
	if tr.on.strips() && slices.Contains(p.quoted, large) {
		tr.Error("all of a large call with a forged payment is read")
	}
	p.stands(payer, 0, 0)
	if got := tr.buys(p, large, payer.Pay(tr, Price), Price); got.said != "done "+large {
		tr.Errorf("a large call that pays is answered with %d bytes of %d", len(got.said), len(large))
	}
	p.stands(payer, Price, 1)
}
