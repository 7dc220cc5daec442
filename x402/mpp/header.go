package mpp

import (
	"fmt"
	"strings"
)

// WWWAuthenticate is the challenge as the value of [HeaderChallenge].
func (c *Challenge) WWWAuthenticate() string {
	var b strings.Builder
	b.WriteString(Scheme)
	separator := " "
	for _, param := range []struct {
		name, value string
		required    bool
	}{
		{"id", c.ID, true}, {"realm", c.Realm, true}, {"method", c.Method, true}, {"intent", c.Intent, true},
		{"request", c.encodedRequest(), true}, {"description", c.Description, false}, {"digest", c.Digest, false},
		{"expires", c.Expires, false}, {"header", c.Header, false}, {"opaque", c.Opaque, false},
	} {
		if param.value == "" && !param.required {
			continue
		}
		b.WriteString(separator)
		b.WriteString(param.name)
		b.WriteByte('=')
		quote(&b, param.value)
		separator = ", "
	}
	return b.String()
}

// ParseWWWAuthenticate reads the challenges of the scheme Payment from the values of
// [HeaderChallenge], of which each may have several, and passes over those of other schemes. There
// may be none. Errors wrap [ErrMalformed].
func ParseWWWAuthenticate(values []string) ([]Challenge, error) {
	size := 0
	var found []Challenge
	for _, value := range values {
		if size += len(value); size > MaxHeader {
			return nil, malformed("", fmt.Sprintf("%d bytes of challenges", size), fmt.Sprintf("at most %d", MaxHeader))
		}
		schemes, err := readSchemes(value)
		if err != nil {
			return nil, err
		}
		for _, s := range schemes {
			if !strings.EqualFold(s.name, Scheme) {
				continue
			}
			if len(found) == MaxChallenges {
				return nil, malformed("", fmt.Sprintf("more than %d challenges", MaxChallenges), "fewer")
			}
			c, err := s.challenge()
			if err != nil {
				return nil, err
			}
			found = append(found, *c)
		}
	}
	return found, nil
}

func (s *scheme) challenge() (*Challenge, error) {
	for _, name := range [...]string{"id", "realm", "method", "intent", "request"} {
		if _, there := s.params[name]; !there {
			return nil, malformed(name, "", "a value")
		}
	}
	request, err := decodeRequest(s.params["request"])
	if err != nil {
		return nil, err
	}
	c := &Challenge{
		ID: s.params["id"], Realm: s.params["realm"], Method: s.params["method"], Intent: s.params["intent"], Request: request,
		Description: s.params["description"], Digest: s.params["digest"], Expires: s.params["expires"],
		Header: otherHeader(s.params["header"]), Opaque: s.params["opaque"],
	}
	return c, c.check()
}
