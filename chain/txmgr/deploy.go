package txmgr

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
)

// ErrNoDeployer says that the chain lacks the deterministic deployer.
var ErrNoDeployer = errors.New("no deterministic deployer")

// Create2 deploys a contract through the deterministic deployer, so that its address
// follows from salt and init code alone (EIP-1014). What is there already is left,
// and the receipt is nil. Errors are those of [Sender.Send], or wrap
// [ErrNoDeployer].
func (s *Sender) Create2(ctx context.Context, deployer common.Address, salt common.Hash, initCode []byte, label string) (common.Address, *types.Receipt, error) {
	address := crypto.CreateAddress2(deployer, salt, crypto.Keccak256(initCode))
	code, err := s.client.Code(ctx, address)
	if err != nil || len(code) > 0 {
		return address, nil, err
	}
	if code, err = s.client.Code(ctx, deployer); err != nil {
		return address, nil, err
	}
	if len(code) == 0 {
		return address, nil, fmt.Errorf("%w at %s on %s: it is put there with one presigned transaction, see github.com/Arachnid/deterministic-deployment-proxy", ErrNoDeployer, deployer, s.client.Network())
	}
	receipt, err := s.Send(ctx, Call{To: deployer, Data: append(salt.Bytes(), initCode...), Label: label})
	return address, receipt, err
}
