package dial

import (
	"context"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// ListTools reads the whole list of a server's tools, page by page, within limits.
func ListTools(ctx context.Context, server *mcpclient.Client, limits Limits) ([]mcp.Tool, error) {
	var all []mcp.Tool
	limits = limits.WithDefaults()
	var r mcp.ListToolsRequest
	for range limits.Pages {
		page, err := listPage(ctx, server, r, limits)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Tools...); len(all) > limits.Entries {
			return nil, Over("Entries", limits.Entries, "the list has more entries")
		}
		if r.Params.Cursor = page.NextCursor; page.NextCursor == "" {
			return all, nil
		}
	}
	return nil, Over("Pages", limits.Pages, "the list has more pages")
}

func listPage(ctx context.Context, server *mcpclient.Client, r mcp.ListToolsRequest, limits Limits) (*mcp.ListToolsResult, error) {
	ctx, done := limits.Within(ctx)
	defer done()
	ctx, why := Watched(ctx)
	page, err := server.ListToolsByPage(ctx, r)
	return page, why(err)
}
