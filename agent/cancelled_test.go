package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// refuser is a liar that takes no deposits, whose client tops up with 1 USDC.
func refuser(t testing.TB, o *agent.Options) *liar {
	t.Helper()
	o.TopUp = agent.TopUp{Amount: usdc, Below: 2 * usdc}
	return newLiar(t, *o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
		return l.refuse("settlement_failed", l.terms)
	})
}

// signsDeposits checks how many deposits were signed after another process has topped up.
func signsDeposits(t testing.TB, l *liar, o agent.Options, want int) {
	t.Helper()
	client, err := agent.Dial(t.Context(), l.url, o)
	if err != nil {
		t.Fatal(err)
	}
	_, _, failed := client.TopUp(t.Context())
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(authorizations(l)); n != want {
		t.Fatalf("%d deposits were signed, want %d: %v", n, want, failed)
	}
}

// honest is the URL of a node with another name.
func honest(t testing.TB) string {
	return nodeThat(t, func(_, answer []byte) []byte { return answer })
}

// asksForUse is in a question whether an authorization is used up.
var asksForUse = fmt.Appendf(nil, "%x", crypto.Keccak256([]byte("authorizationState(address,bytes32)"))[:4])

// saysUsed is a node that says so of every authorization.
func saysUsed(t testing.TB) string {
	no, yes := fmt.Appendf(nil, "%064x", 0), fmt.Appendf(nil, "%064x", 1)
	return nodeThat(t, func(question, answer []byte) []byte {
		if bytes.Contains(question, asksForUse) {
			return bytes.ReplaceAll(answer, no, yes)
		}
		return answer
	})
}

// saysNothing is a node that does not answer the question.
func saysNothing(t testing.TB) string {
	return nodeThat(t, func(question, answer []byte) []byte {
		if bytes.Contains(question, asksForUse) {
			return []byte("out of order")
		}
		return answer
	})
}

// newest is the deposit that was signed and has none of these nonces.
func newest(t testing.TB, l *liar, before map[string]*x402.DepositPayload) funding.Deposit {
	t.Helper()
	for salt, p := range authorizations(l) {
		if before[salt] == nil {
			a := p.Deposit.Authorization.Erc3009
			return funding.Deposit{
				Config: p.ChannelConfig, Amount: p.Deposit.Amount, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: a.Salt, Signature: a.Signature,
			}
		}
	}
	t.Fatal("no other deposit was signed")
	return funding.Deposit{}
}

// cancel makes the payer's own transaction that ends an authorization.
func cancel(t testing.TB, key keys.Signer, d funding.Deposit, id vouchers.ChannelID) {
	t.Helper()
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, shoptest.Net.Token)
	if err != nil {
		t.Fatal(err)
	}
	nonce, payer := d.Nonce(id), key.Address()
	said := crypto.Keccak256(crypto.Keccak256([]byte("CancelAuthorization(address authorizer,bytes32 nonce)")), make([]byte, 12), payer[:], nonce[:])
	signature, err := key.SignHash(t.Context(), crypto.Keccak256Hash([]byte{0x19, 0x01}, token.Separator[:], said))
	if err != nil {
		t.Fatal(err)
	}
	call := txmgr.Call{
		To: shoptest.Net.Token, Label: "cancel a deposit",
		Data: abigen.NewDevUSDC().PackCancelAuthorization(payer, nonce, signature[64], [32]byte(signature[:32]), [32]byte(signature[32:64])),
	}
	if _, err := senderOf(t, key).Send(t.Context(), call); err != nil {
		t.Fatal(err)
	}
}

func TestADepositThatItsPayerCancelledOnChainIsOverAndCountsForItsDay(t *testing.T) {
	o := options(t)
	o.RPC += "," + honest(t)
	o.Policy.TopUpPerDay, o.Policy.MaxDeposit = 2*usdc, usdc
	l := refuser(t, &o)
	signsDeposits(t, l, o, 1)
	signsDeposits(t, l, o, 1)
	before := authorizations(l)
	cancel(t, o.Key, newest(t, l, nil), l.id())
	signsDeposits(t, l, o, 2)
	cancel(t, o.Key, newest(t, l, before), l.id())
	signsDeposits(t, l, o, 2) // the day's top-ups are signed
	var refused *agent.PolicyError
	if _, _, err := dial(t, l.url, o).TopUp(t.Context()); !errors.As(err, &refused) || refused.Remaining != 0 {
		t.Errorf("a third top-up of the day: %v", err)
	}
}

func TestADepositThatCameInAndWasTakenOutAgainIsOver(t *testing.T) {
	o := options(t)
	o.RPC += "," + honest(t)
	l := refuser(t, &o)
	signsDeposits(t, l, o, 1)
	contract, seller := escrow.At(shoptest.Net.Client, escrow.Own.Escrow), shoptest.Key(t, "liar")
	shoptest.Control(t, "anvil_setBalance", seller.Address(), "0xde0b6b3a7640000")
	if _, err := contract.Deposit(t.Context(), senderOf(t, o.Key), newest(t, l, nil), escrow.Own.Collectors.EIP3009); err != nil {
		t.Fatal(err)
	}
	if _, err := contract.Refund(t.Context(), senderOf(t, seller), escrow.Claim{Config: l.config()}, usdc); err != nil {
		t.Fatal(err)
	}
	signsDeposits(t, l, o, 2)
}

func TestNoNodeAloneMakesAClientSignASecondDepositByCallingTheFirstCancelled(t *testing.T) {
	for name, nodes := range map[string]func(testing.TB) string{
		"the only one":              saysUsed,
		"the only one, named twice": func(t testing.TB) string { one := saysUsed(t); return one + "," + one + "/other" },
		"the first of two":          func(t testing.TB) string { return saysUsed(t) + "," + honest(t) },
		"the second of two":         func(t testing.TB) string { return honest(t) + "," + saysUsed(t) },
		"beside one that is silent": func(t testing.TB) string { return saysUsed(t) + "," + saysNothing(t) },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.RPC = nodes(t)
			l := refuser(t, &o)
			for range 3 {
				signsDeposits(t, l, o, 1)
			}
		})
	}
}
