package escrow

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
)

// Deployed is one contract of our deployment and how it got there.
type Deployed struct {
	// Name is the contract's, Address its place on every chain.
	Name    string         `json:"name"`
	Address common.Address `json:"address"`
	// Tx is the transaction that created it, zero if it was there before.
	Tx common.Hash `json:"tx,omitzero"`
	// GasUsed is what creating it cost, in gas units.
	GasUsed uint64 `json:"gasUsed,omitempty"`
}

// Deploy puts our escrow and its collectors on the sender's chain, through the
// deterministic CREATE2 deployer. What is there already is recognised and left.
func Deploy(ctx context.Context, client *chain.Client, sender *txmgr.Sender) ([]Deployed, error) {
	var all []Deployed
	for _, d := range abigen.Deployments() {
		address, receipt, err := sender.Create2(ctx, abigen.Deployer, abigen.Salt, d.InitCode(), "deploy "+d.Name)
		if err != nil {
			return all, fmt.Errorf("deploy %s: %w", d.Name, err)
		}
		done := Deployed{Name: d.Name, Address: address}
		if receipt != nil {
			done.Tx, done.GasUsed = receipt.TxHash, receipt.GasUsed
		}
		if err := checkCode(ctx, client, d); err != nil {
			return all, fmt.Errorf("deploy %s: %w", d.Name, err)
		}
		all = append(all, done)
	}
	return all, nil
}

// VerifyDeployment compares the code on chain of our escrow and its collectors with
// the bytecode that this program embeds. The error names every contract that is
// missing or differs.
func VerifyDeployment(ctx context.Context, client *chain.Client) error {
	var wrong []error
	for _, d := range abigen.Deployments() {
		wrong = append(wrong, checkCode(ctx, client, d))
	}
	return errors.Join(wrong...)
}
