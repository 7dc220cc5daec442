package limits

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

type addressKey struct{}

// WithNetwork notes in a request from where it comes.
func WithNetwork(r *http.Request) context.Context {
	return context.WithValue(r.Context(), addressKey{}, clientNetwork(r))
}

// NetworkOf is the network that a request comes from; it is not valid if that is not
// known.
func NetworkOf(ctx context.Context) netip.Prefix {
	network, _ := ctx.Value(addressKey{}).(netip.Prefix)
	return network
}

// clientNetwork is the network of a request's client, as coarse as one customer of a
// provider has it. Behind a proxy on the same machine or network it is the one that the
// proxy has seen; where none is said, it is not valid.
func clientNetwork(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	address, err := netip.ParseAddr(host)
	if err == nil && (address.IsLoopback() || address.IsPrivate()) {
		seen := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		address, err = netip.ParseAddr(strings.TrimSpace(seen[strings.LastIndexByte(seen, ',')+1:]))
	}
	if err != nil {
		return netip.Prefix{}
	}
	address = address.Unmap()
	bits := 24
	if address.Is6() {
		bits = 48
	}
	network, err := address.Prefix(bits)
	if err != nil { // it has a zone
		return netip.Prefix{}
	}
	return network
}
