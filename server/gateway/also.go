package gateway

import (
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server"
)

// also reads the deployments that the shop is paid through beside its own.
func (c *Config) also(r *reader) setting {
	return func(at place) {
		r.list(at, func(entry place) {
			var a server.Accepts
			var collector common.Address
			before := len(r.problems)
			r.object(entry, map[string]setting{
				"rpc": r.text(&a.RPC), "chainId": r.count(&a.ChainID), "escrow": r.address(&a.Escrow), "token": r.address(&a.Token),
				"collector": r.address(&collector), "minDeposit": r.amount(&a.MinDeposit), "confirmations": r.count(&a.Confirmations),
				"coinPrice": r.amount(&a.CoinPrice), "permit2": r.flag(&a.Permit2),
			})
			a.Collectors.EIP3009 = collector
			switch {
			case len(r.problems) > before:
			case a.Escrow == common.Address{}:
				r.report(entry, "it needs an escrow")
			case a.RPC != "" && (a.ChainID == 0 || a.Token == common.Address{}):
				r.report(entry, "with rpc it needs chainId and token, too")
			}
			c.Also = append(c.Also, a)
		})
	}
}

// address reads an Ethereum address. One in mixed case must have the right checksum
// (EIP-55).
func (r *reader) address(to *common.Address) setting {
	return func(at place) {
		text, ok := r.scalar(at, "an address in quotes", false)
		if !ok {
			return
		}
		mixed, err := common.NewMixedcaseAddressFromString(text)
		switch {
		case err != nil || !strings.HasPrefix(text, "0x"):
			r.report(at, "%q is not an address: want 0x and 40 hex digits", text)
		case isMixed(text[2:]) && !mixed.ValidChecksum():
			r.report(at, "address %s has a wrong checksum (EIP-55): a digit is mistyped", text)
		default:
			*to = mixed.Address()
		}
	}
}

func isMixed(digits string) bool {
	return strings.ToLower(digits) != digits && strings.ToUpper(digits) != digits
}

// count reads a whole number from 1 on.
func (r *reader) count(to *uint64) setting {
	return func(at place) {
		text, ok := r.scalar(at, "a whole number", true)
		if !ok {
			return
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n == 0 {
			r.report(at, "%q is not a whole number from 1 on", text)
			return
		}
		*to = n
	}
}
