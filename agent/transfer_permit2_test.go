package agent_test

import (
	"context"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// approved is how much of a token Permit2 may move of a wallet.
func approved(t testing.TB, o agent.Options) *big.Int {
	t.Helper()
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, o.Token)
	if err != nil {
		t.Fatal(err)
	}
	allowance, err := token.Permit2Allowance(t.Context(), shoptest.Net.Client, o.Key.Address())
	if err != nil {
		t.Fatal(err)
	}
	return allowance
}

func TestATokenWithoutEIP3009IsTransferredByPermit2ForNoGasAndApprovedForNoMore(t *testing.T) {
	o := wallet(t)
	o.Token = shoptest.PlainToken(t, o.Key.Address())
	sold := accepting(t, offer.Exact)
	sold.Token = o.Token
	shop := shoptest.Open(t, sold, work)
	client := dial(t, shop.URL, o)
	for range 2 {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price || receipt.InDoubt != 0 {
			t.Fatalf("paid %+v, %v", receipt, err)
		}
	}
	if have, err := client.WalletBalance(t.Context()); err != nil || have != 100*usdc-2*price {
		t.Errorf("the wallet has %s, %v", have, err)
	}
	if left := approved(t, o); left.Sign() != 0 {
		t.Errorf("Permit2 may move %s more", left)
	}
}

func TestPermit2IsNotPaidByWhoHasNotApprovedIt(t *testing.T) {
	k := newTaker(t, silent)
	k.change = func(r *x402.Requirements) { r.Extra.AssetTransferMethod = x402.TransferPermit2 }
	o := wallet(t)
	_, _, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
	problem, known := agent.Explain(err)
	if !errors.Is(err, agent.ErrAllowance) || !known || problem.Code != string(agent.CodeNoAllowance) || !strings.Contains(err.Error(), "approve") {
		t.Errorf("%v, %+v", err, problem)
	}
	if spent := budgetOf(t, o); spent.Total != 0 || len(k.taken) != 0 {
		t.Errorf("the book has %+v", spent)
	}
}

// uptoShop is a shop whose work is sold up to 0.001 USDC, and costs 0.0007.
func uptoShop(t testing.TB) *shoptest.Shop {
	o := accepting(t, offer.Upto, offer.Exact)
	o.Prices, o.Rates = nil, server.Rates{"work": {Price: "0.001", Metered: true}}
	return shoptest.Open(t, o, func(tools *mcpserver.MCPServer) {
		tools.AddTool(mcp.NewTool("work"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			server.ReportCost(ctx, 700)
			return mcp.NewToolResultText("done"), nil
		})
	})
}

func TestWhatIsMeteredIsPaidUpToItsPrice(t *testing.T) {
	o := wallet(t)
	o.Policy.PerDay = price + 700
	client := dial(t, uptoShop(t).URL, o)
	for range 2 { // the rest of the first counts no more
		_, receipt, err := client.CallTool(t.Context(), "work", nil)
		if err != nil || receipt.Charged != 700 || receipt.Price != price || receipt.InDoubt != 0 {
			t.Fatalf("paid %+v, %v", receipt, err)
		}
	}
	if spent := budgetOf(t, o); spent.Total != 1_400 || spent.InDoubt != 0 {
		t.Errorf("the book has %+v", spent)
	}
}

func TestAServerThatSaysThatItTookLessThanItCanHasTakenAll(t *testing.T) {
	one := vouchers.Amount(1)
	some, err := shoptest.Net.Client.Header(t.Context(), big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	k := newTaker(t, receiptOf(t, x402.SettlementResponse{Success: true, Transaction: some.Hash().Hex(), Amount: &one}))
	k.change = func(r *x402.Requirements) {
		r.Scheme, r.Extra.AssetTransferMethod, r.Extra.FacilitatorAddress = x402.SchemeUpto, x402.TransferPermit2, shoptest.Key(t, "facilitator").Address()
	}
	o := wallet(t)
	o.Limits.Behind = 1
	shoptest.Control(t, "anvil_setBalance", o.Key.Address(), "0xde0b6b3a7640000")
	shoptest.ApprovePermit2(t, o.Key, o.Token, price.Big())
	_, receipt, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url})
	if err != nil || receipt.Charged != 1 || receipt.InDoubt != price {
		t.Errorf("paid %+v, %v", receipt, err)
	}
	if spent := budgetOf(t, o); spent.Total != price || spent.InDoubt != price {
		t.Errorf("the book has %+v", spent)
	}
}

