package naming

import "strings"

// concealed is an error that shows a server's name in place of its URL, which may hold a
// secret, and few of the server's words: models and logs read errors.
type concealed struct {
	error
	url, name string
}

// Error is the error without the URL, in few words.
func (c concealed) Error() string {
	text := c.error.Error()
	if c.url != "" {
		text = strings.ReplaceAll(text, c.url, c.name)
	}
	return FewWords(text)
}

// Unwrap is the whole error, for callers that branch on it.
func (c concealed) Unwrap() error { return c.error }

// Conceal is an error that shows a name in place of a URL, and few words; nil is none.
func Conceal(err error, url, name string) error {
	if err == nil {
		return nil
	}
	return concealed{err, url, name}
}

// FewWords cuts what a server gives for a reason.
func FewWords(text string) string {
	const most = 600
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
