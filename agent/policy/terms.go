package policy

import "errors"

// ErrTerms says that a server offers no way of paying that this client can use.
var ErrTerms = errors.New("no acceptable payment terms")
