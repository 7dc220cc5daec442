// Package money holds the commands about a payer's money: where it is (wallet, balance,
// budget, receipts), how it gets into a channel and out again (deposit, topup, refund,
// withdraw), and what the payer's book has to know for that (recover, shop). Each reads its
// flags, calls one function of package agent, and prints what that returns.
package money
