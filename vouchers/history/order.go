package history

import (
	"bytes"

	"github.com/syndtr/goleveldb/leveldb/comparer"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// options are those of every table. What is here is part of the format but for the size of
// a block, which was chosen by measuring: smaller ones compress less, larger ones make a
// walk of one channel read more.
var options = &opt.Options{
	BlockSize:   32 << 10,
	Comparer:    wholeKeys{comparer.DefaultComparer},
	Compression: opt.SnappyCompression,
	Filter:      byName{filter.NewBloomFilter(10)},
	Strict:      opt.StrictBlockChecksum | opt.StrictReader,
}

// wholeKeys is the order of bytes, with whole keys in the index.
type wholeKeys struct{ comparer.Comparer }

func (wholeKeys) Name() string                    { return "chit.WholeKeys" }
func (wholeKeys) Separator(_, _, _ []byte) []byte { return nil }
func (wholeKeys) Successor(_, _ []byte) []byte    { return nil }

// nameLength is how long the kind of a row and the name that it is looked up by are.
const nameLength = 1 + 32

// byName filters rows by the channel, or by the key of an answer; other rows it lets pass.
type byName struct{ filter.Filter }

func (byName) Name() string { return "chit.ByName" }

func (f byName) Contains(filter, key []byte) bool {
	return len(key) < nameLength || f.Filter.Contains(filter, key[:nameLength])
}

func (f byName) NewGenerator() filter.FilterGenerator {
	return &nameGenerator{FilterGenerator: f.Filter.NewGenerator()}
}

// nameGenerator adds each name once, of rows that come in order.
type nameGenerator struct {
	filter.FilterGenerator
	last []byte
}

func (g *nameGenerator) Add(key []byte) {
	if len(key) < nameLength || bytes.Equal(key[:nameLength], g.last) {
		return
	}
	g.last = append(g.last[:0], key[:nameLength]...)
	g.FilterGenerator.Add(g.last)
}

func (g *nameGenerator) Generate(b filter.Buffer) {
	g.last = g.last[:0]
	g.FilterGenerator.Generate(b)
}
