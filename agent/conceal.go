package agent

import (
	"context"
	"strings"
)

// concealed is an error that shows a server's name in place of its URL, which may hold a
// secret, and few of the server's words: models and logs read errors.
type concealed struct {
	error
	url, name string
}

func (c concealed) Error() string {
	text := c.error.Error()
	if c.url != "" {
		text = strings.ReplaceAll(text, c.url, c.name)
	}
	return fewWords(text)
}

func (c concealed) Unwrap() error { return c.error }

func conceal(err error, url, name string) error {
	if err == nil {
		return nil
	}
	return concealed{err, url, name}
}

// fewWords cuts what a server gives for a reason.
func fewWords(text string) string {
	const most = 600
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// Requesting makes a request to the server at a URL, over a connection that
// [Limits.HTTPClient] has made. Its error names the limit that was met, and shows nothing of
// the URL that may be a secret.
func Requesting(ctx context.Context, url string, request func(context.Context) error) error {
	ctx, why := watched(ctx)
	return conceal(why(request(ctx)), url, ServerName(url))
}
