package adversary_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// pipe is a listener in memory.
type pipe struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
	server      *http.Server

	mu      sync.Mutex // guards what follows
	refuses int        // so many connections yet
	open    []net.Conn
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipe) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses > 0 {
		p.refuses--
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
	}
	p.open = append(p.open, ours)
	select {
	case p.connections <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hangUp ends all connections, and makes so many no more.
func (p *pipe) hangUp(refuses int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuses
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}
