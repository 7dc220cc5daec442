package onmcp

// The tools by which money moves. They cost nothing; what they do is in the payment that
// comes with the call.
const (
	// DepositTool moves money into the payer's channel.
	DepositTool = "chit_deposit"
	// RefundTool gives back what is left of it.
	RefundTool = "chit_refund"
)

// The tools for credit tokens.
const (
	// CreditGrantTool sells budgets and top-ups: the voucher in the call's _meta pays for
	// one, and the order in the arguments is signed by the same key.
	CreditGrantTool = "chit_credit_grant"
	// CreditTool looks at grants and ends them, by an order of the payer or for the
	// token that the call carries.
	CreditTool = "chit_credit"
)

// ReceiptsTool gives a payer the receipts of its channel again, by its order: those of
// answers that were lost, and of calls that others made on its tokens.
const ReceiptsTool = "chit_receipts"

// StateTool tells a payer where its channel stands.
const StateTool = "chit_state"

// isOwn reports whether a tool is the shop's own: it
// costs nothing, or takes its payment itself.
func isOwn(tool string) bool {
	return tool == DepositTool || tool == RefundTool || tool == CreditGrantTool || tool == CreditTool || tool == ReceiptsTool || tool == StateTool
}

// OwnTools are the names of the shop's own tools.
func OwnTools() []string {
	return []string{CreditTool, CreditGrantTool, DepositTool, ReceiptsTool, RefundTool, StateTool}
}
