package adversary_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// authorizers are the keys that sign for shops, by whose they are.
var authorizers = func() map[string]keys.Signer {
	all := make(map[string]keys.Signer)
	for _, of := range []string{here, there, "a1", "a2"} {
		private, err := crypto.ToECDSA(crypto.Keccak256([]byte("authorizer " + of)))
		if err != nil {
			panic(err)
		}
		all[of] = keys.NewSigner(private)
	}
	return all
}()

// signerOf is the key of an authorizer.
func signerOf(address common.Address) keys.Signer {
	for _, key := range authorizers {
		if key.Address() == address {
			return key
		}
	}
	panic("nobody has the key of " + address.Hex())
}

// digestOf is what is signed of a receipt.
func digestOf(r *receipts.Signed) common.Hash {
	digest, err := r.Digest()
	if err != nil {
		panic(err)
	}
	return digest
}

// signed is a receipt in a batch with another one.
func signed(r receipts.Receipt, by keys.Signer) *receipts.Signed {
	s := &receipts.Signed{Receipt: r}
	var proofs receipts.Proofs
	leaves := []common.Hash{digestOf(s), crypto.Keccak256Hash([]byte("another receipt"))}
	attestation, err := proofs.Attests(by)(context.Background(), leaves)
	if err == nil {
		err = proofs.Prove(s, &vouchers.Batch{Leaves: leaves, Attestation: attestation}, 0)
	}
	if err != nil {
		panic(err)
	}
	return s
}

// draft is the receipt of a call after the last of its channel.
func (w *world) draft(a *ask, charged vouchers.Amount) receipts.Receipt {
	_, voucher := paidFrom(a.payment)
	r := receipts.Receipt{
		Network: a.payment.Accepted.Network, Escrow: *a.payment.Accepted.Extra.Escrow, Channel: voucher.ChannelID,
		Sequence: 1, Charged: charged, Cumulative: charged, Ceiling: voucher.MaxClaimableAmount,
		Resource: "mcp://tool/" + a.tool, IssuedAt: uint64(time.Now().Unix()),
	}
	if strings.HasPrefix(a.tool, "/") {
		r.Resource = receipts.OfPath(a.tool)
	}
	if all := w.seen[r.Channel].receipts; len(all) > 0 {
		last := all[len(all)-1]
		r.Sequence, r.Previous, r.Cumulative = last.Sequence+1, digestOf(last), last.Cumulative+charged
	}
	return r
}

// attest signs a receipt by the authorizer of its channel.
func (w *world) attest(r receipts.Receipt) *receipts.Signed {
	s := signed(r, signerOf(w.seen[r.Channel].config.ReceiverAuthorizer))
	w.attested[digestOf(s)] = true
	return s
}

// issue is the receipt of an honest shop, which the next one of the channel follows.
func (w *world) issue(a *ask, charged vouchers.Amount) *receipts.Signed {
	s := w.attest(w.draft(a, charged))
	ch := w.seen[s.Channel]
	ch.receipts = append(ch.receipts, s)
	return s
}

// forge is a receipt that may be anything but that of a call.
func (w *world) forge(t *rapid.T, a *ask, charged vouchers.Amount) *receipts.Signed {
	r := w.draft(a, max(charged, 1))
	all := w.seen[r.Channel].receipts
	switch rapid.SampledFrom([]string{"none", "good", "good", "foreign", "path", "replayed", "replayed", "number twice", "gap", "epoch", "charge", "total", "resource", "elsewhere"}).Draw(t, "signed") {
	case "good":
		return w.issue(a, max(charged, 1))
	case "foreign":
		by := authorizers[rapid.SampledFrom([]string{"a1", "a2"}).Draw(t, "by")]
		if s := signed(r, by); by.Address() != w.seen[r.Channel].config.ReceiverAuthorizer {
			return s
		}
	case "path":
		s := signed(r, signerOf(w.seen[r.Channel].config.ReceiverAuthorizer))
		s.Batch.Path[0][0]++
		return s
	case "replayed":
		if len(w.handedOut) > 0 {
			return pick(t, "replayed", w.handedOut)
		}
	case "number twice":
		if len(all) > 0 {
			again := pick(t, "again", all).Receipt
			again.Charged, again.IssuedAt = r.Charged, again.IssuedAt+1
			return w.attest(again)
		}
	case "gap":
		r.Sequence += rapid.Uint64Range(1, 3).Draw(t, "left out")
		return w.attest(r)
	case "epoch":
		epoch, _ := vouchers.EpochOf(r.Sequence)
		r.Sequence, r.Cumulative = vouchers.NextNumber(0, epoch+1), w.number(t, "restored", a)
		s := w.attest(r)
		w.seen[r.Channel].receipts = append(all, s)
		return s
	case "charge":
		r.Charged += price
		return w.attest(r)
	case "total":
		r.Cumulative = w.number(t, "in all", a)
		return w.attest(r)
	case "resource":
		r.Resource = "mcp://tool/another"
		return w.attest(r)
	case "elsewhere":
		by := signerOf(w.seen[r.Channel].config.ReceiverAuthorizer)
		if rapid.Bool().Draw(t, "of another channel") {
			r.Channel[0]++
		} else {
			r.Escrow[0]++
		}
		return signed(r, by)
	}
	return nil
}

