package agent_test

import (
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// planted is a channel that the chain does not have as the payer believes: a stranger
// opened it in the payer's name, and took it back.
func planted(of treasury.Withdrawable) treasury.Withdrawable {
	of.Config.Salt[0]++
	of.Channel = vouchers.NewDomain(of.Deployment).ChannelID(of.Config)
	of.Amount++
	return of
}

func TestAChannelThatFailsKeepsNoWithdrawalBack(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	sender := senderOf(t, o.Key)
	all := funds(t, o).ToAnnounce(false)
	started, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, append([]treasury.Withdrawable{planted(all[0])}, all...))
	if !chain.IsRevert(err) || len(started) != 1 || started[0].Channel != all[0].Channel || started[0].After.IsZero() {
		t.Fatalf("started %+v, %v", started, err)
	}
	travel(t, (vouchers.MinWithdrawDelay+1)*time.Second)
	due := funds(t, o).ToFinish(started[0].After)
	done, err := treasury.FinishWithdrawals(t.Context(), shoptest.Net.Client, sender, append([]treasury.Withdrawable{planted(due[0])}, due...))
	if !chain.IsRevert(err) || len(done) != 1 || done[0].Amount != 10*usdc {
		t.Errorf("finished %+v, %v", done, err)
	}
	if have := funds(t, o).Wallet; have != 100*usdc {
		t.Errorf("the payer has %s", have)
	}
	if none, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, nil); !errors.Is(err, escrow.ErrNothingToWithdraw) || len(none) != 0 {
		t.Errorf("of nothing %+v is started, %v", none, err)
	}
}

func TestAFinishedWithdrawalSaysWhatThePayerGotAndWhatClaimsAndRefundsTookBefore(t *testing.T) {
	for name, c := range map[string]struct {
		price string // of each of two calls before it, in USDC
		first func(t testing.TB, shop *shoptest.Shop, of treasury.Withdrawable)
		got   vouchers.Amount
	}{
		"nothing":        {"1", func(testing.TB, *shoptest.Shop, treasury.Withdrawable) {}, 10 * usdc},
		"a claim":        {"1", claims, 8 * usdc},
		"a claim of all": {"5", claims, 0},
		"a refund":       {"1", refunds, 6 * usdc},
	} {
		t.Run(name, func(t *testing.T) {
			shop := shoptest.Open(t, selling(t, c.price), work)
			o := options(t)
			o.Policy = agent.Policy{MaxPrice: agent.Unlimited, PerDay: 100 * usdc}
			client := funded(t, shop.URL, o)
			for range 2 {
				if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			sender := senderOf(t, o.Key)
			started, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, funds(t, o).ToAnnounce(false))
			if err != nil || started[0].Amount != 10*usdc || started[0].Missed != 0 {
				t.Fatalf("started %+v, %v", started, err)
			}
			travel(t, (vouchers.MinWithdrawDelay+1)*time.Second)
			due := funds(t, o).ToFinish(started[0].After)
			before := funds(t, o).Wallet
			c.first(t, shop, due[0])
			reached := funds(t, o).Wallet - before
			done, err := treasury.FinishWithdrawals(t.Context(), shoptest.Net.Client, sender, due)
			if err != nil || len(done) != 1 || done[0].Amount != c.got || done[0].Missed != 10*usdc-c.got {
				t.Errorf("finished %+v, %v, want %s", done, err, c.got)
			}
			if have := funds(t, o).Wallet; have != before+reached+c.got {
				t.Errorf("the payer has %s", have)
			}
		})
	}
}

// claims is a seller that takes what it has vouchers for.
func claims(t testing.TB, shop *shoptest.Shop, _ treasury.Withdrawable) {
	t.Helper()
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || settled.Claimed == 0 {
		t.Errorf("settled %+v, %v", settled, err)
	}
}

// refunds is a seller that gives 4 USDC back.
func refunds(t testing.TB, _ *shoptest.Shop, of treasury.Withdrawable) {
	t.Helper()
	contract := escrow.At(shoptest.Net.Client, of.Deployment.Escrow)
	if _, err := contract.Refund(t.Context(), senderOf(t, keys.Dev(devnet.Seller)), escrow.Claim{Config: of.Config}, 4*usdc); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWorthItsGasIsToldFromDust(t *testing.T) {
	channel := func(balance, claimed, withdrawing vouchers.Amount) treasury.ChannelFunds {
		ch := treasury.ChannelFunds{Entry: agent.Entry{Record: account.Record{Balance: balance}}, Claimed: claimed, Withdrawing: withdrawing}
		if withdrawing > 0 {
			at := time.Unix(1000, 0)
			ch.WithdrawAfter = &at
		}
		return ch
	}
	f := treasury.Funds{Channels: []treasury.ChannelFunds{channel(1, 0, 0), channel(9*usdc, 2*usdc, 0), channel(3*usdc, 3*usdc, 0), channel(8*usdc, 0, 1), channel(5*usdc, 4*usdc, 5*usdc)}}
	amounts := func(all []treasury.Withdrawable) (list []vouchers.Amount) {
		for _, w := range all {
			list = append(list, w.Amount)
		}
		return list
	}
	worth, small := treasury.WorthTaking(f.ToAnnounce(false), 10_000)
	for what, got := range map[string]struct{ got, want []vouchers.Amount }{
		"to announce":      {amounts(worth), []vouchers.Amount{7 * usdc}},
		"dust":             {amounts(small), []vouchers.Amount{1}},
		"to announce anew": {amounts(f.ToAnnounce(true)), []vouchers.Amount{8 * usdc, 7 * usdc, 1}},
		"to finish":        {amounts(f.ToFinish(time.Unix(1000, 0))), []vouchers.Amount{usdc, 1}},
		"too early":        {amounts(f.ToFinish(time.Unix(999, 0))), nil},
	} {
		if len(got.got) != len(got.want) {
			t.Errorf("%s: %v, want %v", what, got.got, got.want)
			continue
		}
		for i := range got.want {
			if got.got[i] != got.want[i] {
				t.Errorf("%s: %v, want %v", what, got.got, got.want)
			}
		}
	}
}

func TestTheGasOfAWithdrawalIsWeighedInUSDC(t *testing.T) {
	sender := senderOf(t, shoptest.Payer(t, "payer"))
	plain, err := treasury.WithdrawalCost(t.Context(), sender, 0)
	if err != nil || plain.Wei.Sign() <= 0 || plain.USDC != nil {
		t.Errorf("without a price it is %+v, %v", plain, err)
	}
	priced, err := treasury.WithdrawalCost(t.Context(), sender, 1_000_000*usdc)
	if err != nil || priced.USDC == nil || *priced.USDC == 0 {
		t.Errorf("with a price it is %+v, %v", priced, err)
	}
	if rest, err := treasury.FinishingCost(t.Context(), sender, 1_000_000*usdc); err != nil || *rest.USDC >= *priced.USDC {
		t.Errorf("of one that was announced it is %+v, %v", rest, err)
	}
}
