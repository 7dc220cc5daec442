package extension

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// Announced are, of the extensions of terms, those that a payment takes up, without their schemas:
// payment-identifier and [NameTokenPermit]. A stock server refuses a payment in whose extensions
// something is missing of the info that it has announced (extension_echo_mismatch). What cannot be
// read is left out.
func Announced(extensions x402.Extensions) x402.Extensions {
	var all x402.Extensions
	for _, name := range []string{NamePaymentIdentifier, NameTokenPermit} {
		value, err := x402.ReadExtension[announcement](extensions, name)
		if err != nil || value == nil || value.Info.Kind() != '{' {
			continue
		}
		if with, err := all.Encode(name, value); err == nil {
			all = with
		}
	}
	return all
}

type announcement struct {
	Info jsontext.Value `json:"info"`
}
