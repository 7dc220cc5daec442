// Package words reads what a server asks for a call, and writes what it is paid with, in whichever
// words of four a server has: x402 version 2, chit's short form of that, x402 version 1, or MPP.
//
// Whatever a server has said, its terms are those of x402 version 2 from here on ([Asked]); they
// carry along what a payment must be written in to be understood ([Manner]). The carriers differ:
// HTTP has headers and bodies ([OfResponse], [Payment.Header]), MCP results, errors and their _meta
// ([OfResult], [OfError], [Payment.Members]).
package words
