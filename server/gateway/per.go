package gateway

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

// Per is a price for each unit of an argument: of a number its value, of a list the
// number of its elements, of a text that of its characters. Of a route it is a wildcard
// of its path or a parameter of its query, which must be a number.
type Per struct {
	Argument string
	// Unit is what one costs, in atomic USDC.
	Unit vouchers.Amount
	// Default counts where the argument is left out.
	Default uint64
}

// String is such as "0.0001 per count".
func (p *Per) String() string { return p.Unit.Decimal() + " per " + p.Argument }

func readPer(r *reader, to **Per) setting {
	return func(at place) {
		p := new(Per)
		*to = p
		before := len(r.problems)
		r.object(at, map[string]setting{"argument": r.text(&p.Argument), "unit": r.amount(&p.Unit), "default": r.whole(&p.Default)})
		if len(r.problems) == before && (p.Argument == "" || p.Unit == 0) {
			r.report(at, "it needs argument, the name of one, and unit, what one costs")
		}
	}
}

// of is the price of so many, cut to the most that a call costs.
func (p *Price) of(count *big.Rat) vouchers.Amount {
	sum := new(big.Rat).Mul(count, new(big.Rat).SetInt(p.Per.Unit.Big()))
	sum.Add(sum, new(big.Rat).SetInt(p.Base.Big()))
	whole, rest := new(big.Int).QuoRem(sum.Num(), sum.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if whole.Cmp(p.Most.Big()) > 0 {
		return p.Most
	}
	return vouchers.Amount(whole.Uint64())
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

// count is how many units a value has.
func (p *Per) count(value json.RawMessage) (*big.Rat, error) {
	var parsed any
	if value != nil {
		if err := json.Unmarshal(value, &parsed); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Argument, err)
		}
	}
	switch v := parsed.(type) {
	case nil:
		return new(big.Rat).SetUint64(p.Default), nil
	case float64:
		if v < 0 {
			return nil, fmt.Errorf("%s is below 0", p.Argument)
		}
		return new(big.Rat).SetFloat64(v), nil
	case string:
		return new(big.Rat).SetInt64(int64(utf8.RuneCountInString(v))), nil
	case []any:
		return new(big.Rat).SetInt64(int64(len(v))), nil
	}
	return nil, fmt.Errorf("%s is neither a number nor a text nor a list", p.Argument)
}

// decimal is how numbers are written in a URL.
var decimal = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)

// quoteRequest is the price of a request to a route.
func (p *Price) quoteRequest(r *http.Request) (vouchers.Amount, error) {
	text := r.PathValue(p.Per.Argument)
	if text == "" {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return 0, err
		}
		given := query[p.Per.Argument]
		if len(given) == 0 {
			return p.of(new(big.Rat).SetUint64(p.Per.Default)), nil
		}
		if len(given) > 1 {
			return 0, fmt.Errorf("%s is given %d times", p.Per.Argument, len(given))
		}
		text = given[0]
	}
	if !decimal.MatchString(text) {
		return 0, fmt.Errorf("%s is %s, want a number such as 12 or 0.5", p.Per.Argument, strconv.Quote(text[:min(len(text), 40)]))
	}
	count, _ := new(big.Rat).SetString(text) // has the form of one
	return p.of(count), nil
}
