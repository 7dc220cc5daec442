// Package sell holds the commands of who sells: `chit serve` and `chit gateway` run a shop,
// the others ask it. Each reads its flags, calls one function of package operate, and prints
// what that returns.
package sell
