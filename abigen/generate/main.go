// Command generate turns forge's output into the Go bindings and the deployment constants of package abigen, and into
// contracts/deployment.json. It is run by scripts/generate.sh.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/accounts/abi/abigen"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// deployer is the deterministic deployer, at the same address on every chain.
var deployer = common.HexToAddress("0x4e59b44847b379578588920cA78FbF26c0B4956C")

// salt is the CREATE2 salt of all contracts.
var salt = common.RightPadBytes([]byte("chit escrow 1"), 32)

// binding is one Go file: a contract of forge's output and the name of its Go type.
type binding struct {
	contract, goType, file string
	code                   bool                   // with init bytecode
	published              func() (string, error) // init bytecode of others, where it is not forge's
	shared                 []string               // types that an earlier file declares already
}

var bindings = []binding{
	{contract: "Escrow", goType: "Escrow", file: "escrow.go", code: true},
	{contract: "Erc3009Collector", goType: "Erc3009Collector", file: "erc3009_collector.go", code: true},
	{contract: "Permit2Collector", goType: "Permit2Collector", file: "permit2_collector.go", code: true},
	{contract: "TransferCollector", goType: "TransferCollector", file: "transfer_collector.go", code: true, shared: []string{"ChannelConfig"}},
	{contract: "DevUSDC", goType: "DevUSDC", file: "dev_usdc.go", code: true, shared: []string{"Eip712DomainOutput"}},
	{contract: "IToken", goType: "Token", file: "token.go", shared: []string{"Eip712DomainOutput"}},
	{contract: "IPermit2", goType: "Permit2", file: "permit2.go", published: permit2},
	{contract: "ExactPermit2Proxy", goType: "ExactPermit2Proxy", file: "exact_permit2_proxy.go", code: true, shared: permits},
	{contract: "UptoPermit2Proxy", goType: "UptoPermit2Proxy", file: "upto_permit2_proxy.go", code: true, shared: append([]string{"Eip2612Permit"}, permits...)},
	{contract: "IMulticall3", goType: "Multicall3", file: "multicall3.go", published: multicall3},
}

// permits are the types of a Permit2 permit.
var permits = []string{"IPermit2PermitTransferFrom", "IPermit2TokenPermissions"}

// deployed lists what has a deterministic address; the escrow comes first because the others are built with its address.
var deployed = []string{"Escrow", "Erc3009Collector", "Permit2Collector", "TransferCollector"}

type artifact struct {
	ABI      json.RawMessage `json:"abi"`
	Bytecode struct {
		Object string `json:"object"`
	} `json:"bytecode"`
	Deployed struct {
		Object     string `json:"object"`
		Immutables map[string][]struct {
			Start, Length int
		} `json:"immutableReferences"`
	} `json:"deployedBytecode"`
}

