// Package profile keeps what the commands of one setup share: which chain, which
// escrow and token, which server, and which keys play the payer and the seller. A
// profile is a YAML file in the folder of chit, beside the keystore and the data of
// the profile.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/goccy/go-yaml"

	"github.com/chitpay/chit/cmd/chit/internal/files"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/vouchers"
)

// ErrNotFound says that there is no such profile.
var ErrNotFound = errors.New("no such profile")

// ErrInvalid says that a profile cannot be used as it is written.
var ErrInvalid = errors.New("invalid profile")

// Home is chit's folder: profiles, keystore and data.
type Home string

// OpenHome returns the folder that is named, or $CHIT_HOME, or ~/.chit, and makes it
// if need be, for its owner alone.
func OpenHome(named string) (Home, error) {
	dir := named
	if dir == "" {
		dir = os.Getenv("CHIT_HOME")
	}
	if dir == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder: %w; set CHIT_HOME", err)
		}
		dir = filepath.Join(user, ".chit")
	}
	for _, d := range []string{dir, filepath.Join(dir, "profiles"), filepath.Join(dir, "keystore"), filepath.Join(dir, "data")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return "", fmt.Errorf("make chit's folder: %w; set CHIT_HOME to a folder that you can write", err)
		}
	}
	return Home(dir), nil
}

// Keystore is the folder of encrypted key files.
func (h Home) Keystore() string { return filepath.Join(string(h), "keystore") }

