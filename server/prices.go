package server

import (
	"fmt"
	"path"
	"slices"

	"github.com/chitpay/chit/vouchers"
)

// Prices maps the name of a tool, or a glob over names such as "search*", to what a
// call costs, as people write it ("0.001" USDC; "0" is free). The exact name wins,
// then the longest glob that matches. A tool that nothing matches is free.
type Prices map[string]string

// priceList is Prices, checked and in the order in which they are tried.
type priceList struct {
	exact map[string]vouchers.Amount
	globs []globPrice
}

type globPrice struct {
	pattern string
	price   vouchers.Amount
}

func newPriceList(prices Prices) (priceList, error) {
	list := priceList{exact: make(map[string]vouchers.Amount)}
	for pattern, text := range prices {
		price, err := vouchers.ParseAmount(text)
		if err != nil {
			return priceList{}, fmt.Errorf("price of %q: %w", pattern, err)
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return priceList{}, fmt.Errorf("price pattern %q: %w", pattern, err)
		}
		if !isGlob(pattern) {
			list.exact[pattern] = price
			continue
		}
		list.globs = append(list.globs, globPrice{pattern, price})
	}
	slices.SortFunc(list.globs, func(a, b globPrice) int {
		if d := len(b.pattern) - len(a.pattern); d != 0 {
			return d
		}
		if a.pattern < b.pattern {
			return -1
		}
		return 1
	})
	return list, nil
}

func isGlob(pattern string) bool {
	for _, c := range pattern {
		if c == '*' || c == '?' || c == '[' || c == '\\' {
			return true
		}
	}
	return false
}

// of returns the price of a tool, zero if it is free.
func (l priceList) of(tool string) vouchers.Amount {
	if price, ok := l.exact[tool]; ok {
		return price
	}
	for _, g := range l.globs {
		if ok, err := path.Match(g.pattern, tool); err == nil && ok {
			return g.price
		}
	}
	return 0
}
