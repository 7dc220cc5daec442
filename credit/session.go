package credit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unique"
	"unsafe"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// stale is what a session is refused with that was verified before the latest
// revocation of its grant: the token is to be verified again.
var stale = &Refusal{Code: CodeRevoked, Err: ErrGrantEnded}

// session is a token that was verified, ready to be spent.
type session struct {
	grant   *grant
	token   macaroon.Node // its fingerprint
	terms   unique.Handle[terms]
	expires uint32
	epoch   uint32

	// The grant's lock guards what follows. Counters that are the grant's do not change.
	counters []*counter
}

// terms are limits that many tokens have in common.
type terms struct {
	tools   string // lists of globs, one a line: a name has to be on each
	perCall uint64 // 0 is no limit
	notYet  uint32 // good from then on
}

// sessions remembers verified tokens by the hash of their text, so that looking one
// up tells nothing about the text of another. A full shard forgets any of them: a
// token that comes again is verified again.
type sessions struct {
	most   int64 // bytes of one shard; 0 is no limit
	full   func()
	shards [sessionShards]struct {
		mu    sync.RWMutex // guards what follows
		known map[sessionKey]*session
		bytes int64
	}
}

type sessionKey [16]byte

const sessionShards = 32

func (s *sessions) init(most int64, full func()) {
	s.most, s.full = (most+sessionShards-1)/sessionShards, full
	for i := range s.shards {
		s.shards[i].known = map[sessionKey]*session{}
	}
}

// bytes is about how much memory a session takes.
func (s *session) bytes() int64 {
	const entry = 64 + int(unsafe.Sizeof(session{}))
	const each = 8 + int(unsafe.Sizeof(counter{})) + int(unsafe.Sizeof(window{}))
	return int64(entry + each*len(s.counters) + len(s.terms.Value().tools))
}

// keyOf hashes the text of a token where it is.
func keyOf(text string) sessionKey {
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(text), len(text)))
	return sessionKey(sum[:])
}

func (s *sessions) get(key sessionKey) *session {
	shard := &s.shards[key[0]%sessionShards]
	shard.mu.RLock()
	defer shard.mu.RUnlock()
	return shard.known[key]
}

func (s *sessions) put(key sessionKey, fresh *session) {
	shard := &s.shards[key[0]%sessionShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if s.most > 0 && fresh.bytes() > s.most {
		return // a shard that has nothing else has no room for it
	}
	if old := shard.known[key]; old != nil {
		shard.bytes -= old.bytes()
	}
	shard.known[key] = fresh
	shard.bytes += fresh.bytes()
	for other, old := range shard.known {
		if s.most == 0 || shard.bytes <= s.most {
			return
		}
		if other != key {
			delete(shard.known, other)
			shard.bytes -= old.bytes()
			s.full()
		}
	}
}

// drop forgets a token.
func (s *sessions) drop(key sessionKey) {
	shard := &s.shards[key[0]%sessionShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if old := shard.known[key]; old != nil {
		delete(shard.known, key)
		shard.bytes -= old.bytes()
	}
}

// session returns the verified token, and why it is none that may be spent. known says
// that it is remembered, and may be stale: one that was never taken is not.
func (b *Book) session(text string) (s *session, key sessionKey, known bool, refused *Refusal) {
	if len(text) > macaroon.MaxText {
		return nil, key, false, &Refusal{Code: CodeInvalidToken, Err: macaroon.ErrToken}
	}
	key = keyOf(text)
	if s = b.sessions.get(key); s != nil {
		return s, key, true, nil
	}
	s, _, refused = b.verify(text)
	return s, key, false, refused
}

// authentic reads a token, and returns it with its points. The error wraps [macaroon.ErrToken],
// or [macaroon.ErrForged] if no root key of this book has signed it.
func (b *Book) authentic(text string) (macaroon.Token, []macaroon.Node, error) {
	t, err := macaroon.Parse(text)
	if err != nil {
		return macaroon.Token{}, nil, err
	}
	root := b.keys.Get(t.Root())
	if root == nil {
		return macaroon.Token{}, nil, macaroon.ErrForged
	}
	nodes, err := t.Verify(root)
	return t, nodes, err
}

// verify checks where a token comes from, and that it was not revoked.
func (b *Book) verify(text string) (*session, *chain, *Refusal) {
	t, nodes, err := b.authentic(text)
	if err != nil {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Err: err}
	}
	g := b.find(t.Grant())
	if g == nil {
		return nil, nil, b.past(t)
	}
	epoch := g.now()
	if channel, ok := t.Channel(); !ok || channel != g.on.channel {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Caveat: macaroon.Caveat{Kind: macaroon.KindChannel, Channel: channel}.String(), Err: macaroon.ErrForged}
	}
	if b.isRevoked(g.id, nodes) {
		return nil, nil, &Refusal{Code: CodeRevoked}
	}
	return newSession(g, t, nodes, epoch), &chain{g, t, nodes}, nil
}

// chain is a verified token with its points.
type chain struct {
	grant *grant
	token macaroon.Token
	nodes []macaroon.Node
}

