package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/server/gateway"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "chit-example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "gateway.yaml")
	config := `
prices: {"search*": 0.001}
upstreams:
  web: {url: https://tools.example.com/mcp, timeout: 30s}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		panic(err)
	}
	c, err := gateway.Load(file)
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Upstreams[0].Name, c.Upstreams[0].Timeout, c.Prices["search*"])
	// Output: web 30s 0.001
}