func TestASurchargeOfTransfersIsPaidAsAnnouncedAndNoMore(t *testing.T) {
	sold := accepting(t, offer.BatchSettlement, offer.Exact)
	sold.Exact.Surcharge = 500
	client := dial(t, shoptest.Open(t, sold, work).URL, wallet(t))
	if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price+500 {
		t.Errorf("paid %+v, %v", receipt, err)
	}
}

func TestATransferAboveTheLastPriceIsRefused(t *testing.T) {
	asked := price
	k := newTaker(t, receiptOf(t, x402.SettlementResponse{Success: true, Transaction: transfer.NewNonce().Hex()}))
	k.change = func(r *x402.Requirements) { r.Amount = asked }
	client := visit(t, k.url, wallet(t))
	pay := func() error {
		_, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: k.url})
		return err
	}
	if err := pay(); err != nil {
		t.Fatal(err)
	}
	asked++
	var raised *agent.PolicyError
	if err := pay(); !errors.As(err, &raised) || raised.Code != agent.CodePriceRaised || len(k.taken) != 1 {
		t.Errorf("%v", err)
	}
}

func TestATransferToAnotherTokenChainOrNobodyIsNotSigned(t *testing.T) {
	o := wallet(t)
	for name, change := range map[string]func(*x402.Requirements){
		"another chain":           func(r *x402.Requirements) { r.Network = "eip155:1" },
		"another token":           func(r *x402.Requirements) { r.Asset = shoptest.Key(t, "token").Address() },
		"nobody":                  func(r *x402.Requirements) { r.PayTo = [20]byte{} },
		"the payer":               func(r *x402.Requirements) { r.PayTo = o.Key.Address() },
		"another name of it":      func(r *x402.Requirements) { r.Extra.Name, r.Extra.Version = "Tether", "1" },
		"no time":                 func(r *x402.Requirements) { r.MaxTimeoutSeconds = 0 },
		"a way that nobody knows": func(r *x402.Requirements) { r.Extra.AssetTransferMethod = "teleport" },
	} {
		k := newTaker(t, silent)
		k.change = change
		if _, _, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url}); !errors.Is(err, agent.ErrTerms) || len(k.taken) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATransferIsGoodForMinutesWhateverTheTermsAsk(t *testing.T) {
	k := newTaker(t, func(w http.ResponseWriter, _ *x402.PaymentPayload) { w.WriteHeader(http.StatusInternalServerError) })
	k.change = func(r *x402.Requirements) { r.MaxTimeoutSeconds = 1 << 40 }
	if _, _, err := visit(t, k.url, wallet(t)).Do(t.Context(), agent.HTTPRequest{URL: k.url}); err != nil {
		t.Fatal(err)
	}
	head, err := shoptest.Net.Client.Header(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	until := k.taken[0].Payload.(*x402.AuthorizationPayload).Authorization.ValidBefore
	if most := head.Time + 400; until > most {
		t.Errorf("it is good until %d, %d s too long", until, until-most)
	}
}

func TestAShopThatHasAnotherPayeeThanItsChannelIsPaidNothing(t *testing.T) {
	o := wallet(t)
	first := shoptest.Open(t, accepting(t, offer.BatchSettlement, offer.Exact), work)
	if _, err := dial(t, first.URL, o).Deposit(t.Context(), 2*price); err != nil {
		t.Fatal(err)
	}
	first.Stop(t)
	sold := accepting(t, offer.Exact)
	sold.PayTo = shoptest.Key(t, "thief").Address()
	second := shoptest.Open(t, sold, work)
	o.Book = rename(t, o.Book, first.URL, second.URL)
	if _, receipt, err := dial(t, second.URL, o).CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrTerms) || !strings.Contains(err.Error(), "chit shop accept") {
		t.Errorf("paid %+v, %v", receipt, err)
	}
}
