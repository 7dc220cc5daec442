// Package asking asks clients what an upstream wants to know of them: for a model's answer
// (sampling), a human's (elicitation), or their roots.
//
// What a client declares flows in as its [Abilities], which its session's id tells of from
// then on, so that nothing has to be remembered of it. A question flows out on the answer of
// a request that is on its way ([Conversation]), or on the stream on which the client
// waits for news; the answer comes as a request of its own, and is given to whoever asked
// the same session. Nobody can answer for another, and a client that cannot be asked
// is not.
package asking
