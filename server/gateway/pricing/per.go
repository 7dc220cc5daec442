package pricing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
)

// Per is a price for each unit of an argument; a call has at least one. Of a route the
// argument is a wildcard of its path or a parameter of its query, and a number.
type Per struct {
	Argument string
	// Of is what the argument must be, and what is counted: [OfNumber], [OfText] or
	// [OfList]; empty is a number. Anything else is refused: the upstream may read it as
	// another count than the price did.
	Of string
	// Unit is what one costs, in atomic USDC.
	Unit vouchers.Amount
	// Default counts where the argument is left out; nil is the most that a call costs.
	Default *uint64
}

// What [Per] counts.
const (
	OfNumber = "number" // its value
	OfText   = "text"   // its characters
	OfList   = "list"   // its elements
)

// String is such as "0.0001 per count".
func (p *Per) String() string { return p.Unit.Decimal() + " per " + p.Argument }

// of is the price of so many, nil being nobody knows how many: at least that of one, and
// cut to the most that a call costs.
func (p *Price) of(count *big.Rat) vouchers.Amount {
	if count == nil {
		return p.Most
	}
	sum := new(big.Rat).Mul(count, new(big.Rat).SetInt(p.Per.Unit.Big()))
	sum.Add(sum, new(big.Rat).SetInt(p.Base.Big()))
	whole, rest := new(big.Int).QuoRem(sum.Num(), sum.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if whole.Cmp(p.Most.Big()) > 0 {
		return p.Most
	}
	return max(vouchers.Amount(whole.Uint64()), min(p.Base+p.Per.Unit, p.Most))
}

// quote is the price of a call.
func (p *Price) quote(_ context.Context, req mcp.CallToolRequest) (vouchers.Amount, error) {
	raw := []byte(req.Params.RawArguments)
	if len(raw) == 0 {
		var err error
		if raw, err = json.Marshal(req.Params.Arguments); err != nil {
			return 0, err
		}
	}
	given, err := p.Per.argument(raw)
	if err != nil {
		return 0, err
	}
	count, err := p.Per.count(given)
	if err != nil {
		return 0, err
	}
	return p.of(count), nil
}

// argument finds the argument in an object, nil if it is not there. An object in which
// programs may see different values is refused: one value for the price, and another
// for the call.
func (p *Per) argument(object []byte) (json.RawMessage, error) {
	if bytes.Equal(object, []byte("null")) {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("the arguments are not an object")
	}
	var found json.RawMessage
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		switch {
		case name == p.Argument && found == nil:
			found = value
		case name == p.Argument:
			return nil, fmt.Errorf("%s is given twice", p.Argument)
		case strings.EqualFold(name.(string), p.Argument):
			return nil, fmt.Errorf("%s is not an argument; write %s", strconv.Quote(name.(string)), p.Argument)
		}
	}
	return found, nil
}

// count is how many units a value has, nil if it is not given and has no default.
func (p *Per) count(value json.RawMessage) (*big.Rat, error) {
	if value == nil || bytes.Equal(value, []byte("null")) {
		return p.otherwise(), nil
	}
	var number json.Number
	var text string
	var list []json.RawMessage
	kind := value[0]
	switch {
	case p.Of == OfText && kind == '"' && json.Unmarshal(value, &text) == nil:
		return new(big.Rat).SetInt64(int64(utf8.RuneCountInString(text))), nil
	case p.Of == OfList && kind == '[' && json.Unmarshal(value, &list) == nil:
		return new(big.Rat).SetInt64(int64(len(list))), nil
	case p.Of == OfNumber && kind != '"' && json.Unmarshal(value, &number) == nil:
		return p.number(number)
	}
	return nil, fmt.Errorf("%s is not a %s", p.Argument, p.Of)
}

// number is the value of a number. One that does not fit a program's numbers is refused.
func (p *Per) number(n json.Number) (*big.Rat, error) {
	v, err := n.Float64()
	if err != nil || v < 0 {
		return nil, fmt.Errorf("%s is %.40s: want a number from 0 on", p.Argument, n)
	}
	return new(big.Rat).SetFloat64(v), nil
}

// otherwise counts where the argument is left out.
func (p *Per) otherwise() *big.Rat {
	if p.Default == nil {
		return nil
	}
	return new(big.Rat).SetUint64(*p.Default)
}

// decimal is how numbers are written in a URL.
var decimal = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)

// QuoteRequest is the price of a request to a route.
func (p *Price) QuoteRequest(r *http.Request) (vouchers.Amount, error) {
	text := r.PathValue(p.Per.Argument)
	if text == "" {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return 0, err
		}
		given := query[p.Per.Argument] // once at most, and in no other spelling: the route has refused others
		if len(given) == 0 {
			return p.of(p.Per.otherwise()), nil
		}
		text = given[0]
	}
	if !decimal.MatchString(text) {
		return 0, fmt.Errorf("%s is %s, want a number such as 12 or 0.5", p.Per.Argument, strconv.Quote(text[:min(len(text), 40)]))
	}
	count, _ := new(big.Rat).SetString(text) // has the form of one
	return p.of(count), nil
}
