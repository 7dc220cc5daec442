package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/server/settings"
)

// Problem is one thing that is wrong with a config file.
type Problem = settings.Problem

type (
	reader  = settings.Reader
	place   = settings.Place
	setting = settings.Setting
)

var headerForm = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func readHeaders(r *reader, to *map[string]string) setting { return r.Secrets(to, checkHeader) }

func checkHeader(name, value string) error {
	if !headerForm.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
		return errors.New("it is not a header: its name has other characters than HTTP allows, or its value has line breaks")
	}
	return nil
}

func checkGlob(r *reader, at place, pattern string) {
	if err := glob.Check(pattern); err != nil {
		r.Report(at, "%v", err)
	}
}
