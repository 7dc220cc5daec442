package mpp_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/x402/mpp"
)

// vectors are what mppx's server and client said to each other; see scripts/vectors.
type vectors struct {
	SecretKey              string
	Payer, Receiver, Token common.Address
	Transaction            common.Hash
	Challenges             []struct {
		Name, Header string
		Challenge    json.RawMessage
		Nonce        common.Hash
	}
	HTTP struct {
		Challenge, Credential, Receipt string
		Problem                        json.RawMessage
	}
	MCP struct {
		Error, Refusal struct {
			Code int
			Data json.RawMessage
		}
		Credential, Receipt json.RawMessage
	}
}

func read(tb testing.TB) *vectors {
	tb.Helper()
	data, err := os.ReadFile("testdata/mppx.json")
	if err != nil {
		tb.Fatal(err)
	}
	v := new(vectors)
	if err := json.Unmarshal(data, v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// then is when the vectors' payments are made.
var then = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)

// latin1 is a header as it is sent.
func latin1(header string) string {
	var b strings.Builder
	for _, r := range header {
		b.WriteByte(byte(r))
	}
	return b.String()
}

func issuer(tb testing.TB, v *vectors) *mpp.Issuer {
	tb.Helper()
	i, err := mpp.NewIssuer(v.SecretKey)
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

func encoded(tb testing.TB, value any) []byte {
	tb.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// sameJSON holds one JSON value against another, without members that are passed over.
func sameJSON(t *testing.T, got, want []byte, without ...string) {
	t.Helper()
	trees := make([]any, 2)
	for i, data := range [][]byte{got, want} {
		if err := json.Unmarshal(data, &trees[i]); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		drop(trees[i], without)
	}
	if !reflect.DeepEqual(trees[0], trees[1]) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func drop(tree any, names []string) {
	switch tree := tree.(type) {
	case map[string]any:
		for _, name := range names {
			delete(tree, name)
		}
		for _, member := range tree {
			drop(member, names)
		}
	case []any:
		for _, item := range tree {
			drop(item, names)
		}
	}
}

func TestChallengesAreThoseOfMppx(t *testing.T) {
	v := read(t)
	for _, c := range v.Challenges {
		t.Run(c.Name, func(t *testing.T) {
			found, err := mpp.ParseWWWAuthenticate([]string{latin1(c.Header)})
			if err != nil || len(found) != 1 {
				t.Fatalf("%v, %d challenges", err, len(found))
			}
			got := found[0]
			sameJSON(t, encoded(t, got), c.Challenge, "meta")
			var fromJSON mpp.Challenge
			if err := json.Unmarshal(c.Challenge, &fromJSON); err != nil || !reflect.DeepEqual(fromJSON, got) {
				t.Errorf("%v: JSON is read as\n%+v\nthe header as\n%+v", err, fromJSON, got)
			}
			if want := strings.ReplaceAll(c.Header, "é", `\u00e9`); got.WWWAuthenticate() != want {
				t.Errorf("written as\n%s\nwant\n%s", got.WWWAuthenticate(), want)
			}
			if got.Nonce() != c.Nonce {
				t.Errorf("the nonce is %s, want %s", got.Nonce(), c.Nonce)
			}
			id := got.ID
			if err := issuer(t, v).Seal(&got); err != nil || got.ID != id {
				t.Errorf("%v: the id is %s, want %s", err, got.ID, id)
			}
		})
	}
}

func TestWhatASellerBoundToAChallengeOfMppxIsRead(t *testing.T) {
	for _, c := range read(t).Challenges {
		if c.Name != "of everything" {
			continue
		}
		var challenge mpp.Challenge
		if err := json.Unmarshal(c.Challenge, &challenge); err != nil {
			t.Fatal(err)
		}
		bound, err := challenge.Bound()
		if want := map[string]string{"_mppx_scope": "GET /search", "order": "a|b"}; err != nil || !reflect.DeepEqual(bound, want) {
			t.Errorf("%v, %v, want %v", err, bound, want)
		}
		if challenge.CredentialHeader() != mpp.HeaderCredentialBeside {
			t.Errorf("the credential goes into %s", challenge.CredentialHeader())
		}
		return
	}
	t.Fatal("there is no such challenge")
}

func TestACredentialOfMppxOverHTTPPaysItsChallenge(t *testing.T) {
	v := read(t)
	asked, err := mpp.ParseWWWAuthenticate([]string{v.HTTP.Challenge})
	if err != nil || len(asked) != 2 {
		t.Fatalf("%v, %d challenges", err, len(asked))
	}
	credential, err := mpp.ParseAuthorization([]string{v.HTTP.Credential})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(credential.Challenge, asked[0]) {
		t.Errorf("it answers\n%+v\nwant\n%+v", credential.Challenge, asked[0])
	}
	charge, err := issuer(t, v).Check(credential, then)
	if err != nil {
		t.Fatal(err)
	}
	if charge.Amount != 1000 || charge.Currency != v.Token || charge.Recipient != v.Receiver || charge.ChainID != 84532 || *charge.Decimals != 6 {
		t.Errorf("the charge is %+v", charge)
	}
	header, err := credential.Header()
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, payload(t, header), payload(t, v.HTTP.Credential))
}

func payload(t testing.TB, header string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(header, "Payment "))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestACredentialOfMppxOverMCPPaysItsChallenge(t *testing.T) {
	v := read(t)
	var credential mpp.Credential
	if err := json.Unmarshal(v.MCP.Credential, &credential); err != nil {
		t.Fatal(err)
	}
	if _, err := issuer(t, v).Check(&credential, then); err != nil {
		t.Error(err)
	}
	sameJSON(t, encoded(t, credential), v.MCP.Credential)
}

func TestTheAuthorizationIsThatOfMppx(t *testing.T) {
	v := read(t)
	var want mpp.Credential
	if err := json.Unmarshal(v.MCP.Credential, &want); err != nil {
		t.Fatal(err)
	}
	got, err := want.Challenge.Authorize(v.Payer, then)
	if err != nil {
		t.Fatal(err)
	}
	got.Authorization.Signature = want.Authorization.Signature
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", *got, want)
	}
}

func TestReceiptsAreThoseOfMppx(t *testing.T) {
	v := read(t)
	overHTTP, err := mpp.ParseReceipt(v.HTTP.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	if overHTTP.Method != mpp.MethodEVM || overHTTP.Reference != v.Transaction.Hex() || !overHTTP.Timestamp.Equal(then) {
		t.Errorf("read as %+v", overHTTP)
	}
	if header, err := overHTTP.Header(); err != nil || header != v.HTTP.Receipt {
		t.Errorf("%v: written as %s, want %s", err, header, v.HTTP.Receipt)
	}
	overMCP, err := mpp.DecodeReceipt(v.MCP.Receipt)
	if err != nil || overMCP.ChallengeID == "" {
		t.Fatalf("%v, read as %+v", err, overMCP)
	}
	sameJSON(t, encoded(t, overMCP), v.MCP.Receipt)
}

func TestRefusalsAreThoseOfMppx(t *testing.T) {
	v := read(t)
	for name, c := range map[string]struct {
		code int
		data json.RawMessage
		err  error
	}{
		"without a payment":        {v.MCP.Error.Code, v.MCP.Error.Data, nil},
		"with a changed challenge": {v.MCP.Refusal.Code, v.MCP.Refusal.Data, mpp.ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			required, err := mpp.DecodeRequired(c.data)
			if err != nil {
				t.Fatal(err)
			}
			problem, code := mpp.ProblemOf(c.err, required.Challenges[0].ID)
			if code != c.code {
				t.Errorf("the code is %d, want %d", code, c.code)
			}
			required.Problem = problem
			sameJSON(t, encoded(t, required), c.data, "meta", "hint", "detail")
		})
	}
	problem, _ := mpp.ProblemOf(nil, "JGbq9HKHncibPGLWyiKlcMb4v7jLK9-gbQQ5g0gCV1g")
	sameJSON(t, encoded(t, problem), v.HTTP.Problem, "hint", "detail")
}