// Profile is one setup. Its amounts are as people write them, its delay is in
// seconds.
type Profile struct {
	// RPC is the URL of the chain's JSON-RPC; several are separated by commas.
	RPC string `yaml:"rpc"`
	// ChainID is the EIP-155 chain id that the RPC must report.
	ChainID uint64 `yaml:"chainId"`
	// Escrow and Token are addresses on that chain.
	Escrow string `yaml:"escrow"`
	Token  string `yaml:"token"`
	// Collector pulls EIP-3009 deposits into an escrow that is neither chit's own nor the canonical one.
	Collector string `yaml:"collector,omitempty"`
	// Also are further deployments that the seller is paid through.
	Also []Deployment `yaml:"also,omitempty"`
	// Server is the MCP endpoint that the payer buys from.
	Server string `yaml:"server"`
	// Listen is where `chit serve` listens.
	Listen string `yaml:"listen"`
	// BaseURL is where clients find the seller's routes, such as https://tools.example: what it
	// signs receipts for is below it. Empty is by the path alone.
	BaseURL string `yaml:"baseURL,omitempty"`
	// PayTo is the receiver of what is settled; empty is the seller's own address.
	PayTo string `yaml:"payTo,omitempty"`
	// WithdrawDelay is the channels' delay in seconds, 900 to 2592000.
	WithdrawDelay uint64 `yaml:"withdrawDelay"`
	// MinDeposit is the least that the seller takes as a deposit, such as "0.1".
	MinDeposit Text `yaml:"minDeposit,omitempty"`
	// Permit2 lets the seller take deposits by Permit2 beside those by EIP-3009.
	Permit2 bool `yaml:"permit2,omitempty"`
	// Accept are the ways to pay that the seller offers, the favourite first: batch-settlement
	// (which it is without), upto, exact, mpp.
	Accept []string `yaml:"accept,omitempty"`
	// Confirmations is how many blocks a transaction must be deep: 1 is mined.
	Confirmations uint64 `yaml:"confirmations,omitempty"`
	// CoinPrice is what one coin of the chain costs in USDC, such as "3000": gas is shown in USDC then.
	CoinPrice Text `yaml:"coinPrice,omitempty"`
	// Settle says when a running server settles beside its interval.
	Settle Settle `yaml:"settle,omitempty"`
	// Limits are those of the seller that differ from their defaults, by name
	// (docs/SECURITY.md lists them).
	Limits map[string]Text `yaml:"limits,omitempty"`
	// History is how much is kept of what was sold.
	History History `yaml:"history,omitempty"`
	// MovedFrom are places at which the seller's shop was before: its payers' channels move
	// along.
	MovedFrom []Move `yaml:"movedFrom,omitempty"`
	// ClientLimits are those of the payer's client that differ from their defaults, by name
	// (docs/SECURITY.md lists them).
	ClientLimits map[string]Text `yaml:"clientLimits,omitempty"`
	// Budget and TopUp say what the payer's client pays, and deposits, by itself.
	Budget Budget `yaml:"budget,omitempty"`
	TopUp  TopUp  `yaml:"topUp,omitempty"`
	// ReceiptSigners are addresses that may sign receipts beside a channel's receiver
	// authorizer, for sellers whose authorizer is an external signer.
	ReceiptSigners []string `yaml:"receiptSigners,omitempty"`
	// Session names the key that signs vouchers in place of the payer's: as below, or
	// "auto" for one that is made when it is first needed.
	Session string `yaml:"session,omitempty"`
	// Payer and Seller name keys: "dev:1" on a local chain, or the address of a key file;
	// the seller's may be with an external signer: "clef:ADDRESS@URL".
	Payer  string `yaml:"payer"`
	Seller string `yaml:"seller"`

	name string
	home Home
}

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$`)

// Names lists the profiles there are, sorted.
func (h Home) Names() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(string(h), "profiles", "*.yaml"))
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	slices.Sort(names)
	return names, nil
}

// Load reads a profile. An empty name takes the only one there is.
func (h Home) Load(name string) (*Profile, error) {
	name, err := h.choose(name)
	if err != nil {
		return nil, err
	}
	path := h.path(name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q; run `chit dev` for a local chain, or write %s", ErrNotFound, name, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read profile %q: %w", name, err)
	}
	if err := checkWritten(text); err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrInvalid, path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	p := &Profile{name: name, home: h}
	if err := yaml.UnmarshalWithOptions(text, p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrInvalid, path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInvalid, path, err)
	}
	return p, nil
}

func (h Home) choose(name string) (string, error) {
	if name == "" {
		name = os.Getenv("CHIT_PROFILE")
	}
	if name != "" {
		if !nameForm.MatchString(name) {
			return "", fmt.Errorf("%w: the name %q: use letters, digits, - and _", ErrInvalid, name)
		}
		return name, nil
	}
	names, err := h.Names()
	switch {
	case err != nil:
		return "", fmt.Errorf("list the profiles: %w", err)
	case len(names) == 0:
		return "", fmt.Errorf("%w: there is none yet; run `chit dev` for a local chain, or write %s", ErrNotFound, h.path("NAME"))
	case len(names) > 1:
		return "", fmt.Errorf("%w: choose one of %s with --profile or CHIT_PROFILE", ErrNotFound, strings.Join(names, ", "))
	}
	return names[0], nil
}

func (h Home) path(name string) string { return filepath.Join(string(h), "profiles", name+".yaml") }

// Save writes a profile under a name, in place of what was there.
func (h Home) Save(name string, p Profile) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: the name %q: use letters, digits, - and _", ErrInvalid, name)
	}
	text, err := yaml.Marshal(p)
	if err != nil {
		return fmt.Errorf("write profile %q: %w", name, err)
	}
	if err := files.Replace(h.path(name), text, 0o600); err != nil {
		return fmt.Errorf("write profile %q: %w", name, err)
	}
	return nil
}

func (p *Profile) validate() error {
	if p.RPC == "" {
		return errors.New("rpc is missing: the URL of the chain's JSON-RPC")
	}
	if p.ChainID == 0 {
		return errors.New("chainId is missing: the EIP-155 number of the chain")
	}
	for _, field := range []struct{ name, value string }{{"escrow", p.Escrow}, {"token", p.Token}, {"payTo", p.PayTo}, {"collector", p.Collector}} {
		if field.value == "" && (field.name == "payTo" || field.name == "collector") {
			continue
		}
		if _, err := ParseAddress(field.value); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	if _, err := p.ReceiptSignerAddresses(); err != nil {
		return err
	}
	if p.WithdrawDelay < vouchers.MinWithdrawDelay || p.WithdrawDelay > vouchers.MaxWithdrawDelay {
		return fmt.Errorf("withdrawDelay %d is not within %d and %d seconds", p.WithdrawDelay, vouchers.MinWithdrawDelay, vouchers.MaxWithdrawDelay)
	}
	if _, err := p.MinDepositAmount(); err != nil {
		return fmt.Errorf("minDeposit: %w", err)
	}
	if _, err := p.AlsoAccepts(); err != nil {
		return err
	}
	if _, err := p.ShopMoves(); err != nil {
		return err
	}
	if _, err := p.ShopHistory(); err != nil {
		return err
	}
	if p.BaseURL != "" {
		if _, err := onhttp.ParseBaseURL(p.BaseURL); err != nil {
			return fmt.Errorf("baseURL: %w", err)
		}
	}
	if _, err := p.PayerPolicy(); err != nil {
		return err
	}
	if _, err := p.PayerTopUp(); err != nil {
		return err
	}
	if _, err := p.PayerLimits(); err != nil {
		return err
	}
	if _, err := p.ShopLimits(); err != nil {
		return err
	}
	_, err := p.SettlePolicy()
	return err
}

// ReceiptSignerAddresses are who may sign receipts beside a channel's authorizer.
func (p *Profile) ReceiptSignerAddresses() ([]common.Address, error) {
	var all []common.Address
	for i, text := range p.ReceiptSigners {
		address, err := ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("receiptSigners[%d]: %w", i, err)
		}
		all = append(all, address)
	}
	return all, nil
}

// ParseAddress reads an Ethereum address. One in mixed case must have the right
// checksum (EIP-55).
func ParseAddress(s string) (common.Address, error) {
	if !common.IsHexAddress(s) || !strings.HasPrefix(s, "0x") {
		return common.Address{}, fmt.Errorf("%q is not an address: want 0x and 40 hex digits", s)
	}
	address := common.HexToAddress(s)
	digits := s[2:]
	if strings.ToLower(digits) != digits && strings.ToUpper(digits) != digits && address.Hex() != s {
		return common.Address{}, fmt.Errorf("address %s has a wrong checksum (EIP-55): a digit is mistyped", s)
	}
	return address, nil
}

// EscrowAddress, TokenAddress and PayToAddress return what [Home.Load] has checked;
// PayToAddress is zero where the profile names none.
func (p *Profile) EscrowAddress() common.Address { return common.HexToAddress(p.Escrow) }

// TokenAddress is the token's address.
func (p *Profile) TokenAddress() common.Address { return common.HexToAddress(p.Token) }

// CollectorAddress is the collector's address, or zero.
func (p *Profile) CollectorAddress() common.Address { return common.HexToAddress(p.Collector) }

// PayToAddress is the receiver's address, or zero.
func (p *Profile) PayToAddress() common.Address { return common.HexToAddress(p.PayTo) }

// MinDepositAmount is the least deposit in atomic units, zero if there is no limit.
func (p *Profile) MinDepositAmount() (vouchers.Amount, error) {
	if p.MinDeposit == "" {
		return 0, nil
	}
	return vouchers.ParseAmount(string(p.MinDeposit))
}

// CoinPriceAmount is what one coin of the chain costs, in atomic USDC, zero if it is not known.
func (p *Profile) CoinPriceAmount() (price vouchers.Amount, err error) {
	if p.CoinPrice == "" {
		return 0, nil
	}
	if price, err = vouchers.ParseAmount(string(p.CoinPrice)); err != nil {
		err = fmt.Errorf("coinPrice: %w", err)
	}
	return price, err
}

// Name is the profile's name.
func (p *Profile) Name() string { return p.name }

// Home is the folder that the profile is in.
func (p *Profile) Home() Home { return p.home }

// Data makes and returns the folder of the profile's data.
func (p *Profile) Data() (string, error) { return p.home.Data(p.name) }

// File is the path of one of the files of the profile's data folder, which is made.
func (p *Profile) File(name string) (string, error) {
	dir, err := p.Data()
	return filepath.Join(dir, name), err
}

// Data makes and returns the folder of a profile's data.
func (h Home) Data(name string) (string, error) {
	dir := filepath.Join(string(h), "data", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder of profile %q: %w", name, err)
	}
	return dir, nil
}

// The files of a profile's data folder.
const (
	// StoreFile holds the seller's channels, vouchers and charges.
	StoreFile = "server.db"
	// BookFile holds the payer's channels.
	BookFile = "agent.db"
	// SocketFile is where a running server takes the operator's commands.
	SocketFile = "admin.sock"
)
