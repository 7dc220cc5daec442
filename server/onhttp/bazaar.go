package onhttp

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// describe adds to the terms of an unpaid request how the route is asked.
func (on *onHTTP) describe(required *x402.PaymentRequired) {
	if required.Error != x402.ErrPaymentRequired {
		return
	}
	route := extension.SoldRoute{Method: on.r.Method, Query: on.offer.Query, MimeType: on.offer.Resource.MimeType}
	route.Template, route.PathParams = parametersOf(on.r)
	with, err := extension.AnnounceRoute(required.Extensions, route)
	if err != nil {
		on.seller.Logger.Debug("how a route is asked cannot be said beside its terms", "route", on.offer.Name, "error", err)
		return
	}
	required.Extensions = with
}

// segment is a wildcard of a pattern of [http.ServeMux] that stands for one segment.
var segment = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// parametersOf are those of the path of a request, with the path that has ":name" in their
// places. There are none where one stands for more than a segment.
func parametersOf(r *http.Request) (template string, values map[string]string) {
	path := r.Pattern[strings.Index(r.Pattern, "/")+1:]
	names := segment.FindAllStringSubmatch(path, -1)
	if template = segment.ReplaceAllString(path, ":$1"); len(names) == 0 || strings.ContainsAny(template, "{}") {
		return "", nil
	}
	values = make(map[string]string, len(names))
	for _, name := range names {
		values[name[1]] = r.PathValue(name[1])
	}
	return "/" + template, values
}
