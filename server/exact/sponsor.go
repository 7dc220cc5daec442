package exact

import (
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Announce says in the extensions of terms that token permits are taken where a chain has
// Permit2's proxies.
func (s *Seller) Announce(extensions x402.Extensions) x402.Extensions {
	for _, there := range s.proxies {
		if there.Exact || there.Upto {
			return extension.AnnounceTokenPermits(extensions)
		}
	}
	return extensions
}
