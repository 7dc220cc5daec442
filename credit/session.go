package credit

import (
	"crypto/sha256"
	"strings"
	"sync"
	"unique"
	"unsafe"

	"github.com/chitpay/chit/vouchers"
)

// session is a token that was verified, ready to be spent.
type session struct {
	grant   *grant
	token   node // its fingerprint
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
	shards [sessionShards]struct {
		mu    sync.RWMutex // guards known
		known map[sessionKey]*session
	}
}

type sessionKey [16]byte

const (
	sessionShards = 32
	// maxSessions is of one shard.
	maxSessions = 4096
)

func (s *sessions) init() {
	for i := range s.shards {
		s.shards[i].known = map[sessionKey]*session{}
	}
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
	if len(shard.known) >= maxSessions {
		for old := range shard.known {
			delete(shard.known, old)
			break
		}
	}
	shard.known[key] = fresh
}

// session returns the verified token, and why it is none that may be spent.
func (b *Book) session(text string) (*session, *Refusal) {
	if len(text) > MaxText {
		return nil, &Refusal{Code: CodeInvalidToken, Err: ErrToken}
	}
	key, epoch := keyOf(text), b.epoch.Load()
	if s := b.sessions.get(key); s != nil && s.epoch == epoch {
		return s, nil
	}
	s, _, refused := b.verify(text, epoch)
	if refused != nil {
		return nil, refused
	}
	b.sessions.put(key, s)
	return s, nil
}

// verify checks where a token comes from, and that it was not revoked.
func (b *Book) verify(text string, epoch uint32) (*session, *chain, *Refusal) {
	t, err := Parse(text)
	if err != nil {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Err: err}
	}
	root := b.keys.get(t.name.key)
	if root == nil {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Err: ErrForged}
	}
	nodes, err := t.verify(root)
	if err != nil {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Err: err}
	}
	g := b.find(t.name.grant)
	if g == nil {
		return nil, nil, b.past(t.name.grant)
	}
	if channel, ok := t.channel(); !ok || channel != g.channel.Value() {
		return nil, nil, &Refusal{Code: CodeInvalidToken, Caveat: Caveat{Kind: KindChannel, Channel: channel}.String(), Err: ErrForged}
	}
	if b.isRevoked(g.id, nodes) {
		return nil, nil, &Refusal{Code: CodeRevoked}
	}
	return newSession(g, t.caveats, nodes, epoch), &chain{g, t, nodes}, nil
}

// chain is a verified token with its points.
type chain struct {
	grant *grant
	token Token
	nodes []node
}

// past says why the tokens of a grant are not live any more.
func (b *Book) past(id GrantID) *Refusal {
	r, err := b.record(id)
	switch {
	case err != nil:
		return &Refusal{Code: CodeInvalidToken, Err: err}
	case r.Returned == nil: // it is being registered
		return &Refusal{Code: CodeBusy, Err: ErrNoGrant}
	}
	return &Refusal{Code: r.Ended.code(), Err: ErrGrantEnded}
}

func newSession(g *grant, caveats []Caveat, nodes []node, epoch uint32) *session {
	s := &session{grant: g, token: nodes[len(nodes)-1], expires: MaxTime, epoch: epoch, counters: make([]*counter, 0, counted(caveats))}
	var tools []string
	var t terms
	for i, c := range caveats {
		switch c.Kind {
		case KindTools:
			tools = append(tools, c.Tools)
		case KindPerCall:
			if t.perCall == 0 || c.Limit < t.perCall {
				t.perCall = c.Limit
			}
		case KindExpires:
			s.expires = min(s.expires, c.Time)
		case KindNotBefore:
			t.notYet = max(t.notYet, c.Time)
		}
		if c.Kind.counted() {
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

func counted(caveats []Caveat) (n int) {
	for _, c := range caveats {
		if c.Kind.counted() {
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
			s.grant.counters.add(c)
		}
	}
}

// permits checks what does not depend on what was spent.
func (s *session) permits(call Call, now moment) *Refusal {
	if refused := s.inTime(now); refused != nil {
		return refused
	}
	if list, ok := s.allows(call.Tool); !ok {
		return &Refusal{Code: CodeToolNotAllowed, Caveat: Caveat{Kind: KindTools, Tools: list}.String()}
	}
	if perCall := s.terms.Value().perCall; perCall != 0 && uint64(call.Price) > perCall {
		return &Refusal{
			Code: CodePerCallExceeded, Caveat: Caveat{Kind: KindPerCall, Limit: perCall}.String(),
			Required: call.Price, Remaining: vouchers.Amount(perCall),
		}
	}
	return nil
}

func (s *session) inTime(now moment) *Refusal {
	notYet := s.terms.Value().notYet
	switch {
	case now.latest() >= s.expires:
		return &Refusal{Code: CodeExpired, Caveat: Caveat{Kind: KindExpires, Time: s.expires}.String()}
	case now.wall < notYet:
		return &Refusal{Code: CodeNotYetValid, Caveat: Caveat{Kind: KindNotBefore, Time: notYet}.String(), RetryAfter: seconds(notYet - now.wall)}
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
		if !matchAny(list, tool) {
			return list, false
		}
	}
	return "", true
}
