package config

import (
	"errors"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/goccy/go-yaml/ast"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/internal/decimal"
	"github.com/chitpay/chit/vouchers"
)

// scalar returns the text of a string, or of a number where numbers are taken; a number that is
// not in plain decimals is none.
func (r *reader) scalar(at place, want string, numbers bool) (string, bool) {
	value := r.value(at)
	if numbers && value != nil {
		if err := decimal.Check(value); err != nil {
			r.report(at, "%v", err)
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
	r.report(at, "%s, want %s", kindOf(value), want)
	return "", false
}

func (r *reader) text(to *string) setting {
	return func(at place) {
		text, ok := r.scalar(at, "a text (in quotes if it looks like a number)", false)
		if ok && text == "" {
			r.report(at, "it is empty")
		}
		*to = text
	}
}

func (r *reader) texts(to *[]string) setting {
	return func(at place) {
		r.list(at, func(element place) {
			var text string
			r.text(&text)(element)
			*to = append(*to, text)
		})
	}
}

func (r *reader) flag(to *bool) setting {
	return func(at place) {
		n, ok := r.value(at).(*ast.BoolNode)
		if !ok {
			r.report(at, "%s, want true or false", kindOf(r.value(at)))
			return
		}
		*to = n.Value
	}
}

// duration reads a time of at least least; "0" is taken where least is 0.
func (r *reader) duration(to *time.Duration, least time.Duration) setting {
	return func(at place) {
		text, ok := r.scalar(at, `a time such as "30s", "5m" or "1h"`, true)
		if !ok {
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < least {
			r.report(at, `%q is not a time of at least %s, such as "30s", "5m" or "1h"`, text, least)
			return
		}
		*to = d
	}
}

func (r *reader) amount(to *vouchers.Amount) setting {
	return func(at place) {
		text, ok := r.scalar(at, `an amount of USDC such as "0.001"`, true)
		if !ok {
			return
		}
		amount, err := vouchers.ParseAmount(text)
		if err != nil {
			r.report(at, "%v", err)
			return
		}
		*to = amount
	}
}

// whole reads a whole number.
func (r *reader) whole(to *uint64) setting {
	return func(at place) {
		text, ok := r.scalar(at, "a whole number", true)
		if !ok {
			return
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			r.report(at, "%q is not a whole number, 0 to 4294967295", text)
		}
		*to = n
	}
}

var reference = regexp.MustCompile(`\$\{([^}]*)\}`)

// secrets reads texts by name, with ${NAME} replaced by the environment's NAME. What
// check says of one is reported without its value.
func (r *reader) secrets(to *map[string]string, check func(name, value string) error) setting {
	return func(at place) {
		*to = make(map[string]string)
		r.each(at, func(name string, entry place) {
			text, ok := r.scalar(entry, "a text (in quotes if it looks like a number)", false)
			if !ok {
				return
			}
			value := r.expand(entry, text)
			if err := check(name, value); err != nil {
				r.report(entry, "%v", err)
			}
			(*to)[name] = value
		})
	}
}

func (r *reader) expand(at place, text string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		variable := match[2 : len(match)-1]
		value, ok := os.LookupEnv(variable)
		if !ok {
			r.report(at, "the environment variable %s is not set", strconv.Quote(variable))
		}
		return value
	})
}

// count reads a whole number from 1 on.
func (r *reader) count(to *uint64) setting {
	return func(at place) {
		text, ok := r.scalar(at, "a whole number", true)
		if !ok {
			return
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n == 0 {
			r.report(at, "%q is not a whole number from 1 on", text)
			return
		}
		*to = n
	}
}

// address reads an Ethereum address. One in mixed case must have the right checksum
// (EIP-55).
func (r *reader) address(to *common.Address) setting {
	return func(at place) {
		text, ok := r.scalar(at, "an address in quotes", false)
		if !ok {
			return
		}
		mixed, err := common.NewMixedcaseAddressFromString(text)
		switch {
		case err != nil || !strings.HasPrefix(text, "0x"):
			r.report(at, "%q is not an address: want 0x and 40 hex digits", text)
		case isMixed(text[2:]) && !mixed.ValidChecksum():
			r.report(at, "address %s has a wrong checksum (EIP-55): a digit is mistyped", text)
		default:
			*to = mixed.Address()
		}
	}
}

func isMixed(digits string) bool {
	return strings.ToLower(digits) != digits && strings.ToUpper(digits) != digits
}

func checkedURL(r *reader, to *string) setting {
	return func(at place) {
		r.text(to)(at)
		u, err := url.Parse(*to)
		if *to != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			r.report(at, "it is not a URL such as https://host/mcp")
		}
	}
}

var headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func readHeaders(r *reader, to *map[string]string) setting { return r.secrets(to, checkHeader) }

func checkHeader(name, value string) error {
	if !headerForm.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
		return errors.New("it is not a header: its name has other characters than HTTP allows, or its value has line breaks")
	}
	return nil
}

func checkGlob(r *reader, at place, pattern string) {
	if err := glob.Check(pattern); err != nil {
		r.report(at, "%v", err)
	}
}
