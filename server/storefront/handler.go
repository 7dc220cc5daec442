package storefront

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Where the documents are.
const (
	WellKnownPath = "/.well-known/x402"
	OpenAPIPath   = "/openapi.json"
	LLMsPath      = "/llms.txt"
)

// Paths are where the documents are.
func Paths() []string { return []string{WellKnownPath, OpenAPIPath, LLMsPath} }

// MaxAge is how long a document may be kept by whoever has read it.
const MaxAge = time.Minute

// Handler answers GET and HEAD of [Paths] with what is sold then. It knows what its readers have
// already, by their If-None-Match. What is sold must be safe for concurrent use.
func Handler(sold func() Sold) http.Handler {
	mux := http.NewServeMux()
	for path, document := range map[string]func(*Sold) (kind string, body []byte, err error){
		WellKnownPath: asJSON(wellKnown), OpenAPIPath: asJSON(openAPI), LLMsPath: llms,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			now := sold()
			kind, body, err := document(&now)
			if err != nil {
				http.Error(w, "what is sold cannot be written down", http.StatusInternalServerError)
				return
			}
			serve(w, r, kind, body)
		})
	}
	return mux
}

func serve(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	sum := sha256.Sum256(body)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(MaxAge.Seconds())))
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func asJSON[D any](document func(*Sold) D) func(*Sold) (kind string, body []byte, err error) {
	return func(s *Sold) (kind string, body []byte, err error) {
		body, err = json.Marshal(document(s))
		return "application/json", body, err
	}
}
