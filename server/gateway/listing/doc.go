// Package listing is what clients are shown of what the upstreams offer, and under which
// names.
//
// The lists of the upstreams and the prices of the config flow in. Tools that have a price flow
// out, each under one name that never moves from one upstream to another, and are known to the shop before
// they can be called; prompts, resources and templates flow out where the config names them. Only
// a list that has changed is announced. Whose a resource or a prompt is, is found here, too, and a
// [Report] says what is sold, free and hidden, and which patterns of the config stand for nothing.
package listing
