package route

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/chitpay/chit/server/gateway/config"
	"github.com/chitpay/chit/server/gateway/pricing"
)

// parameters are those of a route that a caller may not spell as it likes: the one that
// the price depends on, and those that the config fixes. Programs read a query and a form
// in many ways (without case, with brackets, the first of two or the last, the form before
// the query), so that a request is refused that one of them could read as another value
// than the price was made from, or than the config has.
type parameters struct {
	priced string // empty if the price depends on none
	inPath bool   // the priced one is a wildcard of the path
	fixed  []string
}

func parametersOf(r *config.Route, price pricing.Price) parameters {
	var p parameters
	if price.Per != nil {
		p.priced = price.Per.Argument
		for _, wild := range r.Wildcards() {
			p.inPath = p.inPath || wild.Name == p.priced
		}
	}
	_, query, _ := strings.Cut(r.Upstream, "?")
	fixed, _ := url.ParseQuery(query) // was checked when the config was read
	for name := range fixed {
		p.fixed = append(p.fixed, name)
	}
	return p
}

// check refuses a request that spells one of the parameters in another way than the
// one that is asked for. It reads the body, and puts it back.
func (p *parameters) check(r *http.Request) error {
	if p.priced == "" && len(p.fixed) == 0 {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, values := range query {
		if err := p.inQuery(name, len(values)); err != nil {
			return err
		}
	}
	return p.checkBody(r)
}

func (p *parameters) inQuery(name string, times int) error {
	switch {
	case p.priced != "" && !p.inPath && name == p.priced:
		if times > 1 {
			return fmt.Errorf("%s is given %d times", name, times)
		}
		return nil
	case p.isPriced(name) && p.inPath:
		return fmt.Errorf("%s is not a parameter of the query: the price is made from that of the path", shown(name))
	case p.isPriced(name):
		return fmt.Errorf("%s is not a parameter; write %s, once", shown(name), p.priced)
	}
	return p.notFixed(name)
}

func (p *parameters) isPriced(name string) bool {
	return p.priced != "" && sameParameter(name, p.priced)
}

func (p *parameters) notFixed(name string) error {
	for _, fixed := range p.fixed {
		if sameParameter(name, fixed) {
			return fmt.Errorf("%s is not the caller's to choose: leave it out", shown(name))
		}
	}
	return nil
}

// checkBody refuses a form, or a JSON object, that names one of the parameters.
func (p *parameters) checkBody(r *http.Request) error {
	body, err := reread(r)
	if err != nil || len(body) == 0 {
		return err
	}
	names, err := namesIn(r.Header, body)
	if err != nil {
		return fmt.Errorf("the body cannot be read: %w", err)
	}
	for _, name := range names {
		if p.isPriced(name) {
			return fmt.Errorf("%s is not a parameter of the body: the price is made from that of the path or the query", shown(name))
		}
		if err := p.notFixed(name); err != nil {
			return err
		}
	}
	return nil
}

func shown(name string) string { return strconv.Quote(name[:min(len(name), 40)]) }

// sameParameter says whether some program takes one name for the other.
func sameParameter(a, b string) bool { return strings.EqualFold(plainName(a), plainName(b)) }

// plainName is a parameter's name without what programs read out of it: brackets, spaces
// around it, what follows a NUL, and PHP's dots and spaces, which are underscores.
func plainName(name string) string {
	name, _, _ = strings.Cut(name, "\x00")
	name = strings.TrimSpace(name)
	if at := strings.IndexByte(name, '['); at > 0 {
		name = name[:at]
	}
	return underscored.Replace(strings.TrimSpace(name))
}

var underscored = strings.NewReplacer(".", "_", " ", "_", "[", "_")

// namesIn are the names of the parameters that a program may read from a body.
func namesIn(header http.Header, body []byte) ([]string, error) {
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fmt.Errorf("it is compressed (%s): send it as it is", shown(encoding))
	}
	kinds := header.Values("Content-Type")
	if len(kinds) == 0 {
		return nil, nil
	}
	if len(kinds) > 1 {
		return nil, errors.New("it has more than one Content-Type")
	}
	kind, with, err := mime.ParseMediaType(kinds[0])
	switch {
	case err != nil:
		return nil, err
	case kind == "application/x-www-form-urlencoded":
		return namesInForm(body)
	case strings.HasPrefix(kind, "multipart/"):
		return namesInParts(multipart.NewReader(bytes.NewReader(body), with["boundary"]))
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return namesInJSON(body)
	}
	return nil, nil
}

func namesInForm(body []byte) (names []string, err error) {
	form, err := url.ParseQuery(string(body))
	for name := range form {
		names = append(names, name)
	}
	return names, err
}

func namesInParts(parts *multipart.Reader) (names []string, err error) {
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, part.FormName())
	}
}

func namesInJSON(body []byte) (names []string, err error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, nil
	}
	var object map[string]json.RawMessage
	err = json.Unmarshal(body, &object)
	for name := range object {
		names = append(names, name)
	}
	return names, err
}

// reread returns the body, which is read again afterwards.
func reread(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body) // from memory
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
