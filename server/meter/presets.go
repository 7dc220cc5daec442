package meter

import (
	"net/http"

	"github.com/chitpay/chit/server/meter/dialect"
)

// Path is a route of an API.
type Path struct {
	// Method and Path are a pattern of [http.ServeMux].
	Method, Path string
	// Dialect meters it; nil is a list of models, which costs nothing: see [Models].
	Dialect *dialect.Dialect
}

// Presets are all paths of an API, by the name that a config has for it.
var Presets = map[string][]Path{
	"openai": {
		{http.MethodPost, "/v1/chat/completions", dialect.Chat},
		{http.MethodPost, "/v1/completions", dialect.Completions},
		{http.MethodPost, "/v1/responses", dialect.Responses},
		{http.MethodPost, "/v1/embeddings", dialect.Embeddings},
		{http.MethodGet, "/v1/models", nil},
	},
	"anthropic": {
		{http.MethodPost, "/v1/messages", dialect.Messages},
		{http.MethodGet, "/v1/models", nil},
	},
	"ollama": {
		{http.MethodPost, "/api/chat", dialect.OllamaChat},
		{http.MethodPost, "/api/generate", dialect.OllamaGenerate},
		{http.MethodPost, "/api/embed", dialect.OllamaEmbed},
		{http.MethodGet, "/api/tags", nil},
	},
}
