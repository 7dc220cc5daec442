package settings

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// errGwei says that a text is no price of gas, errCoins that it is no amount of a chain's coin.
var errGwei = errors.New("not a gas price in gwei such as 30 or 0.05")

var errCoins = errors.New("not an amount of the chain's coin such as 0.02")

// How many decimal places of a gwei and of a coin one wei is.
const (
	gweiDecimals = 9
	coinDecimals = 18
)

// ParseGwei reads a gas price in gwei, and returns it in wei.
func ParseGwei(text string) (*big.Int, error) {
	if wei := parseWei(text, gweiDecimals); wei != nil {
		return wei, nil
	}
	return nil, fmt.Errorf("%q is %w", text, errGwei)
}

// ParseCoins reads an amount of the chain's coin above 0, and returns it in wei.
func ParseCoins(text string) (*big.Int, error) {
	if wei := parseWei(text, coinDecimals); wei != nil {
		return wei, nil
	}
	return nil, fmt.Errorf("%q is %w", text, errCoins)
}

// parseWei reads a number above 0 with decimal places down to a wei; nil is none.
func parseWei(text string, decimals int) *big.Int {
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction + strings.Repeat("0", max(decimals-len(fraction), 0))
	wei, ok := new(big.Int).SetString(digits, 10)
	if !ok || whole == "" || len(fraction) > decimals || strings.ContainsAny(text, "+-_") || wei.Sign() <= 0 {
		return nil
	}
	return wei
}

// Gwei reads a price of gas in gwei, which becomes wei.
func (r *Reader) Gwei(to **big.Int) Setting { return r.wei(to, ParseGwei) }

// Coins reads an amount of the chain's coin, which becomes wei.
func (r *Reader) Coins(to **big.Int) Setting { return r.wei(to, ParseCoins) }

func (r *Reader) wei(to **big.Int, parse func(string) (*big.Int, error)) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, "a number such as 0.02", true)
		if !ok {
			return
		}
		wei, err := parse(text)
		if err != nil {
			r.Report(at, "%v", err)
		}
		*to = wei
	}
}
