package mpp_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

func FuzzParseWWWAuthenticate(f *testing.F) {
	v := read(f)
	for _, c := range v.Challenges {
		f.Add(latin1(c.Header))
	}
	f.Add(v.HTTP.Challenge)
	f.Add(`Basic realm="x, Payment \"", Negotiate YWJj=, Payment id=a,realm=b,method=c,intent=d,request=e30,header=x`)
	f.Fuzz(func(t *testing.T, header string) {
		found, err := mpp.ParseWWWAuthenticate([]string{header})
		if err != nil {
			bounded(t, err)
			return
		}
		for _, c := range found {
			written := c.WWWAuthenticate()
			if len(written) > mpp.MaxHeader { // escapes may take more room
				continue
			}
			again, err := mpp.ParseWWWAuthenticate([]string{written})
			if err != nil || len(again) != 1 || !reflect.DeepEqual(again[0], c) {
				t.Fatalf("%v: %q is read as\n%+v\nwritten as %q and read as\n%+v", err, header, c, written, again)
			}
			sameAgain(t, encoded(t, c))
		}
	})
}

// sameAgain checks that the JSON of a challenge is read as it was written.
func sameAgain(t *testing.T, data []byte) {
	t.Helper()
	var c mpp.Challenge
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if again := encoded(t, c); string(again) != string(data) {
		t.Fatalf("%s is written as %s", data, again)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	v := read(f)
	f.Add(v.HTTP.Credential)
	f.Add("Bearer abc, Payment e30")
	f.Fuzz(func(t *testing.T, header string) {
		c, err := mpp.ParseAuthorization([]string{header})
		if err != nil {
			bounded(t, err)
			return
		}
		if c != nil {
			credentialAgain(t, c)
		}
	})
}

func FuzzDecodeCredential(f *testing.F) {
	v := read(f)
	f.Add([]byte(v.MCP.Credential))
	f.Add(payload(f, v.HTTP.Credential))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := mpp.DecodeCredential(data)
		if err != nil {
			bounded(t, err)
			return
		}
		credentialAgain(t, c)
	})
}

// credentialAgain checks that a credential is read as it is written, both ways, and is not taken
// by a seller who did not ask for it.
func credentialAgain(t *testing.T, c *mpp.Credential) {
	t.Helper()
	header, err := c.Header()
	if err != nil {
		t.Fatalf("%v writing %+v", err, c)
	}
	if len(header) > mpp.MaxBytes { // escapes may take more room
		return
	}
	for _, data := range [][]byte{encoded(t, c), payload(t, header)} {
		if again, err := mpp.DecodeCredential(data); err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%v: %s is read as\n%+v\nwant\n%+v", err, data, again, c)
		}
	}
	i, err := mpp.NewIssuer(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Check(c, then); err == nil {
		t.Fatalf("%+v is taken", c)
	}
}

func FuzzDecodeReceipt(f *testing.F) {
	v := read(f)
	f.Add([]byte(v.MCP.Receipt))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := mpp.DecodeReceipt(data)
		if err != nil {
			bounded(t, err)
			return
		}
		header, err := r.Header()
		if err != nil {
			t.Fatalf("%v writing %+v", err, r)
		}
		if len(header) > mpp.MaxBytes {
			return
		}
		again, err := mpp.ParseReceipt(header)
		if err != nil || !again.Timestamp.Equal(r.Timestamp) {
			t.Fatalf("%v: %+v is read as %+v", err, r, again)
		}
		if twice, err := again.Header(); err != nil || twice != header {
			t.Fatalf("%v: %s is written as %s", err, header, twice)
		}
	})
}

func FuzzDecodeRequired(f *testing.F) {
	v := read(f)
	f.Add([]byte(v.MCP.Error.Data))
	f.Add([]byte(v.MCP.Refusal.Data))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := mpp.DecodeRequired(data)
		if err != nil {
			bounded(t, err)
			return
		}
		written := encoded(t, r)
		if len(written) > x402.DefaultMaxBytes {
			return
		}
		again, err := mpp.DecodeRequired(written)
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		if twice := encoded(t, again); string(twice) != string(written) {
			t.Fatalf("%s\nis written as\n%s", written, twice)
		}
	})
}
