package receipts

import (
	"encoding/binary"
	"fmt"
)

// cursor reads bytes from the front. After the first that is not there, or not written in the
// one way that it can be, it reads zeros, and err says so.
type cursor struct {
	rest []byte
	err  error
}

// take returns the next n bytes, which share the memory of what is read.
func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.fail(fmt.Errorf("%w: it ends %d bytes early", ErrFormat, n-len(c.rest)))
		return make([]byte, n)
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) byte() byte { return c.take(1)[0] }

// word reads a big-endian number of 8 bytes.
func (c *cursor) word() uint64 { return binary.BigEndian.Uint64(c.take(8)) }

// number reads a uvarint.
func (c *cursor) number() uint64 {
	n, length := binary.Uvarint(c.rest)
	if length <= 0 || length > 1 && c.rest[length-1] == 0 {
		c.fail(fmt.Errorf("%w: a number that is not written as one", ErrFormat))
		return 0
	}
	c.rest = c.rest[length:]
	return n
}

// signed reads a varint.
func (c *cursor) signed() int64 {
	n := c.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.rest = nil
}

// text is what is left.
func (c *cursor) text() string { return string(c.rest) }
