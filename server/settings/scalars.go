package settings

import (
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/goccy/go-yaml/ast"

	"github.com/chitpay/chit/internal/decimal"
	"github.com/chitpay/chit/vouchers"
)

// Scalar returns the text of a string, or of a number where numbers are taken; a number that is
// not in plain decimals is none.
func (r *Reader) Scalar(at Place, want string, numbers bool) (string, bool) {
	value := r.Value(at)
	if numbers && value != nil {
		if err := decimal.Check(value); err != nil {
			r.Report(at, "%v", err)
			return "", false
		}
	}
	switch n := value.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode:
		if numbers {
			return n.Token.Value, true
		}
	case *ast.FloatNode:
		if numbers {
			return n.Token.Value, true
		}
	}
	r.Report(at, "%s, want %s", KindOf(value), want)
	return "", false
}

// Text reads a text that is not empty.
func (r *Reader) Text(to *string) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, "a text (in quotes if it looks like a number)", false)
		if ok && text == "" {
			r.Report(at, "it is empty")
		}
		*to = text
	}
}

// Texts reads a list of them.
func (r *Reader) Texts(to *[]string) Setting {
	return func(at Place) {
		r.List(at, func(element Place) {
			var text string
			r.Text(&text)(element)
			*to = append(*to, text)
		})
	}
}

// Flag reads true or false.
func (r *Reader) Flag(to *bool) Setting {
	return func(at Place) {
		n, ok := r.Value(at).(*ast.BoolNode)
		if !ok {
			r.Report(at, "%s, want true or false", KindOf(r.Value(at)))
			return
		}
		*to = n.Value
	}
}

// Duration reads a time of at least least; "0" is taken where least is 0.
func (r *Reader) Duration(to *time.Duration, least time.Duration) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, `a time such as "30s", "5m" or "1h"`, true)
		if !ok {
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < least {
			r.Report(at, `%q is not a time of at least %s, such as "30s", "5m" or "1h"`, text, least)
			return
		}
		*to = d
	}
}

// Amount reads an amount of USDC, which becomes atomic units.
func (r *Reader) Amount(to *vouchers.Amount) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, `an amount of USDC such as "0.001"`, true)
		if !ok {
			return
		}
		amount, err := vouchers.ParseAmount(text)
		if err != nil {
			r.Report(at, "%v", err)
			return
		}
		*to = amount
	}
}

// Whole reads a whole number.
func (r *Reader) Whole(to *uint64) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, "a whole number", true)
		if !ok {
			return
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			r.Report(at, "%q is not a whole number, 0 to 4294967295", text)
		}
		*to = n
	}
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

// Secrets reads texts by name, with ${NAME} replaced by the environment's NAME. What
// check says of one is reported without its value.
func (r *Reader) Secrets(to *map[string]string, check func(name, value string) error) Setting {
	return func(at Place) {
		*to = make(map[string]string)
		r.Each(at, func(name string, entry Place) {
			text, ok := r.Scalar(entry, "a text (in quotes if it looks like a number)", false)
			if !ok {
				return
			}
			value := r.Expand(entry, text)
			if err := check(name, value); err != nil {
				r.Report(entry, "%v", err)
			}
			(*to)[name] = value
		})
	}
}

// Expand replaces each ${NAME} of a text by the environment's NAME, and reports one that is not set.
func (r *Reader) Expand(at Place, text string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		variable := match[2 : len(match)-1]
		value, ok := os.LookupEnv(variable)
		if !ok {
			r.Report(at, "the environment variable %s is not set", strconv.Quote(variable))
		}
		return value
	})
}

// Count reads a whole number from 1 on.
func (r *Reader) Count(to *uint64) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, "a whole number", true)
		if !ok {
			return
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n == 0 {
			r.Report(at, "%q is not a whole number from 1 on", text)
			return
		}
		*to = n
	}
}

// Address reads an Ethereum address. One in mixed case must have the right checksum
// (EIP-55).
func (r *Reader) Address(to *common.Address) Setting {
	return func(at Place) {
		text, ok := r.Scalar(at, "an address in quotes", false)
		if !ok {
			return
		}
		mixed, err := common.NewMixedcaseAddressFromString(text)
		switch {
		case err != nil || !strings.HasPrefix(text, "0x"):
			r.Report(at, "%q is not an address: want 0x and 40 hex digits", text)
		case isMixed(text[2:]) && !mixed.ValidChecksum():
			r.Report(at, "address %s has a wrong checksum (EIP-55): a digit is mistyped", text)
		default:
			*to = mixed.Address()
		}
	}
}

func isMixed(digits string) bool {
	return strings.ToLower(digits) != digits && strings.ToUpper(digits) != digits
}

// URL reads a URL of HTTP or HTTPS.
func (r *Reader) URL(to *string) Setting {
	return func(at Place) {
		r.Text(to)(at)
		u, err := url.Parse(*to)
		if *to != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			r.Report(at, "it is not a URL such as https://host/mcp")
		}
	}
}
