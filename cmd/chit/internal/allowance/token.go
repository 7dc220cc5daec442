package allowance

import (
	"errors"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Narrowed is a token that pays no more than so much for a call; one that pays less already
// stays as it is.
func Narrowed(token macaroon.Token, perCall vouchers.Amount) (macaroon.Token, error) {
	narrower, err := token.Attenuate(macaroon.Scope{PerCall: perCall})
	if errors.Is(err, macaroon.ErrWidening) {
		return token, nil
	}
	return narrower, err
}

// Unasked is what a token says of itself, without what is left.
func Unasked(token macaroon.Token) credit.Report {
	report := credit.Report{Grant: token.Grant()}
	for _, caveat := range token.Caveats() {
		report.Levels = append(report.Levels, credit.Level{Caveat: caveat.String()})
	}
	return report
}
