package escrow

import (
	"fmt"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"

	"github.com/chitpay/chit/abigen"
)

// ABIs are the contracts whose errors a client should know by name; pass them to
// [chain.WithErrors].
func ABIs() []*abi.ABI {
	sources := []*bind.MetaData{
		&abigen.EscrowMetaData, &abigen.Erc3009CollectorMetaData, &abigen.Permit2CollectorMetaData,
		&abigen.TransferCollectorMetaData, &abigen.DevUSDCMetaData, &abigen.Permit2MetaData,
		&abigen.ExactPermit2ProxyMetaData, &abigen.UptoPermit2ProxyMetaData,
	}
	all := make([]*abi.ABI, len(sources))
	for i, m := range sources {
		parsed, err := m.ParseABI()
		if err != nil {
			panic(fmt.Sprintf("parse the ABI of %s: %v", m.ID, err)) // generated code
		}
		all[i] = parsed
	}
	return all
}
