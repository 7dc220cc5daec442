package door

import (
	"encoding/json"
	"net/http"
)

// Problem is what an answer in JSON says of an error.
type Problem struct {
	// Error is what is wrong, in words for who asked.
	Error string `json:"error"`
}

// WriteJSON answers with a value.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone: nobody is left to tell
}

// WriteProblem answers with what is wrong.
func WriteProblem(w http.ResponseWriter, status int, what string) {
	WriteJSON(w, status, Problem{what})
}
