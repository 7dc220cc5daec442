package naming

import "net/url"

// SameShop says whether two servers, as the book knows them, are one shop: every path of
// an origin is.
func SameShop(a, b string) bool { return Shop(a) == Shop(b) }

// Shop is the origin of a server's URL; a name that is none is a shop of its own.
func Shop(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || !IsHTTP(u.Scheme) {
		return server
	}
	u.Host = hostOf(u)
	return Origin(u)
}