// wants is a refusal of a shop that says that its books were restored, and asks for a receipt.
func (w *world) wants(t *rapid.T, a *ask) reply {
	_, voucher := paidFrom(a.payment)
	required := w.sellers[a.shop].required(x402.ErrVerificationStateUnavailable, a.payment.Accepted)
	asked := extension.AskedReceipt{Channel: voucher.ChannelID, Epoch: rapid.Uint64Range(0, 3).Draw(t, "epoch")}
	extensions, err := extension.AskReceipt(required.Extensions, asked)
	if err != nil {
		panic(err)
	}
	required.Extensions = extensions
	return reply{required: required}
}

// shown holds what a payment shows: the shop has signed it, of this channel. What the payer counts
// it has signed vouchers for.
func (w *world) shown(a *ask) {
	shown, err := extension.ShownReceipt(a.payment.Extensions)
	if err != nil {
		panic(err)
	}
	if !shown.IsAnswer() {
		return
	}
	count("receipt shown")
	_, voucher := paidFrom(a.payment)
	if counted := *shown.Counted; counted > max(w.seen[voucher.ChannelID].ever, voucher.MaxClaimableAmount) {
		w.problem = fmt.Sprintf("the payer says that it counts %d, and has signed %d", counted, voucher.MaxClaimableAmount)
	}
	if shown.Latest == "" {
		return
	}
	r, err := receipts.ParseWire(shown.Latest)
	if err != nil || r.Channel != voucher.ChannelID || !w.attested[digestOf(r)] {
		w.problem = fmt.Sprintf("a payment of channel %s shows %+v, %v", voucher.ChannelID, r, err)
	}
}

// handsOut holds the receipt that a process hands out for a call: its shop has signed it for
// that, and it was not handed out for another one.
func (w *world) handsOut(s *slot, given agent.Receipt) {
	if given.Signed == nil {
		return
	}
	count("receipt handed out")
	w.mu.Lock()
	defer w.mu.Unlock()
	r, digest := given.Signed, digestOf(given.Signed)
	if r.Channel != given.Channel || r.Charged != given.Charged || !w.attested[digest] || s.given[digest] {
		w.problem = fmt.Sprintf("a call of %d in channel %s hands out %+v", given.Charged, given.Channel, r)
	}
	s.given[digest] = true
	w.handedOut = append(w.handedOut, r)
}

// holdReceipts holds what the book on disk keeps: what shops have signed for their channels.
func (w *world) holdReceipts(t *rapid.T) {
	for _, id := range w.channels() {
		kept, err := w.book.Receipts(id)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := w.book.Contradictions(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range append(kept, twice...) {
			if r.Channel != id || !w.attested[digestOf(&r)] {
				t.Fatalf("the book keeps %+v of channel %s", r, id)
			}
		}
	}
}

// fetch has a process ask for the receipts that its book lacks. The shop gives what it likes, and
// then nothing.
func (p player) fetch(t *rapid.T) {
	s := p.mcp(t)
	p.mu.Lock()
	for _, id := range p.channels() {
		p.seen[id].page = p.drawPage(t, id)
	}
	p.mu.Unlock()
	p.ended(t, p.run(s, "fetch", func(ctx context.Context) error {
		_, err := s.mcp.FetchReceipts(ctx)
		return err
	}))
}

// drawPage are some of a channel's receipts, or another one's.
func (w *world) drawPage(t *rapid.T, id vouchers.ChannelID) []*receipts.Signed {
	all := w.seen[id].receipts
	switch rapid.SampledFrom([]string{"all", "all", "all", "some", "none", "another's", "forged"}).Draw(t, "page") {
	case "some":
		return all[rapid.IntRange(0, len(all)).Draw(t, "from"):]
	case "none":
		return nil
	case "another's":
		return w.seen[pick(t, "whose", w.channels())].receipts
	case "forged":
		if len(all) == 0 {
			return nil
		}
		bent := pick(t, "bent", all).Receipt
		bent.Charged, bent.Cumulative = bent.Charged+price, bent.Cumulative+price
		return []*receipts.Signed{w.attest(bent)}
	}
	return all
}

// pageAfter is what is left of a channel's page after a number; it is given once.
func (w *world) pageAfter(id vouchers.ChannelID, after uint64) []*receipts.Signed {
	w.mu.Lock()
	defer w.mu.Unlock()
	page := []*receipts.Signed{}
	ch := w.seen[id]
	if ch == nil {
		return page
	}
	for _, r := range ch.page {
		if r.Sequence > after {
			page = append(page, r)
		}
	}
	ch.page = nil
	return page
}
