package session

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// watches are the resources that clients want to hear of. Each wish is that of a session
// with an open stream, and is forgotten with the stream.
type watches struct {
	mu    sync.Mutex // guards what follows
	byURI map[string]*watched
	each  map[string]int // wishes by session
	all   int            // wishes
}

// watched is a resource.
type watched struct {
	upstream string
	sessions map[string]bool
	asked    bool // the upstream was asked to tell of it
}

func newWatches() watches {
	return watches{byURI: make(map[string]*watched), each: make(map[string]int)}
}

func (w *watches) by(uri string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if it := w.byURI[uri]; it != nil {
		return slices.Collect(maps.Keys(it.sessions))
	}
	return nil
}

// wishes are the resources of a session.
func (w *watches) wishes(session string) (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uri, it := range w.byURI {
		if it.sessions[session] {
			uris = append(uris, uri)
		}
	}
	return uris
}

var errNoStream = errors.New("the session has no open stream (GET) on which it would be told of changes")

// wish notes that a session wants to hear of a resource.
func (r *Registry) wish(uri, session string) error {
	limits := r.limiter.Limits()
	if int64(len(uri)) > limits.WatchedURI {
		r.limiter.MeetLimit("watchedURI")
		return fmt.Errorf("its URI is longer than %d bytes", limits.WatchedURI)
	}
	upstream := r.ownerOf(uri)
	if upstream == "" {
		return fmt.Errorf("there is no resource %q", uri)
	}
	if !r.streams.await(session) {
		return errNoStream
	}
	w := &r.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.byURI[uri]
	switch {
	case it != nil && it.sessions[session]:
		return nil
	case !r.streams.has(session): // it goes before the wishes do
		return errNoStream
	case w.each[session] >= limits.Watches:
		r.limiter.MeetLimit("watches")
		return fmt.Errorf("a session can watch %d resources", limits.Watches)
	case w.all >= limits.AllWatches:
		r.limiter.MeetLimit("allWatches")
		return errors.New("as many resources are watched as this server keeps")
	}
	if it == nil {
		it = &watched{upstream: upstream, sessions: make(map[string]bool)}
		w.byURI[uri] = it
	}
	it.sessions[session] = true
	w.each[session]++
	w.all++
	return nil
}

// ask reports whether the upstream has yet to be asked to tell of a resource, once.
func (w *watches) ask(uri string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.byURI[uri]
	if it == nil || it.asked {
		return false
	}
	it.asked = true
	return true
}

// remove forgets a session's wish, and reports whether nobody is left.
func (w *watches) remove(uri, session string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.drop(uri, session)
}

// drop is called with w.mu held.
func (w *watches) drop(uri, session string) (last bool) {
	it := w.byURI[uri]
	if it == nil || !it.sessions[session] {
		return false
	}
	delete(it.sessions, session)
	w.all--
	if w.each[session]--; w.each[session] == 0 {
		delete(w.each, session)
	}
	if last = len(it.sessions) == 0; last {
		delete(w.byURI, uri)
	}
	return last
}

// forget removes a session whose stream has gone.
func (w *watches) forget(session string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.each[session] == 0 {
		return
	}
	for uri := range w.byURI {
		w.drop(uri, session)
	}
}

// of is what is watched of an upstream.
func (w *watches) of(upstream string) (uris []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for uri, it := range w.byURI {
		if it.upstream == upstream {
			uris = append(uris, uri)
		}
	}
	return uris
}
