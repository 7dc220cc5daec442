package onhttp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// ErrBaseURL says that a text is no server.Options.BaseURL.
var ErrBaseURL = errors.New("not a base URL")

// ParseBaseURL reads an server.Options.BaseURL, and returns it without the slash at its end. The
// error wraps [ErrBaseURL].
func ParseBaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return "", fmt.Errorf("%w: want one such as https://shop.example", ErrBaseURL)
	}
	if u.User != nil || strings.ContainsAny(text, "?#") {
		return "", fmt.Errorf("%w: one such as https://shop.example has neither a name before the host, nor a query, nor a fragment", ErrBaseURL)
	}
	return strings.TrimRight(u.Scheme+"://"+strings.ToLower(u.Host)+u.EscapedPath(), "/"), nil
}

// place names what a request is for in the terms and in what the shop signs: below the shop's
// base URL, or by its path alone. The host of a request is only what its client says.
func (s *Seller) place(r *http.Request) string {
	path := "/" + strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if s.BaseURL == "" {
		return receipts.OfPath(path)
	}
	return s.BaseURL + path
}

// described is what is sold.
func (on *onHTTP) described() x402.Resource {
	resource := on.offer.Resource
	if resource.URL == "" {
		resource.URL = on.seller.place(on.r)
	}
	return resource
}
