package config

import (
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
)

// Chain is a chain of the config. Its fields are those of [facilitator.Chain], where keys are not
// opened and the chain is not dialled yet.
type Chain struct {
	// Network is the chain's name (CAIP-2), such as "eip155:8453", and ChainID its number.
	Network string
	ChainID uint64
	// RPC are the URLs of endpoints. They are secrets where they have keys in them.
	RPC []string
	// Keys refer to what sends, and Authorizer to what signs claims and refunds; empty is none. A
	// reference is the address of a key file, env:NAME, clef:ADDRESS@URL, or dev:N on a local chain.
	Keys       []string
	Authorizer string
	Tokens     []common.Address
	Escrows    []escrow.Addresses
	// Confirmations and FinalAfter are in blocks, Batch in transfers; 0 is the facilitator's own.
	Confirmations, FinalAfter, Batch uint64
	// MaxFee is wei for a gas, MaxCost and LowGas are wei; nil is none.
	MaxFee, MaxCost, LowGas *big.Int
	StuckAfter              time.Duration
}

const (
	// namespace is that of Ethereum's chains in CAIP-2.
	namespace = "eip155:"
	// maxKeys is how many keys send on a chain at most, and maxBatch how many transfers go in one
	// transaction.
	maxKeys, maxBatch = 64, 200
)

func (c *Config) readChain(r *reader, at place) (chain Chain) {
	before := r.Found()
	r.Object(at, map[string]setting{
		"network": func(at place) {
			r.Text(&chain.Network)(at)
			digits, ok := strings.CutPrefix(chain.Network, namespace)
			id, err := strconv.ParseUint(digits, 10, 64)
			if chain.Network != "" && (!ok || err != nil || id == 0 || strconv.FormatUint(id, 10) != digits) {
				r.Report(at, "%q is not a chain such as eip155:8453, which is Base", chain.Network)
			}
			chain.ChainID = id
		},
		"rpc": readEndpoints(r, &chain.RPC), "keys": readReferences(r, &chain.Keys),
		"authorizer": func(at place) {
			r.Text(&chain.Authorizer)(at)
			checkReference(r, at, chain.Authorizer)
		},
		"tokens": readAddresses(r, &chain.Tokens), "escrows": readEscrows(r, &chain.Escrows),
		"confirmations": r.Count(&chain.Confirmations), "finalAfter": r.Count(&chain.FinalAfter),
		"batch": func(at place) {
			r.Count(&chain.Batch)(at)
			if chain.Batch > maxBatch {
				r.Report(at, "%d transfers do not go in one transaction: at most %d", chain.Batch, maxBatch)
			}
		},
		"maxGasPrice": r.Gwei(&chain.MaxFee), "maxCost": r.Coins(&chain.MaxCost), "lowGas": r.Coins(&chain.LowGas),
		"stuckAfter": r.Duration(&chain.StuckAfter, time.Second),
	})
	switch {
	case r.Found() > before:
	case chain.Network == "" || len(chain.RPC) == 0 || len(chain.Keys) == 0:
		r.Report(at, "it needs network, rpc and keys")
	case len(chain.Keys) > maxKeys:
		r.Report(at, "%d keys: at most %d send on one chain", len(chain.Keys), maxKeys)
	case slices.ContainsFunc(c.Chains, func(other Chain) bool { return other.ChainID == chain.ChainID }):
		r.Report(at, "%s is there twice: name several endpoints in one rpc", chain.Network)
	}
	return chain
}

// readEndpoints reads URLs, which are not shown.
func readEndpoints(r *reader, to *[]string) setting {
	return func(at place) {
		r.List(at, func(element place) {
			var text string
			before := r.Found()
			if r.Text(&text)(element); r.Found() > before {
				return
			}
			text = r.Expand(element, text)
			u, err := url.Parse(text)
			known := err == nil && slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) && u.Host != ""
			if (!known || strings.Contains(text, ",")) && r.Found() == before {
				r.Report(element, "it is not a URL of JSON-RPC such as https://host, and no comma is in it")
			}
			*to = append(*to, text)
		})
	}
}

// readReferences reads what refers to keys.
func readReferences(r *reader, to *[]string) setting {
	return func(at place) {
		r.List(at, func(element place) {
			var text string
			r.Text(&text)(element)
			checkReference(r, element, text)
			*to = append(*to, text)
		})
	}
}

// checkReference refuses what is no reference, without showing it: it may be a private key.
func checkReference(r *reader, at place, text string) {
	kind, rest, named := strings.Cut(text, ":")
	switch {
	case text == "":
	case !named && len(text) == 2+2*common.AddressLength && common.IsHexAddress(text):
	case named && rest != "" && slices.Contains([]string{"env", "clef", "dev"}, kind):
	default:
		r.Report(at, "it refers to no key: want the address of a key file, env:NAME, clef:ADDRESS@URL, or dev:N on a local chain")
	}
}

func readAddresses(r *reader, to *[]common.Address) setting {
	return func(at place) {
		r.List(at, func(element place) {
			var address common.Address
			r.Address(&address)(element)
			*to = append(*to, address)
		})
	}
}

// readEscrows reads escrows that are served beside those that are known.
func readEscrows(r *reader, to *[]escrow.Addresses) setting {
	return func(at place) {
		r.List(at, func(element place) {
			var a escrow.Addresses
			before := r.Found()
			r.Object(element, map[string]setting{
				"escrow": r.Address(&a.Escrow), "eip3009": r.Address(&a.Collectors.EIP3009), "permit2": r.Address(&a.Collectors.Permit2),
				"transfer": r.Address(&a.Collectors.Transfer),
			})
			if r.Found() == before && (a.Escrow == common.Address{} || a.Collectors == escrow.Collectors{}) {
				r.Report(element, "it needs escrow, and a collector of it: eip3009, permit2 or transfer")
			}
			*to = append(*to, a)
		})
	}
}
