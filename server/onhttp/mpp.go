package onhttp

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// takeCredential takes the credential of MPP out of a request, nil if it has none; the error is
// of one that cannot be read.
func takeCredential(r *http.Request) (credential *mpp.Credential, rest *http.Request, err error) {
	for _, name := range []string{mpp.HeaderCredential, mpp.HeaderCredentialBeside} {
		credential, err = mpp.ParseAuthorization(r.Header.Values(name))
		if credential == nil && err == nil {
			continue
		}
		rest = r.Clone(r.Context())
		rest.Header.Del(name)
		return credential, rest, err
	}
	return nil, r, nil
}

// sold is what the request asks for, as challenges have it.
func (on *onHTTP) sold() envelope.Sold {
	return envelope.Sold{Realm: on.seller.realm(on.r), Resource: on.described().URL}
}

// realm names the shop in challenges: the host of its base URL, or what its client calls it.
func (s *Seller) realm(r *http.Request) string {
	host := r.Host
	if base, err := url.Parse(s.BaseURL); err == nil && base.Host != "" {
		host = base.Host
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "" || len(host) > maxRealm {
		return "shop"
	}
	return host
}

// maxRealm is the longest name of a host (RFC 1035), in bytes.
const maxRealm = 255

// challenge adds to an answer of 402 how it can be paid for in the words of MPP. It returns the
// id of the first challenge, empty if there is none.
func (on *onHTTP) challenge(r *terms.Refusal) string {
	sold := on.sold()
	sold.Terms = on.seller.Desk.Charges(on.asked(r))
	if len(sold.Terms) == 0 {
		return ""
	}
	challenges, err := on.seller.Challenger.Challenges(sold)
	if err != nil {
		on.seller.Logger.Error("write challenges", "route", on.offer.Name, "error", err)
		return ""
	}
	for _, c := range challenges {
		on.w.Header().Add(mpp.HeaderChallenge, c.WWWAuthenticate())
	}
	return challenges[0].ID
}

// credited is the payment of the credential, nil where it is none, which is answered.
func (on *onHTTP) credited() *sale.Presented {
	sold := on.sold()
	sold.Terms = on.seller.Desk.Transfers()
	payment, err := on.seller.Challenger.Payment(on.credential, sold)
	if err != nil {
		on.refuseCredential(err)
		return nil
	}
	return &sale.Presented{Payment: payment, Credential: on.credential}
}

// refuseCredential answers a credential that is none, or that pays for something else.
func (on *onHTTP) refuseCredential(err error) {
	refused := terms.Refuse(x402.ErrPayload, "%v", err)
	on.line.Refused(on.r.Context(), refused)
	problem, _ := mpp.ProblemOf(err, on.challenge(refused))
	on.w.Header().Set("Cache-Control", "no-store")
	on.w.Header().Set("Content-Type", mpp.ProblemMediaType)
	on.w.WriteHeader(http.StatusPaymentRequired)
	_ = json.NewEncoder(on.w).Encode(problem) // the client has gone: nobody is left to tell
}
