package words

import (
	"encoding/json"

	"github.com/chitpay/chit/x402/mpp"
)

// OfResult reads the terms of a result that is an error: those of x402, of either version, in its
// structured content or its text, or MPP's in its _meta. It is nil where there are none.
func OfResult(structured json.RawMessage, text string, meta map[string]json.RawMessage) *Asked {
	for _, document := range [][]byte{structured, []byte(text)} {
		if asked, err := ofDocument(document); err == nil {
			return asked
		}
	}
	return OfError(meta[mpp.MetaRequired])
}

// OfError reads the terms in the data of an error of JSON-RPC: those of x402, or MPP's, which may
// have those of x402 beside them. It is nil where there are none.
func OfError(data json.RawMessage) *Asked {
	if asked, err := ofDocument(data); err == nil {
		return asked
	}
	required, err := mpp.DecodeRequired(data)
	if err != nil {
		return nil
	}
	if required.X402 != nil {
		return &Asked{Required: required.X402}
	}
	return ofChallenges(required.Challenges, required.Problem)
}

// IsRefusal says whether an error of JSON-RPC of a code may have terms in its data.
func IsRefusal(code int) bool {
	return code == codeRequired || code == mpp.CodePaymentRequired || code == mpp.CodeVerificationFailed
}

// codeRequired is the code of an error that asks for a payment, as x402 has it.
const codeRequired = 402
