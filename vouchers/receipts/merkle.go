package receipts

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// MaxPath is how many hashes the path of a receipt has at most.
const MaxPath = 32

// tree is a Merkle tree over digests: its levels, from the leaves to the root. Leaves are hashed
// twice and pairs are sorted, as OpenZeppelin's StandardMerkleTree has it, so that its MerkleProof
// checks a path; a node without a sibling is carried up as it is. It has a leaf or more.
type tree [][]common.Hash

// newTree is the tree over digests, of which there is one at least and 1 << [MaxPath] at most.
func newTree(digests []common.Hash) tree {
	h := crypto.NewKeccakState()
	level := make([]common.Hash, len(digests))
	for i := range digests {
		leafOf(h, &digests[i], &level[i])
	}
	t := tree{level}
	for len(level) > 1 {
		above := make([]common.Hash, (len(level)+1)/2)
		for i := range len(level) / 2 {
			parentOf(h, &level[2*i], &level[2*i+1], &above[i])
		}
		if len(level)%2 == 1 {
			above[len(above)-1] = level[len(level)-1]
		}
		level = above
		t = append(t, level)
	}
	return t
}

func (t tree) root() common.Hash { return t[len(t)-1][0] }

// path are the siblings from a leaf to the root.
func (t tree) path(leaf int) []common.Hash {
	path := make([]common.Hash, 0, len(t)-1)
	for _, level := range t[:len(t)-1] {
		if sibling := leaf ^ 1; sibling < len(level) {
			path = append(path, level[sibling])
		}
		leaf /= 2
	}
	return path
}

// climb is the root of the tree in which a digest has this path.
func climb(digest common.Hash, path []common.Hash) common.Hash {
	h := crypto.NewKeccakState()
	node := new(common.Hash)
	leafOf(h, &digest, node)
	for i := range path {
		parentOf(h, node, &path[i], node)
	}
	return *node
}

func leafOf(h crypto.KeccakState, digest, leaf *common.Hash) {
	hashInto(h, leaf, digest[:])
	hashInto(h, leaf, leaf[:])
}

func parentOf(h crypto.KeccakState, a, b, parent *common.Hash) {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	hashInto(h, parent, a[:], b[:])
}

// hashInto writes the hash of what the parts are together, which may be where it is written.
func hashInto(h crypto.KeccakState, to *common.Hash, parts ...[]byte) {
	h.Reset()
	for _, part := range parts {
		_, _ = h.Write(part) // a hash takes all
	}
	_, _ = h.Read(to[:])
}
