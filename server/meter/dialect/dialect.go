package dialect

import (
	"github.com/chitpay/chit/server/meter/frames"
)

// Dialect is one call of an API.
type Dialect struct {
	// Name is how a config names it.
	Name string
	// Form is how its streams are cut.
	Form frames.Form

	request shape
	read    func(t *Tally, event object)
	refuse  func(r Refusal) any
	end     func(r Refusal) []byte
}

// The calls whose tokens can be told.
var (
	Chat = &Dialect{"openai chat/completions", frames.Events, shape{
		limits: []string{"max_tokens", "max_completion_tokens"}, copies: []string{"n"}, prompts: []string{"messages"}, usage: true,
		beyond: []string{"audio", "web_search_options", "prediction"},
	}, readOpenAI, refuseOpenAI, endOpenAI}
	Completions = &Dialect{"openai completions", frames.Events, shape{
		limits: []string{"max_tokens"}, copies: []string{"n", "best_of"}, prompts: []string{"prompt"}, each: true, usage: true,
	}, readOpenAI, refuseOpenAI, endOpenAI}
	Responses = &Dialect{"openai responses", frames.Events, shape{
		limits: []string{"max_output_tokens"}, prompts: []string{"input"}, refused: []string{"background"},
		beyond: []string{"previous_response_id", "conversation", "prompt"},
	}, readResponses, refuseOpenAI, endResponses}
	Embeddings = &Dialect{"openai embeddings", frames.Events, shape{prompts: []string{"input"}, silent: true}, readOpenAI, refuseOpenAI, endOpenAI}
	Messages   = &Dialect{"anthropic messages", frames.Events, shape{
		limits: []string{"max_tokens"}, prompts: []string{"messages", "system"}, beyond: []string{"container", "mcp_servers"},
	}, readAnthropic, refuseAnthropic, endAnthropic}
	OllamaChat = &Dialect{"ollama chat", frames.Lines, shape{
		limits: []string{"num_predict"}, within: "options", prompts: []string{"messages"}, streams: true,
	}, readOllama, refuseOllama, endOllama}
	OllamaGenerate = &Dialect{"ollama generate", frames.Lines, shape{
		limits: []string{"num_predict"}, within: "options", prompts: []string{"prompt"}, beyond: []string{"images"}, streams: true,
	}, readOllama, refuseOllama, endOllama}
	OllamaEmbed = &Dialect{"ollama embed", frames.Lines, shape{prompts: []string{"input"}, silent: true}, readOllama, refuseOllama, endOllama}
)
