package profile

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// Deployment is one more escrow that the seller is paid through. What is left out is
// as in the profile; on another chain the token is not.
type Deployment struct {
	// RPC and ChainID are as in [Profile]; without an RPC it is the profile's chain.
	RPC     string `yaml:"rpc,omitempty"`
	ChainID uint64 `yaml:"chainId,omitempty"`
	Escrow  string `yaml:"escrow"`
	Token   string `yaml:"token,omitempty"`
	// Permit2 is for this deployment. The others are as in [Profile].
	Permit2       bool   `yaml:"permit2,omitempty"`
	Collector     string `yaml:"collector,omitempty"`
	MinDeposit    Text   `yaml:"minDeposit,omitempty"`
	Confirmations uint64 `yaml:"confirmations,omitempty"`
	CoinPrice     Text   `yaml:"coinPrice,omitempty"`
}

// AlsoAccepts are the deployments that the seller is paid through beside the
// profile's own.
func (p *Profile) AlsoAccepts() ([]server.Accepts, error) {
	var all []server.Accepts
	for i, d := range p.Also {
		a, err := d.accepts()
		if err != nil {
			return nil, fmt.Errorf("also[%d].%w", i, err)
		}
		all = append(all, a)
	}
	return all, nil
}

func (d Deployment) accepts() (server.Accepts, error) {
	a := server.Accepts{RPC: d.RPC, ChainID: d.ChainID, Permit2: d.Permit2, Confirmations: d.Confirmations}
	if d.RPC != "" && d.ChainID == 0 {
		return a, errors.New("chainId is missing: the EIP-155 number of the chain")
	}
	if d.RPC != "" && d.Token == "" {
		return a, errors.New("token is missing: the address of the token on that chain")
	}
	for _, field := range []struct {
		name, text string
		into       *common.Address
		needed     bool
	}{
		{"escrow", d.Escrow, &a.Escrow, true},
		{"token", d.Token, &a.Token, false},
		{"collector", d.Collector, &a.Collectors.EIP3009, false},
	} {
		if field.text == "" && !field.needed {
			continue
		}
		address, err := ParseAddress(field.text)
		if err != nil {
			return a, fmt.Errorf("%s: %w", field.name, err)
		}
		*field.into = address
	}
	for _, field := range []struct {
		name string
		text Text
		into *vouchers.Amount
	}{
		{"minDeposit", d.MinDeposit, &a.MinDeposit},
		{"coinPrice", d.CoinPrice, &a.CoinPrice},
	} {
		if field.text == "" {
			continue
		}
		amount, err := vouchers.ParseAmount(string(field.text))
		if err != nil {
			return a, fmt.Errorf("%s: %w", field.name, err)
		}
		*field.into = amount
	}
	return a, nil
}
