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
		level[i] = leafOf(h, &digests[i])
	}
	t := tree{level}
	for len(level) > 1 {
		above := make([]common.Hash, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			above = append(above, parentOf(h, &level[i], &level[i+1]))
		}
		if len(level)%2 == 1 {
			above = append(above, level[len(level)-1])
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
	node := leafOf(h, &digest)
	for i := range path {
		node = parentOf(h, &node, &path[i])
	}
	return node
}

func leafOf(h crypto.KeccakState, digest *common.Hash) common.Hash {
	once := crypto.HashData(h, digest[:])
	return crypto.HashData(h, once[:])
}

func parentOf(h crypto.KeccakState, a, b *common.Hash) common.Hash {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	var pair [2 * common.HashLength]byte
	copy(pair[:], a[:])
	copy(pair[common.HashLength:], b[:])
	return crypto.HashData(h, pair[:])
}
