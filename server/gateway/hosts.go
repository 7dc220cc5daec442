package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/chitpay/chit/server/gateway/config"
)

// checkOrigin refuses requests for names that are not the gateway's: a web page that
// lets its own name point to this address could otherwise call it from a browser.
func (g *Gateway) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.isOwn(r.Host) {
			http.Error(w, "this gateway does not answer for that host; its operator can add it to hosts", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			u, err := url.Parse(origin)
			if (err != nil || !g.isOwn(u.Host)) && !g.isShared(origin) {
				http.Error(w, "this gateway does not answer to pages of that origin; its operator can add it to origins", http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isOwn says whether a host, with or without a port, is loopback or configured.
func (g *Gateway) isOwn(host string) bool {
	name := hostName(host)
	if name == "localhost" || slices.Contains(g.config.Hosts, "*") {
		return name != ""
	}
	if address, err := netip.ParseAddr(name); err == nil && address.IsLoopback() {
		return true
	}
	if own := hostName(g.config.Listen); own != "" && own == name {
		return true
	}
	return slices.ContainsFunc(g.config.Hosts, func(configured string) bool { return strings.EqualFold(configured, name) })
}

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// isShared says whether the pages of an origin may call.
func (g *Gateway) isShared(origin string) bool {
	return slices.ContainsFunc(g.config.Origins, func(configured string) bool {
		return configured == config.AnyOrigin || strings.EqualFold(configured, origin)
	})
}
