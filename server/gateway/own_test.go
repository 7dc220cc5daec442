package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

func TestConnectionsOfClientsAreBoundedAndEndWithTheirSessions(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, freely+fmt.Sprintf("upstreams:\n  it: {url: %q, ownConnections: 1}\n", web.url()))
	ada, bob := newHuman("ada"), newHuman("bob")
	one, two := s.connect(t, ada), s.connect(t, bob)
	for range 2 { // each takes the place of the other's, which is idle
		for h, client := range map[*human]*mcpclient.Client{ada: one, bob: two} {
			if got := say(t, client, "sample", ""); got != h.name {
				t.Errorf("%s is answered %q", h.name, got)
			}
			<-h.asked
		}
	}
	ada.think = func(context.Context) error {
		if got := say(t, two, "roots", ""); !strings.HasPrefix(got, "error: ") {
			t.Errorf("beyond the bound it says %q", got)
		}
		return nil
	}
	if got := say(t, one, "sample", ""); got != "ada" {
		t.Errorf("ada is answered %q", got)
	}
	for len(web.ended) > 0 {
		<-web.ended
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-web.ended:
	case <-time.After(patience):
		t.Error("the upstream was not told that the session has ended")
	}
}

func TestNobodyIsAskedWhereTheConfigAllowsNoConnectionsOfTheirOwn(t *testing.T) {
	config, _ := both(t, ", ownConnections: 0")
	s := sell(t, freely+config)
	client := s.connect(t, newHuman("ada"))
	for _, tool := range []string{"stdio_sample", "stdio_elicit", "stdio_roots", "web_sample", "web_roots"} {
		if got := say(t, client, tool, ""); !strings.HasPrefix(got, "error: ") {
			t.Errorf("%s says %q", tool, got)
		}
	}
}

func TestNotificationsTakeTheConnectionOfTheClient(t *testing.T) {
	config, web := both(t, "")
	s := sell(t, freely+config)
	//lint:ignore SA1019 the clients that are out there
	client := s.connect(t, newHuman("ada"), transport.WithContinuousListening())
	heard := make(chan mcp.JSONRPCNotification, 100)
	client.OnNotification(func(n mcp.JSONRPCNotification) { heard <- n })

	var subscribe mcp.SubscribeRequest
	subscribe.Params.URI = "test://stdio/note"
	//lint:ignore SA1019 the clients that are out there
	if err := client.Subscribe(t.Context(), subscribe); err != nil {
		t.Fatal(err)
	}
	call(t, client, "stdio_change", nil) // in the program that is the client's own
	if got := next(t, heard, mcp.MethodNotificationResourceUpdated); got["uri"] != "test://stdio/note" {
		t.Errorf("updated is %v", got)
	}

	call(t, client, "web_echo", nil)
	if err := client.RootListChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-web.moved:
	case <-time.After(patience):
		t.Error("the upstream has not heard of the client's roots")
	}
}
