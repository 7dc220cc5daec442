// Package treasury is what a payer does with its money without a seller.
//
// Its book and the chain come in. What goes out is where the money is ([Read]), what was spent
// and what the limits leave ([ReadBudget]), the channels that the chain alone knows of, written
// into the book ([Recover]), and the steps by which money leaves a channel without the seller's
// consent ([StartWithdrawals], [FinishWithdrawals]). What goes wrong with one channel keeps no
// other back.
package treasury
