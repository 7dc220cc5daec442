package agent

import "strings"

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
