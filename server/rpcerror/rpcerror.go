package rpcerror

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// Sealer makes errors, and opens its own. The zero value is not one: see [New].
type Sealer struct{ key [32]byte }

// New returns a sealer.
func New() *Sealer {
	s := new(Sealer)
	_, _ = rand.Read(s.key[:]) // does not fail
	return s
}

// sealed is an error as the library carries it.
type sealed struct{ text string }

// Error implements error.
func (e *sealed) Error() string { return e.text }

// Error is what a handler returns to answer with a JSON-RPC error. The data may be nil. What
// cannot be encoded is the error that is returned.
func (s *Sealer) Error(code int, message string, data any) error {
	object, err := json.Marshal(mcp.JSONRPCErrorDetails{Code: code, Message: message, Data: data})
	if err != nil {
		return fmt.Errorf("encode the error %d: %w", code, err)
	}
	return &sealed{mark + s.seal(object) + ":" + string(object)}
}

const mark = "chit-error:"

// within is how an internal error begins whose text is sealed.
var within = fmt.Appendf(nil, `{"code":%d,"message":"%s`, mcp.INTERNAL_ERROR, mark)

func (s *Sealer) seal(object []byte) string {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write(object)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// open is a message with the error that is meant in the place of a sealed one.
func (s *Sealer) open(message []byte) []byte {
	at := bytes.Index(message, within)
	if at < 0 {
		return message
	}
	in := json.NewDecoder(bytes.NewReader(message[at:]))
	var carried mcp.JSONRPCErrorDetails
	if in.Decode(&carried) != nil {
		return message
	}
	seal, object, found := strings.Cut(strings.TrimPrefix(carried.Message, mark), ":")
	if !found || !hmac.Equal([]byte(seal), []byte(s.seal([]byte(object)))) {
		return message
	}
	meant := append(make([]byte, 0, len(message)), message[:at]...)
	return append(append(meant, object...), message[at+int(in.InputOffset()):]...)
}

// Writer opens what is written to w, a whole message at a time.
func (s *Sealer) Writer(w io.Writer) io.Writer { return opening{w, s} }

type opening struct {
	to io.Writer
	by *Sealer
}

func (o opening) Write(message []byte) (int, error) {
	if _, err := o.to.Write(o.by.open(message)); err != nil {
		return 0, err
	}
	return len(message), nil
}

// Handler opens what next answers, which writes each message whole.
func (s *Sealer) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&answer{w, opening{w, s}}, r)
	})
}

type answer struct {
	http.ResponseWriter
	body opening
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(message []byte) (int, error) { return a.body.Write(message) }

// Flush implements [http.Flusher].
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() } // what cannot be flushed is written at the end

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
