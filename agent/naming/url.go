package naming

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// ErrURL says that nothing is bought at a URL: it is none, or one that two readers could
// take for two places.
var ErrURL = errors.New("not a URL to buy from")

// ErrPlain says that a credit token would be sent where others can read it.
var ErrPlain = errors.New("a credit token is not sent over plain http")

// defaultPorts are those that a URL need not name.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// IsHTTP says whether a scheme is one of those that things are bought by.
func IsHTTP(scheme string) bool { return defaultPorts[scheme] != "" }

// Parse reads the URL of a server or a resource, and writes it in the one way in
// which policies and the book know it. What is requested is what it returns.
func Parse(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		return nil, fmt.Errorf("%w: it does not begin with http:// or https://; did you forget %s before %q?", ErrURL, likelyScheme(text), Short(beforePath(text)))
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrURL, withoutURL(err))
	}
	u.Scheme, u.Fragment, u.RawFragment = strings.ToLower(u.Scheme), "", ""
	switch {
	case !IsHTTP(u.Scheme) || u.Hostname() == "":
		return nil, fmt.Errorf("%w: %q does not begin with http:// or https:// and a host", ErrURL, Short(u.Redacted()))
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }):
		return nil, fmt.Errorf("%w: write the host %q in ASCII (xn--)", ErrURL, Short(u.Host))
	case !dialsAsWritten(u):
		return nil, fmt.Errorf("%w: the host %q can be written in other ways: write an address as 127.0.0.1 or [::1], and a port as 8402", ErrURL, Short(u.Host))
	case u.User != nil:
		return nil, fmt.Errorf("%w: it has a name or a password before the host %s, which belong into a header", ErrURL, u.Host)
	case strings.ContainsAny(u.Path, "\\\x00") || slices.ContainsFunc(strings.Split(u.Path, "/"), isDots):
		return nil, fmt.Errorf("%w: the path %q has segments of dots, or a character that some take for a slash", ErrURL, Short(u.Path))
	}
	u.Host = hostOf(u)
	return u, nil
}

// beforePath is the host of a text that has no scheme. What is behind may be secret.
func beforePath(text string) string {
	if at := strings.IndexAny(text, "/?#"); at >= 0 {
		text = text[:at]
	}
	return text[strings.LastIndexByte(text, '@')+1:]
}

// likelyScheme is what a server's URL most likely begins with.
func likelyScheme(text string) string {
	host, _, _ := strings.Cut(beforePath(text), ":")
	if address, err := netip.ParseAddr(host); host == "localhost" || err == nil && address.IsLoopback() {
		return "http://"
	}
	return "https://"
}

// withoutURL is why a text is no URL, without the text: it may hold a secret.
func withoutURL(err error) string {
	var because *url.Error
	if errors.As(err, &because) {
		return because.Err.Error()
	}
	return err.Error()
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// dialsAsWritten says whether the host is a name, or an address that everybody reads as the
// same one: resolvers take 127.1 and 0x7f.0.0.1 for 127.0.0.1.
func dialsAsWritten(u *url.URL) bool {
	if _, err := strconv.ParseUint(cmp.Or(u.Port(), "0"), 10, 16); err != nil {
		return false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err != nil && strings.Trim(last, "0123456789") != ""
}

// hostOf is the host in lower case, an address in its shortest form, without a dot at its
// end, and with the port if that is not the scheme's own.
func hostOf(u *url.URL) string {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if address, err := netip.ParseAddr(host); err == nil {
		host = address.Unmap().String()
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	port = strings.TrimLeft(port, "0")
	if port == "" || port == defaultPorts[u.Scheme] {
		return host
	}
	return host + ":" + port
}

// Origin is the scheme and host of a URL that [Parse] has read.
func Origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// Server is the name under which policies and the book know the server at a URL,
// whichever way the URL is written: without its query, which may hold a secret. What is
// no URL to buy from is its own name.
func Server(text string) string {
	u, err := Parse(text)
	if err != nil {
		return text
	}
	return ServerAt(u)
}

// ServerAt is [Server] for a URL that [Parse] has read.
func ServerAt(u *url.URL) string {
	name := spelled(u.EscapedPath())
	if name == "" || name == "/" {
		return Origin(u)
	}
	return Origin(u) + name
}

// spelled is an escaped path in the one way in which names have it: no character is
// escaped that a path may hold as it is, and slashes that follow one another count as one.
func spelled(escaped string) string {
	var out strings.Builder
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' && i+2 < len(escaped) {
			code, _ := strconv.ParseUint(escaped[i+1:i+3], 16, 8)
			i += 2
			if c = byte(code); !isPlainInPath(c) {
				fmt.Fprintf(&out, "%%%02X", c)
				continue
			}
		}
		if c != '/' || !strings.HasSuffix(out.String(), "/") {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// isPlainInPath says whether a path holds a character as it is (RFC 3986, 3.3).
func isPlainInPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0
}

// Resource is the name of what is bought at a URL: slashes that follow one another
// count as one, which most servers take for the same.
func Resource(u *url.URL) string {
	name := path.Clean("/" + u.Path)
	if strings.HasSuffix(u.Path, "/") && name != "/" {
		name += "/"
	}
	return Origin(u) + name
}

// TokenURL reads the URL of a server that a credit token is shown to, as it is dialled.
// Errors wrap [ErrURL], or [ErrPlain] where others could read the token on its way.
func TokenURL(text string) (*url.URL, error) {
	u, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" || isLoopback(u.Hostname()) {
		return u, nil
	}
	return nil, fmt.Errorf("%w: use https:// for %s", ErrPlain, u.Host)
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}
