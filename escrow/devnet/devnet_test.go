package devnet_test

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/vouchers"
)

// baseSepolia is a chain that x402 v1 has a name for, which it has not for 31337.
const baseSepolia = 84532

const usdc = vouchers.Amount(1_000_000)

var net *devnet.Net

func TestMain(m *testing.M) {
	var err error
	if net, err = devnet.Start(context.Background(), 0, func(string, ...any) {}, "--chain-id", fmt.Sprint(baseSepolia)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := net.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// party has a key, and a sender for its own transactions.
type party struct {
	t   *testing.T
	key keys.Signer
	*txmgr.Sender
}

func as(t *testing.T, account int) party {
	t.Helper()
	sender, err := txmgr.NewSender(t.Context(), net.Client, keys.Dev(account))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	return party{t, keys.Dev(account), sender}
}

// send sends a call that must succeed.
func (p party) send(to common.Address, data []byte) *types.Receipt {
	p.t.Helper()
	receipt, err := p.Send(p.t.Context(), txmgr.Call{To: to, Data: data, Label: p.t.Name()})
	if err != nil {
		p.t.Fatal(err)
	}
	return receipt
}

// sign signs typed data whose domain has a version where one is given.
func (p party) sign(domain apitypes.TypedDataDomain, types_ apitypes.Types, primary string, message apitypes.TypedDataMessage) []byte {
	p.t.Helper()
	fields := []apitypes.Type{{Name: "name", Type: "string"}}
	if domain.Version != "" {
		fields = append(fields, apitypes.Type{Name: "version", Type: "string"})
	}
	types_["EIP712Domain"] = append(fields, apitypes.Type{Name: "chainId", Type: "uint256"}, apitypes.Type{Name: "verifyingContract", Type: "address"})
	domain.ChainId = math.NewHexOrDecimal256(baseSepolia)
	digest, _, err := apitypes.TypedDataAndHash(apitypes.TypedData{Types: types_, PrimaryType: primary, Domain: domain, Message: message})
	if err != nil {
		p.t.Fatal(err)
	}
	signature, err := p.key.SignHash(p.t.Context(), common.BytesToHash(digest))
	if err != nil {
		p.t.Fatal(err)
	}
	return signature
}

func token() apitypes.TypedDataDomain {
	return apitypes.TypedDataDomain{Name: "USD Coin", Version: "2", VerifyingContract: net.Token.Hex()}
}

// transfer is a signed EIP-3009 transfer to whom, in either form.
func (p party) transfer(to common.Address, amount vouchers.Amount, seed string, split bool) []byte {
	p.t.Helper()
	nonce := crypto.Keccak256Hash([]byte(p.t.Name() + seed))
	until := big.NewInt(1 << 40)
	signature := p.sign(token(), apitypes.Types{"TransferWithAuthorization": {
		{Name: "from", Type: "address"}, {Name: "to", Type: "address"}, {Name: "value", Type: "uint256"},
		{Name: "validAfter", Type: "uint256"}, {Name: "validBefore", Type: "uint256"}, {Name: "nonce", Type: "bytes32"},
	}}, "TransferWithAuthorization", apitypes.TypedDataMessage{
		"from": p.Address().Hex(), "to": to.Hex(), "value": amount.Big(), "validAfter": new(big.Int), "validBefore": until, "nonce": nonce[:],
	})
	if !split {
		return abigen.NewToken().PackTransferWithAuthorization(p.Address(), to, amount.Big(), new(big.Int), until, nonce, signature)
	}
	r, s := common.BytesToHash(signature[:32]), common.BytesToHash(signature[32:64])
	return abigen.NewToken().PackTransferWithAuthorization0(p.Address(), to, amount.Big(), new(big.Int), until, nonce, signature[64], r, s)
}

// permit2612 is a permit of the token that approves Permit2, by the payer's next nonce.
func (p party) permit2612(amount vouchers.Amount) abigen.Eip2612Permit {
	p.t.Helper()
	until := big.NewInt(1 << 40)
	nonce := ask(p.t, net.Token, abigen.NewToken().PackNonces(p.Address()), abigen.NewToken().UnpackNonces)
	signature := p.sign(token(), apitypes.Types{"Permit": {
		{Name: "owner", Type: "address"}, {Name: "spender", Type: "address"}, {Name: "value", Type: "uint256"},
		{Name: "nonce", Type: "uint256"}, {Name: "deadline", Type: "uint256"},
	}}, "Permit", apitypes.TypedDataMessage{
		"owner": p.Address().Hex(), "spender": abigen.Permit2Address.Hex(), "value": amount.Big(), "nonce": nonce, "deadline": until,
	})
	return abigen.Eip2612Permit{
		Value: amount.Big(), Deadline: until, R: common.BytesToHash(signature[:32]), S: common.BytesToHash(signature[32:64]), V: signature[64],
	}
}

// permit is a signed permit of Permit2 for a proxy, over a witness of that shape.
func (p party) permit(spender common.Address, amount vouchers.Amount, nonce int64, shape []apitypes.Type, witness apitypes.TypedDataMessage) (abigen.IPermit2PermitTransferFrom, []byte) {
	p.t.Helper()
	permit := abigen.IPermit2PermitTransferFrom{
		Permitted: abigen.IPermit2TokenPermissions{Token: net.Token, Amount: amount.Big()}, Nonce: big.NewInt(nonce), Deadline: big.NewInt(1 << 40),
	}
	return permit, p.sign(apitypes.TypedDataDomain{Name: "Permit2", VerifyingContract: abigen.Permit2Address.Hex()}, apitypes.Types{
		"PermitWitnessTransferFrom": {
			{Name: "permitted", Type: "TokenPermissions"}, {Name: "spender", Type: "address"}, {Name: "nonce", Type: "uint256"},
			{Name: "deadline", Type: "uint256"}, {Name: "witness", Type: "Witness"},
		},
		"TokenPermissions": {{Name: "token", Type: "address"}, {Name: "amount", Type: "uint256"}},
		"Witness":          shape,
	}, "PermitWitnessTransferFrom", apitypes.TypedDataMessage{
		"permitted": apitypes.TypedDataMessage{"token": net.Token.Hex(), "amount": amount.Big()},
		"spender":   spender.Hex(), "nonce": permit.Nonce, "deadline": permit.Deadline, "witness": witness,
	})
}

// ask reads something of a contract.
func ask[T any](t *testing.T, of common.Address, data []byte, unpack func([]byte) (T, error)) T {
	t.Helper()
	answer, err := net.Client.CallContract(t.Context(), ethereum.CallMsg{To: &of, Data: data}, nil)
	if err != nil {
		t.Fatal(err)
	}
	value, err := unpack(answer)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// payee is an account that only this test pays, and payerOf a payer with 100 USDC more.
func payee(t *testing.T) common.Address {
	return common.BytesToAddress(crypto.Keccak256([]byte(t.Name())))
}

func payer(t *testing.T) party {
	t.Helper()
	p := as(t, devnet.Payer)
	if err := net.Mint(t.Context(), p.Address(), 100*usdc); err != nil {
		t.Fatal(err)
	}
	return p
}

// paid checks what the test's payee has.
func paid(t *testing.T, want vouchers.Amount) {
	t.Helper()
	if got := ask(t, net.Token, abigen.NewToken().PackBalanceOf(payee(t)), abigen.NewToken().UnpackBalanceOf); got.Cmp(want.Big()) != 0 {
		t.Errorf("the payee has %s, want %s", got, want.Big())
	}
}

func TestTheContractsOfOthersAreAtTheirAddresses(t *testing.T) {
	exact, upto := abigen.NewExactPermit2Proxy(), abigen.NewUptoPermit2Proxy()
	for at, asked := range map[common.Address]struct {
		data   []byte
		unpack func([]byte) (common.Address, error)
	}{
		abigen.ExactPermit2ProxyAddress: {exact.PackPERMIT2(), exact.UnpackPERMIT2},
		abigen.UptoPermit2ProxyAddress:  {upto.PackPERMIT2(), upto.UnpackPERMIT2},
	} {
		if got := ask(t, at, asked.data, asked.unpack); got != abigen.Permit2Address {
			t.Errorf("%s asks %s, want Permit2", at, got)
		}
	}
	for at, bin := range map[common.Address]string{abigen.Multicall3Address: abigen.Multicall3MetaData.Bin, abigen.Permit2Address: abigen.Permit2MetaData.Bin} {
		code, err := net.Client.Code(t.Context(), at)
		if err != nil || len(code) == 0 || !bytes.Contains(common.FromHex(bin), code) {
			t.Errorf("at %s is something else: %d bytes, %v", at, len(code), err)
		}
	}
}

func TestSeveralTransfersGoInOneTransactionAndFailApart(t *testing.T) {
	from, anybody := payer(t), as(t, devnet.Seller)
	calls := []abigen.IMulticall3Call3{
		{Target: net.Token, AllowFailure: true, CallData: from.transfer(payee(t), 3*usdc, "in one piece", false)},
		{Target: net.Token, AllowFailure: true, CallData: from.transfer(payee(t), 1_000_000*usdc, "too much", false)},
		{Target: net.Token, AllowFailure: true, CallData: from.transfer(payee(t), 4*usdc, "in three parts", true)},
	}
	receipt := anybody.send(abigen.Multicall3Address, abigen.NewMulticall3().PackAggregate3(calls))
	paid(t, 7*usdc)
	var used []common.Hash
	for _, log := range receipt.Logs {
		if event, err := abigen.NewToken().UnpackAuthorizationUsedEvent(log); err == nil {
			used = append(used, event.Nonce)
		}
	}
	if len(used) != 2 {
		t.Errorf("%d authorizations were used, want 2", len(used))
	}
}

func TestATransferThatItsPayerCancelledIsNotMade(t *testing.T) {
	from, anybody := payer(t), as(t, devnet.Seller)
	call := from.transfer(payee(t), usdc, "cancelled", false)
	nonce := crypto.Keccak256Hash([]byte(t.Name() + "cancelled"))
	cancel := from.sign(token(), apitypes.Types{"CancelAuthorization": {{Name: "authorizer", Type: "address"}, {Name: "nonce", Type: "bytes32"}}},
		"CancelAuthorization", apitypes.TypedDataMessage{"authorizer": from.Address().Hex(), "nonce": nonce[:]})
	receipt := anybody.send(net.Token, abigen.NewToken().PackCancelAuthorization(from.Address(), nonce, cancel))
	if len(receipt.Logs) != 1 {
		t.Fatalf("%d events, want 1", len(receipt.Logs))
	}
	event, err := abigen.NewToken().UnpackAuthorizationCanceledEvent(receipt.Logs[0])
	if err != nil || event.Authorizer != from.Address() || event.Nonce != nonce {
		t.Errorf("the token says %+v, %v", event, err)
	}
	if !ask(t, net.Token, abigen.NewToken().PackAuthorizationState(from.Address(), nonce), abigen.NewToken().UnpackAuthorizationState) {
		t.Error("a cancelled authorization is still open")
	}
	if _, err := anybody.Send(t.Context(), txmgr.Call{To: net.Token, Data: call, Label: t.Name()}); err == nil {
		t.Error("the transfer was made all the same")
	}
	paid(t, 0)
}

func TestExactAndUptoArePaidByPermit2WithoutGas(t *testing.T) {
	from, facilitator := payer(t), as(t, devnet.Seller)
	permit, signature := from.permit(abigen.ExactPermit2ProxyAddress, 5*usdc, 1,
		[]apitypes.Type{{Name: "to", Type: "address"}, {Name: "validAfter", Type: "uint256"}},
		apitypes.TypedDataMessage{"to": payee(t).Hex(), "validAfter": new(big.Int)})
	facilitator.send(abigen.ExactPermit2ProxyAddress, abigen.NewExactPermit2Proxy().PackSettleWithPermit(
		from.permit2612(5*usdc), permit, from.Address(), abigen.ExactWitness{To: payee(t), ValidAfter: new(big.Int)}, signature))
	paid(t, 5*usdc)

	permit, signature = from.permit(abigen.UptoPermit2ProxyAddress, 5*usdc, 2,
		[]apitypes.Type{{Name: "to", Type: "address"}, {Name: "facilitator", Type: "address"}, {Name: "validAfter", Type: "uint256"}},
		apitypes.TypedDataMessage{"to": payee(t).Hex(), "facilitator": facilitator.Address().Hex(), "validAfter": new(big.Int)})
	facilitator.send(abigen.UptoPermit2ProxyAddress, abigen.NewUptoPermit2Proxy().PackSettleWithPermit(
		from.permit2612(5*usdc), permit, (2*usdc).Big(), from.Address(),
		abigen.UptoWitness{To: payee(t), Facilitator: facilitator.Address(), ValidAfter: new(big.Int)}, signature))
	paid(t, 7*usdc)
}

func TestTheCanonicalDeploymentIsPlaced(t *testing.T) {
	if err := net.PlaceCanonical(t.Context()); err != nil {
		t.Fatal(err)
	}
	for at, collector := range map[common.Address]interface {
		PackEscrow() []byte
		UnpackEscrow([]byte) (common.Address, error)
	}{
		escrow.Canonical.Collectors.EIP3009: abigen.NewErc3009Collector(),
		escrow.Canonical.Collectors.Permit2: abigen.NewPermit2Collector(),
	} {
		if got := ask(t, at, collector.PackEscrow(), collector.UnpackEscrow); got != escrow.Canonical.Escrow {
			t.Errorf("the collector at %s collects for %s", at, got)
		}
	}
}
