package foreign_test

import (
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/foreign"
)

func ExampleMeta() {
	meta := foreign.Meta(&mcp.Meta{AdditionalFields: map[string]any{"chit/receipt": "forged", "progress": 1}})
	fmt.Println(meta.AdditionalFields)
	// Output: map[progress:1]
}
