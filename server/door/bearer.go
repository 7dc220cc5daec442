package door

import (
	"net/http"
	"strings"

	"github.com/chitpay/chit/credit/macaroon"
)

const (
	headerAuthorization = "Authorization"
	headerAPIKey        = "X-Api-Key"
	bearer              = "Bearer "
)

// Bearer is the credit token of a request's header, if it has one: in Authorization, or in
// X-Api-Key, where Anthropic's clients send their key. Another scheme, and a token of somebody
// else's, is none. Where both have a token, that of Authorization goes first.
func Bearer(header http.Header) (token string, found bool) {
	if token, found = authorized(header); found {
		return token, true
	}
	return key(header)
}

func authorized(header http.Header) (token string, found bool) {
	value := header.Get(headerAuthorization)
	if len(value) < len(bearer) || !strings.EqualFold(value[:len(bearer)], bearer) {
		return "", false
	}
	token = strings.TrimLeft(value[len(bearer):], " ")
	return token, strings.HasPrefix(token, macaroon.Prefix)
}

func key(header http.Header) (token string, found bool) {
	token = strings.TrimSpace(header.Get(headerAPIKey))
	return token, strings.HasPrefix(token, macaroon.Prefix)
}

// DropBearer takes the tokens out of a request's header. What is somebody else's stays.
func DropBearer(header http.Header) {
	if _, found := authorized(header); found {
		header.Del(headerAuthorization)
	}
	if _, found := key(header); found {
		header.Del(headerAPIKey)
	}
}
