package mpp_test

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/x402/mpp"
)

// A seller asks for 0.001 USDC, a payer pays, and the seller checks it.
func Example() {
	issuer, err := mpp.NewIssuer("the output of openssl rand -base64 32")
	if err != nil {
		log.Fatal(err)
	}
	price := mpp.Charge{
		Amount: 1000, ChainID: 84532,
		Currency:  common.HexToAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
		Recipient: common.HexToAddress("0xE77fFfB9E3097b84ff8a60E662aE1A54f9217290"),
	}
	now := time.Now()
	challenge, err := mpp.NewChallenge("tools.example", price, now.Add(5*time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	if err := issuer.Issue(challenge, map[string]string{"route": "GET /search"}); err != nil {
		log.Fatal(err)
	}
	answer := http.Header{}
	answer.Add(mpp.HeaderChallenge, challenge.WWWAuthenticate())

	// The payer.
	asked, err := mpp.ParseWWWAuthenticate(answer.Values(mpp.HeaderChallenge))
	if err != nil {
		log.Fatal(err)
	}
	payment, err := asked[0].Authorize(common.HexToAddress("0x8F9aA869feD06527c9e7Eb787D7FE0ECB4aE0282"), now)
	if err != nil {
		log.Fatal(err)
	}
	payment.Authorization.Signature = make([]byte, 65) // by the payer's key, over the token's domain
	value, err := payment.Header()
	if err != nil {
		log.Fatal(err)
	}
	request := http.Header{}
	request.Set(asked[0].CredentialHeader(), value)

	// The seller again.
	credential, err := mpp.ParseAuthorization(request.Values(mpp.HeaderCredential))
	if err != nil {
		log.Fatal(err)
	}
	charge, err := issuer.Check(credential, now)
	if err != nil {
		log.Fatal(err)
	}
	bound, err := credential.Challenge.Bound()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(charge.Amount, "for", bound["route"], "from", credential.Source)
	// Output: 0.001 USDC for GET /search from did:pkh:eip155:84532:0x8F9aA869feD06527c9e7Eb787D7FE0ECB4aE0282
}
