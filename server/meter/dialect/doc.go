// Package dialect reads and writes the APIs of models: OpenAI's, Anthropic's and Ollama's.
//
// A request flows in, and out comes its [Ask]: its model, a bound of its tokens, and its body
// for the upstream. Events and whole answers flow in, and a [Tally] says what of the tokens
// they have told. Refusals flow in, and come out as each API's stock clients know errors.
// Whatever the other side wrote may be wrong: a count that is none is as if it was not there.
package dialect
