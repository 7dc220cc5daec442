package transfers

import (
	"math/big"
	"time"

	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	v1 "github.com/chitpay/chit/x402/v1"
)

// Payment is what is sent with the call, in the words of its terms. In x402's it has an identifier
// that makes sending it again safe; in MPP's the challenge does that.
func (s *Signed) Payment(identifier string) (*words.Payment, error) {
	if s.Challenge != nil {
		return s.credential()
	}
	full, err := s.inFull(identifier)
	if err != nil || !s.First {
		return &words.Payment{Full: full}, err
	}
	first, err := v1.Payment(full)
	return &words.Payment{First: first}, err
}

func (s *Signed) credential() (*words.Payment, error) {
	c, err := s.Challenge.Authorize(s.Signed.From, time.Now())
	if err != nil {
		return nil, err
	}
	c.Authorization.ValidBefore, c.Authorization.Signature = s.Signed.ValidBefore, s.Signed.Signature
	return &words.Payment{Credential: c}, nil
}

func (s *Signed) inFull(identifier string) (*x402.PaymentPayload, error) {
	extensions, err := extension.WithPaymentIdentifier(s.Announced, identifier)
	if err == nil && s.Signed.Permit != nil {
		extensions, err = extension.WithTokenPermit(extensions, s.permit())
	}
	if err != nil {
		return nil, err
	}
	return &x402.PaymentPayload{Resource: &s.Resource, Accepted: s.Accepted, Payload: s.payload(), Extensions: extensions}, nil
}

func (s *Signed) payload() x402.Payload {
	t := s.Signed
	if t.Method == transfer.EIP3009 {
		return &x402.AuthorizationPayload{Signature: t.Signature, Authorization: x402.TransferAuthorization{
			From: t.From, To: t.To, Value: t.Value, ValidAfter: t.ValidAfter, ValidBefore: t.ValidBefore, Nonce: t.Nonce,
		}}
	}
	return &x402.Permit2Payload{Signature: t.Signature, Permit2Authorization: x402.TransferPermit{
		From: t.From, Permitted: x402.Permitted{Token: t.Token, Amount: t.Value}, Spender: t.Spender, Nonce: t.Nonce.Big(), Deadline: t.ValidBefore,
		Witness: x402.TransferWitness{To: t.To, Facilitator: t.Facilitator, ValidAfter: t.ValidAfter},
	}}
}

func (s *Signed) permit() extension.TokenPermit {
	t := s.Signed
	return extension.TokenPermit{
		From: t.From, Asset: t.Token, Spender: funding.Permit2, Amount: t.Value.Big(),
		Nonce: new(big.Int).SetUint64(t.Permit.Nonce), Deadline: t.Permit.Deadline, Signature: t.Permit.Signature,
	}
}
