package adversary_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/vouchers"
)

const chainID = 8453

var tokenAddress = common.HexToAddress("0x70")

// tokenDomain is the token's EIP-712 domain separator.
var tokenDomain = crypto.Keccak256Hash(
	crypto.Keccak256([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
	crypto.Keccak256([]byte("USDC")), crypto.Keccak256([]byte("2")),
	common.BigToHash(big.NewInt(chainID)).Bytes(), common.LeftPadBytes(tokenAddress[:], 32),
)

var tokenABI, escrowABI = parsed(abigen.TokenMetaData.ParseABI()), parsed(abigen.EscrowMetaData.ParseABI())

func parsed(a *abi.ABI, err error) *abi.ABI {
	if err != nil {
		panic(err)
	}
	return a
}

// money is what the chain has of a channel.
type money struct{ balance, claimed vouchers.Amount }

// node answers JSON-RPC. It knows the truth, and says what its mood lets it say.
type node struct {
	mu     sync.Mutex // guards what follows
	wallet vouchers.Amount
	truth  map[vouchers.ChannelID]money
	mood   mood
	told   map[vouchers.ChannelID]money // what was said last
	deaf   bool                         // what is said now, nobody remembers
}

// mood is how a node lies; its zero value tells the truth.
type mood struct {
	balance, claimed func(vouchers.Amount) vouchers.Amount
	wallet           func(vouchers.Amount) vouchers.Amount
	clock            time.Duration // how far its clock is ahead
	breaks           bool          // it answers with errors
}

func newNode(wallet vouchers.Amount) *node {
	return &node{wallet: wallet, truth: make(map[vouchers.ChannelID]money), told: make(map[vouchers.ChannelID]money)}
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		ID     json.RawMessage
		Method string
		Params []json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	result, err := n.answer(ask.Method, ask.Params)
	w.Header().Set("Content-Type", "application/json")
	if err == nil && n.mood.breaks {
		err = fmt.Errorf("not now")
	}
	if err != nil {
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%q}}`, ask.ID, err)
		return
	}
	raw, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, ask.ID, raw)
}

func (n *node) answer(method string, params []json.RawMessage) (any, error) {
	switch method {
	case "eth_chainId":
		return hexutil.Uint64(chainID), nil
	case "eth_blockNumber":
		return hexutil.Uint64(n.height()), nil
	case "eth_getBlockByNumber":
		return types.Header{Number: new(big.Int).SetUint64(n.height()), Time: uint64(n.now().Unix()), Difficulty: new(big.Int), BaseFee: big.NewInt(1)}, nil
	case "eth_call":
		var call struct {
			To    common.Address
			Input hexutil.Bytes
		}
		if err := json.Unmarshal(params[0], &call); err != nil {
			return nil, err
		}
		raw, err := n.call(call.To, call.Input)
		return hexutil.Bytes(raw), err
	}
	return nil, fmt.Errorf("the method %s is not there", method)
}

func (n *node) now() time.Time { return time.Now().Add(n.mood.clock) }

// height is that of a chain with a block a second.
func (n *node) height() uint64 { return uint64(time.Now().Unix()) }

func (n *node) call(to common.Address, input []byte) ([]byte, error) {
	if to == tokenAddress {
		return n.callToken(input)
	}
	method, err := escrowABI.MethodById(input)
	if err != nil || method.Name != "multicall" {
		return nil, fmt.Errorf("the escrow is asked for %x", input[:4])
	}
	arguments, err := method.Inputs.Unpack(input[4:])
	if err != nil {
		return nil, err
	}
	var answers [][]byte
	for _, view := range arguments[0].([][]byte) {
		answer, err := n.view(view)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return method.Outputs.Pack(answers)
}

func (n *node) view(input []byte) ([]byte, error) {
	method, err := escrowABI.MethodById(input)
	if err != nil {
		return nil, err
	}
	id := vouchers.ChannelID(input[4:])
	switch method.Name {
	case "channels":
		said := n.truth[id]
		if n.mood.balance != nil {
			said.balance = n.mood.balance(said.balance)
		}
		if n.mood.claimed != nil {
			said.claimed = n.mood.claimed(said.claimed)
		}
		if !n.deaf {
			n.told[id] = said
		}
		return method.Outputs.Pack(said.balance.Big(), said.claimed.Big())
	case "pendingWithdrawals":
		return method.Outputs.Pack(new(big.Int), new(big.Int))
	case "refundNonce":
		return method.Outputs.Pack(new(big.Int))
	}
	return nil, fmt.Errorf("the escrow is asked for %s", method.Name)
}

func (n *node) callToken(input []byte) ([]byte, error) {
	method, err := tokenABI.MethodById(input)
	if err != nil {
		return nil, err
	}
	switch method.Name {
	case "decimals":
		return method.Outputs.Pack(uint8(vouchers.Decimals))
	case "DOMAIN_SEPARATOR":
		return method.Outputs.Pack([32]byte(tokenDomain))
	case "authorizationState":
		return method.Outputs.Pack(false)
	case "name", "symbol":
		return method.Outputs.Pack("USDC")
	case "version":
		return method.Outputs.Pack("2")
	case "balanceOf":
		has := n.wallet
		if n.mood.wallet != nil {
			has = n.mood.wallet(has)
		}
		return method.Outputs.Pack(has.Big())
	}
	return nil, fmt.Errorf("the token is asked for %s", method.Name)
}