type deployment struct {
	Name            string         `json:"name"`
	Address         common.Address `json:"address"`
	InitCodeHash    common.Hash    `json:"initCodeHash"`
	RuntimeCodeHash common.Hash    `json:"runtimeCodeHash"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	from := flag.String("from", "contracts/out", "forge's output")
	abigenDir := flag.String("abigen", "abigen", "where the Go files go")
	deploymentFile := flag.String("deployment", "contracts/deployment.json", "where the addresses go")
	flag.Parse()
	if err := run(*from, *abigenDir, *deploymentFile); err != nil {
		log.Fatal(err)
	}
}

func run(from, abigenDir, deploymentFile string) error {
	for _, b := range bindings {
		source, err := bind(from, b)
		if err != nil {
			return fmt.Errorf("%s: %w", b.contract, err)
		}
		if err := os.WriteFile(filepath.Join(abigenDir, b.file), source, 0o644); err != nil {
			return err
		}
	}
	deployments, err := deploy(from)
	if err != nil {
		return err
	}
	if err := writeDeployments(deploymentFile, deployments); err != nil {
		return err
	}
	return writeConstants(from, filepath.Join(abigenDir, "deployments.go"), deployments)
}

func load(from, contract string) (*artifact, error) {
	matches, err := filepath.Glob(filepath.Join(from, "*", contract+".json"))
	if err != nil {
		return nil, err
	}
	if len(matches) != 1 {
		return nil, fmt.Errorf("%d artifacts of %s in %s, want 1", len(matches), contract, from)
	}
	raw, err := os.ReadFile(matches[0])
	if err != nil {
		return nil, err
	}
	a := new(artifact)
	return a, json.Unmarshal(raw, a)
}

func bind(from string, b binding) ([]byte, error) {
	a, err := load(from, b.contract)
	if err != nil {
		return nil, err
	}
	code := ""
	if b.code {
		code = a.Bytecode.Object
	}
	if b.published != nil {
		if code, err = b.published(); err != nil {
			return nil, err
		}
	}
	source, err := abigen.BindV2([]string{b.goType}, []string{string(a.ABI)}, []string{code}, "abigen", nil, nil)
	if err != nil {
		return nil, err
	}
	for _, name := range b.shared {
		if source, err = cut(source, "// "+name+" ", "\n}\n"); err != nil {
			return nil, err
		}
	}
	return format.Source([]byte(source))
}

// cut removes the text from the first start up to and including the end that follows.
func cut(s, start, end string) (string, error) {
	head, rest, found := strings.Cut(s, start)
	if !found {
		return "", fmt.Errorf("%q not found", start)
	}
	_, tail, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("end of %q not found", start)
	}
	return head + tail, nil
}

func deploy(from string) ([]deployment, error) {
	var escrow common.Address
	out := make([]deployment, 0, len(deployed))
	for _, name := range deployed {
		a, err := load(from, name)
		if err != nil {
			return nil, err
		}
		initCode := common.FromHex(a.Bytecode.Object)
		runtime := common.FromHex(a.Deployed.Object)
		if len(initCode) == 0 || len(runtime) == 0 {
			return nil, fmt.Errorf("%s has no code", name)
		}
		if len(out) > 0 {
			initCode = append(initCode, common.LeftPadBytes(escrow[:], 32)...)
		}
		for _, places := range a.Deployed.Immutables {
			for _, p := range places {
				copy(runtime[p.Start:p.Start+p.Length], common.LeftPadBytes(escrow[:], p.Length))
			}
		}
		d := deployment{Name: name, InitCodeHash: crypto.Keccak256Hash(initCode), RuntimeCodeHash: crypto.Keccak256Hash(runtime)}
		d.Address = crypto.CreateAddress2(deployer, [32]byte(salt), d.InitCodeHash[:])
		if len(out) == 0 {
			if len(a.Deployed.Immutables) != 0 {
				return nil, errors.New("the escrow has immutables: its code would differ from chain to chain")
			}
			escrow = d.Address
		}
		out = append(out, d)
	}
	return out, nil
}

func writeDeployments(file string, deployments []deployment) error {
	raw, err := json.MarshalIndent(struct {
		Deployer  common.Address `json:"deployer"`
		Salt      common.Hash    `json:"salt"`
		Contracts []deployment   `json:"contracts"`
	}{deployer, common.Hash(salt), deployments}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}

// interfaceID is the ERC-165 id of an interface: the xor of its selectors.
func interfaceID(from, contract string) (id [4]byte, err error) {
	a, err := load(from, contract)
	if err != nil {
		return id, err
	}
	parsed, err := abi.JSON(strings.NewReader(string(a.ABI)))
	if err != nil {
		return id, err
	}
	var sum uint32
	for _, method := range parsed.Methods {
		sum ^= binary.BigEndian.Uint32(method.ID)
	}
	binary.BigEndian.PutUint32(id[:], sum)
	return id, nil
}

func writeConstants(from, file string, deployments []deployment) error {
	var s strings.Builder
	s.WriteString("// Code generated by scripts/generate.sh. DO NOT EDIT.\n\npackage abigen\n\nimport \"github.com/ethereum/go-ethereum/common\"\n\n")
	s.WriteString("// Salt is the CREATE2 salt of every deployment.\n")
	fmt.Fprintf(&s, "var Salt = common.HexToHash(%q)\n\n", common.Hash(salt).Hex())
	for i, d := range deployments {
		argument := "common.Address{}"
		if i > 0 {
			argument = "EscrowDeployment.Address"
		}
		fmt.Fprintf(&s, "// %[1]sDeployment is where the %[1]s is on every chain, and what its code hashes to there.\n", d.Name)
		fmt.Fprintf(&s, "var %sDeployment = Deployment{\nName: %q,\nAddress: common.HexToAddress(%q),\nInitCodeHash: common.HexToHash(%q),\nRuntimeCodeHash: common.HexToHash(%q),\nbin: %sMetaData.Bin,\nargument: %s,\n}\n\n",
			d.Name, d.Name, d.Address.Hex(), d.InitCodeHash.Hex(), d.RuntimeCodeHash.Hex(), d.Name, argument)
	}
	for _, i := range []struct{ contract, name, doc string }{
		{"IEscrow", "EscrowInterfaceID", "is what ERC-165 calls the standard interface of an escrow"},
		{"ICompactClaim", "CompactClaimInterfaceID", "is what ERC-165 calls the compact claim path"},
	} {
		id, err := interfaceID(from, i.contract)
		if err != nil {
			return err
		}
		fmt.Fprintf(&s, "// %s %s.\nvar %s = [4]byte{0x%s}\n\n", i.name, i.doc, i.name,
			strings.Join([]string{hex.EncodeToString(id[:1]), hex.EncodeToString(id[1:2]), hex.EncodeToString(id[2:3]), hex.EncodeToString(id[3:])}, ", 0x"))
	}
	source, err := format.Source([]byte(s.String()))
	if err != nil {
		return err
	}
	return os.WriteFile(file, source, 0o644)
}
