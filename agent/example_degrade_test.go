package agent_test

import (
	"context"
	"fmt"
	"log"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/holder"
)

// An agent with a credit token goes on with a cheaper tool when its token does not pay
// for the dearer one: the refusal names those that fit.
func Example_degrade() {
	ctx := context.Background()
	shop, token := openExampleShop(ctx, 3_000) // a budget of 0.003 USDC
	defer shop.close()
	client, err := connect(ctx, shop.url, token)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for _, question := range []string{"tides", "comets", "glaciers"} {
		tool := "deep_search" // the best there is, 0.002 USDC
		result, err := ask(ctx, client, tool, question)
		if err != nil {
			log.Fatal(err)
		}
		if refused := holder.Refused(result); refused != nil {
			fmt.Printf("%s: %s needs %s, %s are left\n", refused.Code, tool, refused.Required, refused.Remaining)
			if refused.Help == nil || len(refused.Help.Tools) == 0 {
				fmt.Println("nothing fits any more")
				return
			}
			tool = refused.Help.Tools[0].Name // the cheapest that fits
			fmt.Printf("going on with %s for %s\n", tool, refused.Help.Tools[0].Price)
			if result, err = ask(ctx, client, tool, question); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println(result.Content[0].(mcp.TextContent).Text)
	}
	// Output:
	// deep_search read 40 pages about tides
	// budget_exhausted: deep_search needs 0.002 USDC, 0.001 USDC are left
	// going on with search for 0.0005 USDC
	// search looked at the headlines about comets
	// budget_exhausted: deep_search needs 0.002 USDC, 0.0005 USDC are left
	// going on with search for 0.0005 USDC
	// search looked at the headlines about glaciers
}

// connect is what any MCP client does: the token is a header.
func connect(ctx context.Context, url, token string) (*mcpclient.Client, error) {
	client, err := mcpclient.NewStreamableHttpClient(url, transport.WithHTTPHeaders(map[string]string{"Authorization": "Bearer " + token}))
	if err != nil {
		return nil, err
	}
	if err := client.Start(ctx); err != nil {
		return nil, err
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "researcher", Version: "1"}
	_, err = client.Initialize(ctx, hello)
	return client, err
}

func ask(ctx context.Context, client *mcpclient.Client, tool, question string) (*mcp.CallToolResult, error) {
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, map[string]any{"about": question}
	return client.CallTool(ctx, r)
}
