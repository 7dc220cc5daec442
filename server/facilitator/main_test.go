package facilitator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/x402"
)

const usdc = vouchers.Amount(1_000_000)

// base is a chain that has a name in version 1 of x402, and other is another one.
var base, other *devnet.Net

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if flag.Parse(); flag.Lookup("test.fuzz").Value.String() != "" {
		return m.Run(), nil // what is fuzzed asks no chain
	}
	for id, net := range map[string]**devnet.Net{"84532": &base, "31337": &other} {
		if *net, err = devnet.Start(context.Background(), 0, func(string, ...any) {}, "--chain-id", id); err != nil {
			return 1, err
		}
		defer func() { _ = (*net).Stop() }()
		if err := (*net).PlaceCanonical(context.Background()); err != nil {
			return 1, err
		}
	}
	code = m.Run()
	for _, net := range []*devnet.Net{base, other} {
		if err := net.Stop(); err != nil {
			return 1, err
		}
	}
	http.DefaultClient.CloseIdleConnections()
	return code, goleak.Find()
}

// world is a facilitator that is reached over HTTP.
type world struct {
	testing.TB
	path    string
	options facilitator.Options
	store   *diskstore.Store
	token   map[*devnet.Net]funding.Token
	payee   common.Address

	*facilitator.Facilitator
	server *httptest.Server
}

// newWorld has a facilitator on a chain with so many keys, which is not open yet.
func newWorld(t testing.TB, keysEach int, nets ...*devnet.Net) *world {
	t.Helper()
	w := &world{
		TB: t, path: filepath.Join(t.TempDir(), "facilitator"), token: make(map[*devnet.Net]funding.Token),
		payee: common.BytesToAddress(crypto.Keccak256([]byte("payee of " + t.Name()))),
	}
	w.options.Logger = slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		w.options.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	for _, net := range nets {
		token, err := funding.ReadToken(t.Context(), net.Client, net.Token)
		if err != nil {
			t.Fatal(err)
		}
		w.token[net] = token
		c := facilitator.Chain{Client: net.Client}
		for i := range keysEach {
			key := w.key(fmt.Sprint("sender ", i))
			w.fund(net, key.Address())
			c.Keys = append(c.Keys, key)
		}
		w.options.Chains = append(w.options.Chains, c)
	}
	t.Cleanup(w.close)
	return w
}

func (w *world) open() *world {
	w.Helper()
	var err error
	if w.store, err = diskstore.Open(w.path); err != nil {
		w.Fatal(err)
	}
	w.options.Store = w.store
	if w.Facilitator, err = facilitator.New(w.Context(), w.options); err != nil {
		w.Fatal(err)
	}
	w.server = httptest.NewServer(w.Facilitator)
	return w
}

func (w *world) close() {
	if w.Facilitator == nil {
		return
	}
	w.server.Close()
	if err := w.Close(); err != nil {
		w.Error(err)
	}
	if err := w.store.Close(); err != nil {
		w.Error(err)
	}
	w.Facilitator = nil
}

// key is an account of the test's own.
func (w *world) key(name string) keys.Signer {
	w.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256([]byte(w.Name() + name)))
	if err != nil {
		w.Fatal(err)
	}
	return keys.NewSigner(private)
}

func (w *world) fund(net *devnet.Net, account common.Address) {
	w.Helper()
	if err := net.Control(w.Context(), "anvil_setBalance", account, hexutil.EncodeBig(big.NewInt(1e18))); err != nil {
		w.Fatal(err)
	}
}

// payer is an account with money and no gas.
func (w *world) payer(net *devnet.Net, name string, money vouchers.Amount) keys.Signer {
	w.Helper()
	key := w.key(name)
	if money > 0 {
		if err := net.Mint(w.Context(), key.Address(), money); err != nil {
			w.Fatal(err)
		}
	}
	return key
}

// approves has a payer approve Permit2.
func (w *world) approves(net *devnet.Net, payer keys.Signer) {
	w.Helper()
	w.fund(net, payer.Address())
	sender, err := txmgr.NewSender(w.Context(), net.Client, payer)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(w.Context(), txmgr.Call{To: net.Token, Data: abigen.NewToken().PackApprove(abigen.Permit2Address, big.NewInt(1e12)), Label: "approve"}); err != nil {
		w.Fatal(err)
	}
}

// object is a JSON object.
type object = map[string]any

// payment is a transfer as a payer sends it, with the terms that it is for.
type payment struct {
	transfer.Transfer
	terms, accepted object
	extensions      object
	resource        object
}

