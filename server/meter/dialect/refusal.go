package dialect

import (
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Refusal is why a request is not answered, or a stream ends in the middle.
type Refusal struct {
	// Status is of HTTP: 402 where money is missing, 429 where it is about a rate.
	Status int
	// Message is for people.
	Message string
	// Chit is the structured refusal, shown within the API's own error; nil where there is none.
	Chit jsontext.Value
}

// Refuse is a refusal before the answer has begun: the body, in JSON.
func (d *Dialect) Refuse(r Refusal) []byte { return encoded(d.refuse(r)) }

// End is the event that ends a stream in the middle.
func (d *Dialect) End(r Refusal) []byte { return d.end(r) }

// Receipt is what follows the last event of a stream so that stock clients do not see it,
// nil where there is no such place. The receipt is one JSON value.
func (d *Dialect) Receipt(receipt jsontext.Value) []byte {
	if d.Form != 0 || receipt.Compact() != nil {
		return nil
	}
	return append(append([]byte(": chit-receipt "), receipt...), "\n\n"...)
}

func encoded(v any) []byte {
	raw, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	if err != nil { // of Chit alone, which is not JSON
		raw, _ = json.Marshal(map[string]string{"error": "refused"})
	}
	return raw
}

type openAIError struct {
	Message string         `json:"message"`
	Type    string         `json:"type"`
	Param   *string        `json:"param"`
	Code    string         `json:"code"`
	Chit    jsontext.Value `json:"chit,omitzero"`
}

func refuseOpenAI(r Refusal) any {
	e := openAIError{Message: r.Message, Type: "invalid_request_error", Code: "invalid_request", Chit: r.Chit}
	switch r.Status {
	case http.StatusPaymentRequired:
		e.Type, e.Code = "insufficient_quota", "insufficient_quota"
	case http.StatusTooManyRequests:
		e.Type, e.Code = "rate_limit_error", "rate_limit_exceeded"
	case http.StatusUnauthorized:
		e.Code = "invalid_api_key"
	case http.StatusForbidden:
		e.Type, e.Code = "permission_error", "permission_denied"
	case http.StatusNotFound:
		e.Code = "model_not_found"
	default:
		if r.Status >= http.StatusInternalServerError {
			e.Type, e.Code = "server_error", "server_error"
		}
	}
	return map[string]any{"error": e}
}

func endOpenAI(r Refusal) []byte { return event("", encoded(refuseOpenAI(r))) }

// endResponses ends as the API's ResponseErrorEvent, and has an error in it, since it is by that
// member that stock clients know the end of a stream for an error.
func endResponses(r Refusal) []byte {
	e := refuseOpenAI(r).(map[string]any)["error"].(openAIError)
	return event("error", encoded(map[string]any{"type": "error", "code": e.Code, "message": e.Message, "param": nil, "sequence_number": 0, "error": e}))
}

func refuseAnthropic(r Refusal) any {
	kind, known := map[int]string{
		http.StatusUnauthorized: "authentication_error", http.StatusPaymentRequired: "billing_error", http.StatusForbidden: "permission_error",
		http.StatusNotFound: "not_found_error", http.StatusRequestEntityTooLarge: "request_too_large", http.StatusTooManyRequests: "rate_limit_error",
	}[r.Status]
	switch {
	case known:
	case r.Status >= http.StatusInternalServerError:
		kind = "api_error"
	default:
		kind = "invalid_request_error"
	}
	return map[string]any{"type": "error", "request_id": nil, "error": struct {
		Type    string         `json:"type"`
		Message string         `json:"message"`
		Chit    jsontext.Value `json:"chit,omitzero"`
	}{kind, r.Message, r.Chit}}
}

func endAnthropic(r Refusal) []byte { return event("error", encoded(refuseAnthropic(r))) }

func refuseOllama(r Refusal) any {
	return struct {
		Error string         `json:"error"`
		Chit  jsontext.Value `json:"chit,omitzero"`
	}{r.Message, r.Chit}
}

func endOllama(r Refusal) []byte { return append(encoded(refuseOllama(r)), '\n') }

// event is a server-sent event.
func event(name string, data []byte) []byte {
	var e []byte
	if name != "" {
		e = append(e, "event: "+name+"\n"...)
	}
	return append(append(append(e, "data: "...), data...), "\n\n"...)
}
