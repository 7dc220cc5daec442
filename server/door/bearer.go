package door

import (
	"net/http"
	"strings"

	"github.com/chitpay/chit/credit/macaroon"
)

const (
	headerAuthorization = "Authorization"
	bearer              = "Bearer "
)

// Bearer is the credit token of a request's header, if it has one. Another
// scheme, and a bearer token of somebody else's, is none.
func Bearer(header http.Header) (token string, found bool) {
	value := header.Get(headerAuthorization)
	if len(value) < len(bearer) || !strings.EqualFold(value[:len(bearer)], bearer) {
		return "", false
	}
	token = strings.TrimLeft(value[len(bearer):], " ")
	return token, strings.HasPrefix(token, macaroon.Prefix)
}

// DropBearer takes the token out of a request's header.
func DropBearer(header http.Header) { header.Del(headerAuthorization) }
