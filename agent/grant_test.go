package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// grant buys a credit token of an hour from the channel that key signs for.
func grant(ctx context.Context, client *agent.Client, key keys.Signer, channel vouchers.ChannelID, scope macaroon.Scope) (string, error) {
	scope.Expires = time.Now().Add(time.Hour)
	caveats, err := scope.Caveats()
	if err != nil {
		return "", err
	}
	order := order.Order{Action: "grant", Channel: channel, Subject: order.GrantSubject(caveats, ""), Deadline: uint64(time.Now().Add(order.Lifetime).Unix())}
	arguments := token.GrantArguments{Deadline: order.Deadline}
	for _, c := range caveats {
		arguments.Caveats = append(arguments.Caveats, c.String())
	}
	if arguments.Signature, err = key.SignHash(ctx, order.Digest()); err != nil {
		return "", err
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		return "", err
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return "", err
	}
	result, _, err := client.CallTool(ctx, onmcp.CreditGrantTool, fields)
	if err != nil {
		return "", err
	}
	var granted token.Granted
	if err := json.Unmarshal(result.RawStructuredContent, &granted); err != nil || granted.Token == "" {
		return "", fmt.Errorf("the grant came to %+v, %w", result.Content, err)
	}
	return granted.Token, nil
}

// granted is one of a payer with a channel of its own to a shop.
func granted(t testing.TB, url string, scope macaroon.Scope) string {
	t.Helper()
	o := options(t)
	client := dial(t, url, o)
	moved, err := client.Deposit(t.Context(), 10*usdc)
	if err != nil {
		t.Fatal(err)
	}
	text, err := grant(t.Context(), client, o.Key, moved.Channel, scope)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
