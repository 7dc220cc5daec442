package agent

import (
	"context"
	"strings"
)

// concealed is an error that shows a server's name in place of its URL, which may hold a
// secret: models and logs read errors.
type concealed struct {
	error
	url, name string
}

func (c concealed) Error() string { return strings.ReplaceAll(c.error.Error(), c.url, c.name) }

func (c concealed) Unwrap() error { return c.error }

func conceal(err error, url, name string) error {
	if err == nil || url == "" || url == name {
		return err
	}
	return concealed{err, url, name}
}

// Requesting makes a request to the server at a URL, over a connection that
// [Limits.HTTPClient] has made. Its error names the limit that was met, and shows nothing of
// the URL that may be a secret.
func Requesting(ctx context.Context, url string, request func(context.Context) error) error {
	ctx, why := watched(ctx)
	return conceal(why(request(ctx)), url, ServerName(url))
}
