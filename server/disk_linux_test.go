package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

func TestAShopOnAFullDiskClaimsAndSellsAgainOnceThereIsRoom(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("no disk of its own can be had without the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	log := new(record)
	o := selling(t)
	o.Store, o.Logger = filepath.Join(disk, "server.db"), log.logger()
	random := make([]byte, 300_000)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	large := hex.EncodeToString(random)
	work := &tool{do: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(large), nil
	}}
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	others := filepath.Join(disk, "others")
	if err := os.WriteFile(others, bytes.Repeat([]byte{1}, 40<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	const most = 20 // the journal has some room of its own
	sold := vouchers.Amount(0)
	for shop.Healthy(t.Context()) == nil && sold < most*price {
		sold += price
		if got := c.call("work", c.identified(c.pays(sold), fmt.Sprintf("%s-%d", identifier, sold))); got.text() != large {
			t.Fatalf("a call that is in flight when the disk gets full: %.200s", got.raw)
		}
	}
	refused := c.call("work", c.pays(sold+price)).refusal()
	if refused.Error != x402.ErrVerificationStateUnavailable || strings.Contains(refused.ErrorMessage, disk) || !strings.Contains(refused.ErrorMessage, "nothing was charged") {
		t.Errorf("the next call: %s (%s)", refused.Error, refused.ErrorMessage)
	}
	if got := c.call(onmcp.DepositTool, c.deposits(usdc, 0)); got.code() != x402.ErrVerificationStateUnavailable {
		t.Errorf("a deposit: %s", got.raw)
	}
	if err := shop.Healthy(t.Context()); err == nil || strings.Contains(err.Error(), disk) {
		t.Errorf("its health: %v", err)
	}
	if !log.has("ERROR", "the disk is full", disk) {
		t.Error("the operator is told nothing")
	}
	if done, err := shop.Settler.Settle(t.Context(), false); err != nil || done.Claimed != sold {
		t.Errorf("it settles %+v, %v", done, err)
	}
	if err := os.Remove(others); err != nil {
		t.Fatal(err)
	}
	until(t, "the shop takes payments", func() bool { return shop.Healthy(t.Context()) == nil })
	if got := c.call("work", c.pays(sold+price)); got.text() != large {
		t.Errorf("with room again: %.200s", got.raw)
	}
	if !log.has("WARN", "room on the disk again") {
		t.Error("nobody says that it goes on")
	}
}

func TestADiskThatGetsFullIsWarnedOf(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, fmt.Sprintf("size=%d", 64<<20)); err != nil {
		t.Skipf("no disk of its own can be had without the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	log := new(record)
	o := selling(t)
	o.Store, o.Logger = filepath.Join(disk, "server.db"), log.logger()
	shop := shoptest.Open(t, o)
	_, stop, stopped := serve(t, shop, new(tool), 0)
	until(t, "the warning is there", func() bool { return log.has("WARN", "gets full", o.Store) })
	stop()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
