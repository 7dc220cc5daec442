package config

import (
	"net/url"
	"strings"
)

// AnyOrigin in [Config.Origins] is every web page.
const AnyOrigin = "*"

func readOrigins(r *reader, to *[]string) setting {
	return func(at place) {
		r.List(at, func(element place) {
			var text string
			r.Text(&text)(element)
			u, err := url.Parse(text)
			if text != "" && text != AnyOrigin && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || text != u.Scheme+"://"+u.Host || strings.Contains(text, "*")) {
				r.Report(element, "%q is not an origin such as https://app.example.com, nor \"*\", which is any", text)
			}
			*to = append(*to, text)
		})
	}
}