// past says why a token of a grant is not live any more.
func (b *Book) past(t macaroon.Token) *Refusal {
	r, err := b.record(t.Grant())
	expires := func(c macaroon.Caveat) bool {
		return c.Kind == macaroon.KindExpires && c.Time <= b.clock.now().latest()
	}
	switch {
	case errors.Is(err, ErrNoGrant) && slices.ContainsFunc(t.Caveats(), expires): // it ended so long ago that it was forgotten
		return &Refusal{Code: CodeExpired, Err: err}
	case errors.Is(err, ErrNoGrant):
		return &Refusal{Code: CodeInvalidToken, Err: fmt.Errorf("%w: it has ended, or was made after the backup that the seller's books were restored from; ask who has handed the token out for another one", err)}
	case err != nil:
		return &Refusal{Code: CodeInvalidToken, Err: err}
	case r.Returned == nil: // it is being registered
		return &Refusal{Code: CodeBusy, Err: ErrNoGrant}
	}
	return &Refusal{Code: r.Ended.code(), Err: ErrGrantEnded}
}

func newSession(g *grant, of macaroon.Token, nodes []macaroon.Node, epoch uint32) *session {
	s := &session{grant: g, token: nodes[len(nodes)-1], expires: macaroon.MaxTime, epoch: epoch, counters: make([]*counter, 0, counted(of))}
	var tools []string
	var t terms
	for i, c := range of.All() {
		switch c.Kind {
		case macaroon.KindTools:
			tools = append(tools, c.Tools)
		case macaroon.KindPerCall:
			if t.perCall == 0 || c.Limit < t.perCall {
				t.perCall = c.Limit
			}
		case macaroon.KindExpires:
			s.expires = min(s.expires, c.Time)
		case macaroon.KindNotBefore:
			t.notYet = max(t.notYet, c.Time)
		}
		if c.Kind.Counted() {
			s.counters = append(s.counters, newCounter(nodes[i+1], c, s.expires))
		}
	}
	t.tools = strings.Join(tools, "\n")
	s.terms = unique.Make(t)
	g.mu.Lock()
	defer g.mu.Unlock()
	s.adopt()
	return s
}

// revoked is why a token that was, or may have been, revoked gets no answer, and nil if
// it was not.
func (s *session) revoked() *Refusal {
	s.grant.mu.Lock()
	defer s.grant.mu.Unlock()
	switch {
	case s.grant.ended == EndRevoked:
		return &Refusal{Code: CodeRevoked, Err: ErrGrantEnded}
	case s.epoch != s.grant.epoch:
		return stale
	}
	return nil
}

func counted(t macaroon.Token) (n int) {
	for _, c := range t.All() {
		if c.Kind.Counted() {
			n++
		}
	}
	return n
}

// adopt takes over the counters that the grant has already, and reports how many it
// has not. Called with the grant's lock held.
func (s *session) adopt() (missing int) {
	for i, c := range s.counters {
		if c.own {
			continue
		}
		known := s.grant.find(c.key)
		if known == nil {
			missing++
			continue
		}
		if known.kind == 0 { // read from the disk, which does not have the limits
			known.kind, known.limit, known.expires = c.kind, c.limit, c.expires
			if c.rate != nil {
				known.rate.settle(c.rate.period, s.grant.latest)
			}
		}
		s.counters[i] = known
	}
	return missing
}

// register gives the grant the counters that it has not. Called with its lock held.
func (s *session) register() {
	for _, c := range s.counters {
		if !c.own {
			s.grant.add(c)
		}
	}
}

// permits checks what does not depend on what was spent.
func (s *session) permits(call Call, now moment) *Refusal {
	if refused := s.inTime(now); refused != nil {
		return refused
	}
	if list, ok := s.allows(call.Tool); !ok {
		return &Refusal{Code: CodeToolNotAllowed, Caveat: macaroon.Caveat{Kind: macaroon.KindTools, Tools: list}.String()}
	}
	if perCall := s.terms.Value().perCall; perCall != 0 && uint64(call.Price) > perCall {
		return &Refusal{
			Code: CodePerCallExceeded, Caveat: macaroon.Caveat{Kind: macaroon.KindPerCall, Limit: perCall}.String(),
			Required: call.Price, Remaining: vouchers.Amount(perCall),
		}
	}
	return nil
}

func (s *session) inTime(now moment) *Refusal {
	notYet := s.terms.Value().notYet
	switch {
	case now.latest() >= s.expires:
		return &Refusal{Code: CodeExpired, Caveat: macaroon.Caveat{Kind: macaroon.KindExpires, Time: s.expires}.String()}
	case now.wall < notYet:
		return &Refusal{Code: CodeNotYetValid, Caveat: macaroon.Caveat{Kind: macaroon.KindNotBefore, Time: notYet}.String(), RetryAfter: seconds(notYet - now.wall)}
	}
	return nil
}

// allows reports whether every list of tools has the name, and the first that has not.
func (s *session) allows(tool string) (string, bool) {
	tools := s.terms.Value().tools
	if tools == "" {
		return "", true
	}
	for rest, more := tools, true; more; {
		var list string
		list, rest, more = strings.Cut(rest, "\n")
		if !macaroon.MatchAny(list, tool) {
			return list, false
		}
	}
	return "", true
}
