package ledger

import (
	"testing"
	"unsafe"
)

func TestChannelsFillThePagesOfTheirSlab(t *testing.T) {
	const page = 8192 // of Go's heap
	if size := unsafe.Sizeof(channel{}); size*largestSlab%page != 0 {
		t.Errorf("a slab of %d channels of %d bytes wastes the rest of a page", largestSlab, size)
	}
}
