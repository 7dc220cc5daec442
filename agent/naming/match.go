package naming

import (
	"net/url"
	"strings"

	"github.com/chitpay/chit/glob"
)

// Matches says whether a pattern stands for the name of a tool or of a resource. In a
// URL the pattern's scheme, host and path are those of the URL, each for itself: no *
// reaches from one into the other. A pattern without a path stands for every path.
func Matches(pattern, name string) bool {
	scheme, host, rest, isURL := Split(name)
	wantScheme, wantHost, wantRest, wantsURL := Split(pattern)
	if !isURL || !wantsURL {
		return glob.Match(pattern, name)
	}
	return glob.Match(strings.ToLower(wantScheme), scheme) && glob.Match(patternOfHost(wantScheme, wantHost), host) &&
		(wantRest == "" || glob.Match(wantRest, rest))
}

// MatchesServer is [Matches] for the URL of a server. A pattern without a scheme is one of
// the host.
func MatchesServer(pattern, server string) bool {
	_, host, _, isURL := Split(server)
	if _, _, _, wantsURL := Split(pattern); isURL && !wantsURL {
		return glob.Match(patternOfHost("", pattern), host)
	}
	return Matches(pattern, server)
}

// Split takes a URL, or a pattern of some, apart; rest begins with a slash or is empty.
func Split(text string) (scheme, host, rest string, isURL bool) {
	scheme, after, found := strings.Cut(text, "://")
	if !found {
		return "", "", "", false
	}
	if at := strings.IndexByte(after, '/'); at >= 0 {
		return scheme, after[:at], after[at:], true
	}
	return scheme, after, "", true
}

// patternOfHost is the host of a pattern as [hostOf] writes it, as far as that can be said of
// one with wildcards.
func patternOfHost(scheme, host string) string {
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	if u, err := url.Parse("//" + host); err == nil && !strings.ContainsAny(host, "*?/") {
		u.Scheme = scheme
		return hostOf(u)
	}
	if port := defaultPorts[scheme]; port != "" {
		return strings.TrimSuffix(host, ":"+port)
	}
	return host
}
