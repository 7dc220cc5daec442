package door

import (
	"crypto/rand"
	"net/http"
	"regexp"
)

// HeaderRequestID has the id of a request, by which the log names it: the client's own, if
// it has one of 1 to 64 letters, digits, dots, underscores and hyphens, or else one of the
// shop's. The answer has it as well.
const HeaderRequestID = "X-Request-Id"

var requestForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Identify gives a request its id.
func Identify(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(HeaderRequestID)
	if !requestForm.MatchString(id) {
		id = rand.Text()
		r.Header.Set(HeaderRequestID, id)
	}
	w.Header().Set(HeaderRequestID, id)
}
