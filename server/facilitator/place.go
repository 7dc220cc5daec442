package facilitator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/x402/v1"
)

// place is a chain on which payments are settled.
type place struct {
	Chain
	f *Facilitator

	network string // as in "eip155:8453"
	name    string // in version 1 of x402; "" is none
	senders []*txmgr.Sender
	house   *clearing.House
	proxies transfer.Proxies
	escrows []*vault

	mu     sync.Mutex // guards what follows
	tokens map[common.Address]funding.Token
	busy   map[common.Address]int // errands that a key has under way
	told   map[common.Hash]uint64 // the gas that was told of payments that a reorganization took back
}

// vault is an escrow with its collectors.
type vault struct {
	*escrow.Contract
	escrow.Addresses
}

func (p *place) open(ctx context.Context) (err error) {
	p.tokens, p.busy, p.told = make(map[common.Address]funding.Token), make(map[common.Address]int), make(map[common.Hash]uint64)
	p.name, _ = v1.NetworkOf(p.Client.ChainID())
	if p.proxies, err = transfer.FindProxies(ctx, p.Client); err != nil {
		return err
	}
	for _, token := range p.Tokens {
		if _, err = p.token(ctx, token); err != nil {
			return fmt.Errorf("%w: token %s: %w", ErrOptions, token, err)
		}
	}
	if err = p.findEscrows(ctx); err != nil {
		return err
	}
	if err = p.openSenders(ctx); err != nil {
		return err
	}
	if p.house, err = clearing.Open(ctx, clearing.Options{
		Client: p.Client, Senders: p.senders, Store: p.f.options.Store, Logger: p.f.options.Logger.With("chain", p.network),
		Confirmations: p.Confirmations, FinalAfter: p.FinalAfter, Batch: p.Batch, Waiting: p.f.options.Limits.Waiting,
		MaxFee: p.MaxFee, MaxCost: p.MaxCost, Reorged: p.reorged, Ended: p.ended, Now: p.f.options.Now,
	}); err != nil {
		return err
	}
	return p.house.Each(p.takeUp)
}

// sentBucket is the store's bucket of the transactions of a key.
func sentBucket(chainID uint64, key common.Address) string {
	return fmt.Sprintf("sent-%s-%x", strconv.FormatUint(chainID, 36), key[:])
}

func (p *place) openSenders(ctx context.Context) error {
	for _, key := range p.Keys {
		journal := clearing.Journal{Bucket: p.f.options.Store.Bucket(sentBucket(p.Client.ChainID(), key.Address()))}
		sending := []txmgr.Option{txmgr.WithJournal(journal), txmgr.WithConfirmations(max(p.Confirmations, 1)), txmgr.WithOwner("the facilitator's")}
		if p.MaxFee != nil {
			sending = append(sending, txmgr.WithMaxFee(p.MaxFee))
		}
		if p.StuckAfter > 0 {
			sending = append(sending, txmgr.WithStuckAfter(p.StuckAfter))
		}
		sender, err := txmgr.NewSender(ctx, p.Client, key, sending...)
		if err != nil {
			return err
		}
		p.senders = append(p.senders, sender)
	}
	return nil
}

// findEscrows asks which escrows there are: the canonical one, chit's own, and those that are pinned.
func (p *place) findEscrows(ctx context.Context) error {
	all := slices.Clone(p.Pinned)
	for _, known := range []escrow.Addresses{escrow.Canonical, escrow.Own} {
		if !slices.ContainsFunc(all, func(a escrow.Addresses) bool { return a.Escrow == known.Escrow }) {
			all = append(all, known)
		}
	}
	for _, at := range all {
		trusted, err := escrow.Trusted(ctx, p.Client, at.Escrow, p.Pinned...)
		if errors.Is(err, chain.ErrNoContract) {
			continue
		}
		var code []byte
		if err == nil {
			code, err = p.Client.Code(ctx, at.Escrow)
		}
		if err != nil {
			return err
		}
		if len(code) > 0 {
			p.escrows = append(p.escrows, &vault{escrow.At(p.Client, at.Escrow), trusted})
		}
	}
	return nil
}

// maxTokens is how many tokens are remembered of a chain that serves any.
const maxTokens = 256

// token is a token that is served.
func (p *place) token(ctx context.Context, address common.Address) (funding.Token, error) {
	if len(p.Tokens) > 0 && !slices.Contains(p.Tokens, address) {
		return funding.Token{}, fmt.Errorf("%w: %s on %s", errToken, address, p.network)
	}
	p.mu.Lock()
	token, known := p.tokens[address]
	p.mu.Unlock()
	if known {
		return token, nil
	}
	token, err := funding.ReadToken(ctx, p.Client, address)
	if err != nil {
		return token, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tokens) >= maxTokens {
		clear(p.tokens)
	}
	p.tokens[address] = token
	return token, nil
}

// errToken says that a token is none of those that are served.
var errToken = errors.New("this facilitator does not move the token")

// isSender reports whether an account is one of the keys here.
func (p *place) isSender(address common.Address) bool {
	return slices.ContainsFunc(p.senders, func(s *txmgr.Sender) bool { return s.Address() == address })
}

// freest is the key that has the least to do of those that can pay for gas; where none can, of all.
func (p *place) freest() common.Address {
	states := p.house.Gas()
	p.mu.Lock()
	defer p.mu.Unlock()
	load := func(s clearing.GasState) int { return s.InFlight + p.busy[s.Address] }
	best := states[0]
	for _, s := range states[1:] {
		if best.Out && !s.Out || best.Out == s.Out && load(s) < load(best) {
			best = s
		}
	}
	return best.Address
}
