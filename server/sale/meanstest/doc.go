// Package meanstest holds what every way to pay must pass: whoever writes a new one calls [Run].
//
// A [Subject] flows in: how a shop is opened that is paid this way, and how a payer pays. For
// each rule and each carrier, a tool call, a read of a resource and a get of a prompt over MCP and
// a plain HTTP route, a real shop is opened on a store of its own, payments are made over the
// wire, and what the books say afterwards is held against what was asked: a call that fails costs
// nothing, the same payment gets the same answer, no answer leaves before its charge is durable,
// and a crash loses and doubles nothing. A crash is what is durable at that moment: the sale
// stands still at one of its steps, its store is copied, and a second shop opened on the copy. A
// rule that cannot hold for a way is named in [Subject.Except], with the reason. Rules of what is
// behind the words of a request are held on a tool call and a route, and with [Everything] on all.
//
// The tests of a package that calls Run have [shoptest.Main] as their main. The example of a way
// to pay is that of the suite itself: prepaid_test.go.
package meanstest
