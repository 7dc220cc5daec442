package site

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/chitpay/chit/server/door"
)

// guard refuses what a web page of somebody else has a browser send, which reaches a facilitator on
// loopback that needs no key: requests across origins, and, by a name that was made to point here,
// those for another host.
func (s *Site) guard(next http.Handler) http.Handler {
	local := len(s.config.Keys) == 0 && !s.config.Open
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local && !isLoopback(r.Host) {
			door.WriteProblem(w, http.StatusForbidden, "this facilitator has no keys, and is for this machine alone: ask for it as localhost or 127.0.0.1")
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	name := strings.Trim(host, "[]")
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	address, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && address.Unmap().IsLoopback()
}
