// Package server is the seller's side: it puts a price on MCP tools, takes x402
// payments for them, and turns the vouchers into USDC.
//
// A [Shop] holds everything that belongs together: the ledger of channels and its
// store, the escrow, the key that submits transactions, the prices. [Shop.Sell]
// stands in front of an MCP server's tools, [Shop.SellHTTP] in front of a handler. A call without a payment is answered
// with the terms; a call with one is checked in memory, runs, and is answered once
// the charge is on disk. A failed call is not charged. Deposits and refunds are
// payments too: the payer signs, the shop submits. The [settle.Settler] claims what was
// charged in batches.
//
// All amounts are atomic USDC, all times Unix seconds.
package server
