package v1

import "github.com/chitpay/chit/x402"

// chain is a chain that has a name in version 1.
type chain struct {
	name string
	id   uint64
	// isOld says that the last wallet of version 1 alone (npm x402 1.2) knows the name. It refuses
	// terms as a whole that have another name.
	isOld bool
}

// chains are those of npm x402 1.2 and @x402/evm 2.27.
var chains = []chain{
	{"base", 8453, true},
	{"base-sepolia", 84532, true},
	{"abstract", 2741, true},
	{"abstract-testnet", 11124, true},
	{"avalanche", 43114, true},
	{"avalanche-fuji", 43113, true},
	{"iotex", 4689, true},
	{"sei", 1329, true},
	{"sei-testnet", 1328, true},
	{"polygon", 137, true},
	{"polygon-amoy", 80002, true},
	{"peaq", 3338, true},
	{"story", 1514, true},
	{"educhain", 41923, true},
	{"skale-base-sepolia", 324705682, true},
	{"ethereum", 1, false},
	{"sepolia", 11155111, false},
	{"megaeth", 4326, false},
	{"monad", 143, false},
	{"stable", 988, false},
	{"stable-testnet", 2201, false},
	{"celo", 42220, false},
	{"flare", 14, false},
}

// ChainID is the chain of a name, such as 8453 of "base"; it is false for a name that is not known.
func ChainID(name string) (uint64, bool) {
	for _, c := range chains {
		if c.name == name {
			return c.id, true
		}
	}
	return 0, false
}

// NetworkOf is the name of a chain; it is false for a chain that has none.
func NetworkOf(chainID uint64) (string, bool) {
	for _, c := range chains {
		if c.id == chainID {
			return c.name, true
		}
	}
	return "", false
}

// offered is the name of a chain of version 2, if every wallet knows it.
func offered(network string) (string, bool) {
	id, err := x402.ParseNetwork(network)
	if err != nil {
		return "", false
	}
	for _, c := range chains {
		if c.id == id && c.isOld {
			return c.name, true
		}
	}
	return "", false
}

// nameOf is the name of a chain of version 2, and what it is in version 2 if it has none.
func nameOf(network string) string {
	if id, err := x402.ParseNetwork(network); err == nil {
		if name, ok := NetworkOf(id); ok {
			return name
		}
	}
	return network
}