// signed is a payment of a payer, good for ten minutes.
func (w *world) signed(net *devnet.Net, by keys.Signer, amount vouchers.Amount, change ...func(*transfer.Transfer)) *payment {
	w.Helper()
	t := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: net.Client.ChainID(), Token: net.Token, From: by.Address(), To: w.payee, Value: amount,
		ValidBefore: uint64(time.Now().Add(10 * time.Minute).Unix()), Nonce: transfer.NewNonce(),
	}
	for _, c := range change {
		c(&t)
	}
	if err := t.Sign(w.Context(), by, w.token[net]); err != nil {
		w.Fatal(err)
	}
	extra := object{"name": w.token[net].Name, "version": w.token[net].Version}
	scheme := x402.SchemeExact
	switch t.Method {
	case transfer.Permit2:
		extra["assetTransferMethod"] = x402.TransferPermit2
	case transfer.Upto:
		scheme, extra["facilitatorAddress"] = x402.SchemeUpto, t.Facilitator
	}
	terms := object{
		"scheme": scheme, "network": net.Client.Network(), "amount": amount.Atomic(), "asset": net.Token, "payTo": t.To, "maxTimeoutSeconds": 300, "extra": extra,
	}
	return &payment{Transfer: t, terms: terms, accepted: terms}
}

// payload is what the scheme has of it.
func (p *payment) payload() object {
	if p.Method == transfer.EIP3009 {
		return object{"signature": p.Signature, "authorization": object{
			"from": p.From, "to": p.To, "value": p.Value.Atomic(), "validAfter": number(p.ValidAfter), "validBefore": number(p.ValidBefore), "nonce": p.Nonce,
		}}
	}
	witness := object{"to": p.To, "validAfter": number(p.ValidAfter)}
	if p.Method == transfer.Upto {
		witness["facilitator"] = p.Facilitator
	}
	return object{"signature": p.Signature, "permit2Authorization": object{
		"from": p.From, "permitted": object{"token": p.Token, "amount": p.Value.Atomic()}, "spender": p.Spender,
		"nonce": p.Nonce.Big().String(), "deadline": number(p.ValidBefore), "witness": witness,
	}}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// body is a request of version 2.
func (p *payment) body() object {
	paid := object{"x402Version": 2, "accepted": p.accepted, "payload": p.payload()}
	if p.extensions != nil {
		paid["extensions"] = p.extensions
	}
	if p.resource != nil {
		paid["resource"] = p.resource
	}
	return object{"x402Version": 2, "paymentPayload": paid, "paymentRequirements": p.terms}
}

// bodyV1 is a request of version 1.
func (p *payment) bodyV1(network string) object {
	return object{
		"x402Version":    1,
		"paymentPayload": object{"x402Version": 1, "scheme": "exact", "network": network, "payload": p.payload()},
		"paymentRequirements": object{
			"scheme": "exact", "network": network, "maxAmountRequired": p.Value.Atomic(), "resource": "https://shop.example/report", "description": "", "mimeType": "",
			"payTo": p.To, "maxTimeoutSeconds": 60, "asset": p.Token, "extra": p.terms["extra"],
		},
	}
}

// reply is an answer.
type reply struct {
	Status                       int    `json:"-"`
	IsValid, Success             bool   `json:",omitempty"`
	InvalidReason, ErrorReason   string `json:",omitempty"`
	InvalidMessage, ErrorMessage string `json:",omitempty"`
	Payer                        common.Address
	Transaction, Network, Amount string
	Extra                        object
}

// post sends a request; a body that is not bytes is encoded.
func (w *world) post(path string, body any, header ...string) reply {
	w.Helper()
	raw, isRaw := body.([]byte)
	if !isRaw {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			w.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.server.URL+path, bytes.NewReader(raw))
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := w.server.Client().Do(request)
	if err != nil {
		w.Error(err)
		return reply{}
	}
	defer func() { _ = response.Body.Close() }()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		w.Error(err)
	}
	r := reply{Status: response.StatusCode}
	if err := json.Unmarshal(answered, &r); err != nil {
		w.Errorf("%s answers %d %q: %v", path, r.Status, answered, err)
	}
	return r
}

// get asks, and decodes the answer.
func (w *world) get(path string) (status int, body object) {
	w.Helper()
	response, err := w.server.Client().Get(w.server.URL + path)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		w.Fatal(err)
	}
	return response.StatusCode, body
}

// paid is what the payee has.
func (w *world) paid(net *devnet.Net) vouchers.Amount {
	w.Helper()
	balance, err := w.token[net].Balance(w.Context(), net.Client, w.payee)
	if err != nil {
		w.Fatal(err)
	}
	return balance
}

// settles settles a payment, which must succeed.
func (w *world) settles(body any) reply {
	w.Helper()
	r := w.post("/settle", body)
	if r.Status != http.StatusOK || !r.Success || len(r.Transaction) != 66 {
		w.Errorf("settle answers %+v", r)
	}
	return r
}
