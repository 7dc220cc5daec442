package chain

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"
)

// How a request is tried.
const (
	attemptTimeout = 15 * time.Second
	attempts       = 4
	firstPause     = 100 * time.Millisecond
)

// Client reads from one chain. It is safe for concurrent use.
type Client struct {
	endpoints []*endpoint
	current   atomic.Uint32 // the endpoint that answered last
	chainID   uint64
	errors    errorTable
	heads     heads
}

type endpoint struct {
	name    string // scheme and host: the rest of a URL may hold an API key
	eth     *ethclient.Client
	suspect atomic.Bool // it was silent or wrong since its chain id was checked
}

// Option adjusts a client.
type Option func(*dialOptions)

type dialOptions struct {
	chainID uint64
	abis    []*abi.ABI
}

// WithChainID sets the chain id that every endpoint must report (EIP-155).
func WithChainID(id uint64) Option { return func(o *dialOptions) { o.chainID = id } }

// WithErrors names contracts whose custom errors are shown by name.
func WithErrors(abis ...*abi.ABI) Option {
	return func(o *dialOptions) { o.abis = append(o.abis, abis...) }
}

// Dial connects to a chain. urls are one or several http, https, ws or wss URLs of
// JSON-RPC endpoints, separated by commas; they must serve the same chain. Errors
// wrap [ErrUnreachable] or [ErrChainID].
func Dial(ctx context.Context, urls string, opts ...Option) (*Client, error) {
	var o dialOptions
	for _, set := range opts {
		set(&o)
	}
	c := &Client{chainID: o.chainID, errors: newErrorTable(o.abis)}
	for _, text := range strings.Split(urls, ",") {
		if err := c.add(ctx, strings.TrimSpace(text)); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

func (c *Client) add(ctx context.Context, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ws" && u.Scheme != "wss") {
		return fmt.Errorf("%w: an RPC endpoint is a URL such as http://127.0.0.1:8545", ErrUnreachable)
	}
	name := u.Scheme + "://" + u.Host
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	eth, err := connect(ctx, text)
	if err != nil {
		return unreachable(name, err)
	}
	c.endpoints = append(c.endpoints, &endpoint{name: name, eth: eth})
	id, err := eth.ChainID(ctx)
	if err != nil {
		return unreachable(name, err)
	}
	switch {
	case !id.IsUint64():
		return fmt.Errorf("%w: %s reports chain id %s", ErrChainID, name, id)
	case c.chainID == 0:
		c.chainID = id.Uint64()
	case c.chainID != id.Uint64():
		return fmt.Errorf("%w: %s serves chain id %s, want %d; check the URL and the chain id", ErrChainID, name, id, c.chainID)
	}
	return nil
}

func unreachable(name string, err error) error {
	return fmt.Errorf("%w: %s: %w; check the RPC URL, or start a local chain with `chit dev`", ErrUnreachable, name, WithoutURL(err))
}

// Close closes the connections.
func (c *Client) Close() {
	for _, e := range c.endpoints {
		e.eth.Close()
	}
}

// ChainID is the EIP-155 chain id.
func (c *Client) ChainID() uint64 { return c.chainID }

// Network is the CAIP-2 name of the chain, such as "eip155:8453".
func (c *Client) Network() string { return fmt.Sprintf("eip155:%d", c.chainID) }

// IsLocal reports whether a chain id is one that development chains use.
func IsLocal(chainID uint64) bool { return chainID == 31337 || chainID == 1337 }

// ask asks the endpoint that answered last, and the others in turn while none
// answers. An answer that says no is an answer.
func ask[T any](ctx context.Context, c *Client, what string, f func(context.Context, *ethclient.Client) (T, error)) (T, error) {
	answer, err := backoff.Retry(ctx, func() (T, error) {
		at := c.current.Load()
		e := c.endpoints[int(at)%len(c.endpoints)]
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		var answer T
		var err error
		if e.suspect.Load() {
			err = c.checkChain(attempt, e)
		}
		if err == nil {
			answer, err = f(attempt, e.eth)
		}
		if err == nil {
			return answer, nil
		}
		if isAnswer(err) || ctx.Err() != nil {
			return answer, backoff.Permanent(c.errors.explain(err))
		}
		e.suspect.Store(true)
		c.current.CompareAndSwap(at, at+1)
		return answer, unreachable(e.name, err)
	}, backoff.WithBackOff(pauses()), backoff.WithMaxTries(uint(max(attempts, 2*len(c.endpoints)))))
	if err != nil {
		return answer, fmt.Errorf("%s: %w", what, err)
	}
	return answer, nil
}

func pauses() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = firstPause
	return b
}

// isAnswer tells an endpoint's no from its silence.
func isAnswer(err error) bool {
	if errors.Is(err, ErrQuery) {
		return true
	}
	const limitExceeded = -32005 // EIP-1474
	var coded rpc.Error
	if errors.As(err, &coded) {
		return coded.ErrorCode() != limitExceeded
	}
	var status rpc.HTTPError
	if errors.As(err, &status) {
		return status.StatusCode < http.StatusInternalServerError && status.StatusCode != http.StatusTooManyRequests
	}
	return errors.Is(err, ethereum.NotFound)
}

// CallContract executes a message call at a block (nil: the latest) without a
// transaction. A contract's refusal is a [*RevertError].
func (c *Client) CallContract(ctx context.Context, msg ethereum.CallMsg, block *big.Int) ([]byte, error) {
	return ask(ctx, c, "call contract", func(ctx context.Context, e *ethclient.Client) ([]byte, error) {
		return e.CallContract(ctx, msg, block)
	})
}

// EstimateGas returns how much gas a transaction needs, in gas units. A contract's
// refusal is a [*RevertError].
func (c *Client) EstimateGas(ctx context.Context, msg ethereum.CallMsg) (uint64, error) {
	return ask(ctx, c, "estimate gas", func(ctx context.Context, e *ethclient.Client) (uint64, error) {
		return e.EstimateGas(ctx, msg)
	})
}

// BlockNumber returns the number of the latest block.
func (c *Client) BlockNumber(ctx context.Context) (uint64, error) {
	return ask(ctx, c, "read the block number", func(ctx context.Context, e *ethclient.Client) (uint64, error) {
		head, err := e.BlockNumber(ctx)
		if err == nil {
			err = c.heads.accept(head, time.Now())
		}
		return head, err
	})
}

// Header returns the header of a block (nil: the latest), or an error that wraps
// [ethereum.NotFound] if there is no block of this number.
func (c *Client) Header(ctx context.Context, number *big.Int) (*types.Header, error) {
	return ask(ctx, c, "read a block header", func(ctx context.Context, e *ethclient.Client) (*types.Header, error) {
		header, err := e.HeaderByNumber(ctx, number)
		switch {
		case err != nil:
		case number == nil:
			err = c.heads.accept(header.Number.Uint64(), time.Now())
		case header.Number.Cmp(number) != 0:
			err = fmt.Errorf("%w: asked for block %s, it gave block %s", ErrWrongAnswer, number, header.Number)
		}
		return header, err
	})
}

// FinalHeader returns the header of the latest block that the chain holds for final: no other
// takes its place. Errors are of endpoints that know of none, or do not answer.
func (c *Client) FinalHeader(ctx context.Context) (*types.Header, error) {
	return ask(ctx, c, "read the header of the latest final block", func(ctx context.Context, e *ethclient.Client) (*types.Header, error) {
		return e.HeaderByNumber(ctx, big.NewInt(int64(rpc.FinalizedBlockNumber)))
	})
}

// Code returns the code of an account, empty if there is none.
func (c *Client) Code(ctx context.Context, account common.Address) ([]byte, error) {
	return ask(ctx, c, "read the code of "+account.Hex(), func(ctx context.Context, e *ethclient.Client) ([]byte, error) {
		return e.CodeAt(ctx, account, nil)
	})
}

// Balance returns what an account can pay for gas with, in wei.
func (c *Client) Balance(ctx context.Context, account common.Address) (*big.Int, error) {
	return ask(ctx, c, "read the balance of "+account.Hex(), func(ctx context.Context, e *ethclient.Client) (*big.Int, error) {
		return e.BalanceAt(ctx, account, nil)
	})
}

// Receipt returns the receipt of a mined transaction, and nil if it is not mined.
func (c *Client) Receipt(ctx context.Context, tx common.Hash) (*types.Receipt, error) {
	receipt, err := ask(ctx, c, "read the receipt of "+tx.Hex(), func(ctx context.Context, e *ethclient.Client) (*types.Receipt, error) {
		return receiptOf(ctx, e, tx)
	})
	if errors.Is(err, ethereum.NotFound) {
		return nil, nil
	}
	return receipt, err
}

// SentBy returns the account that sent a transaction, or an error that wraps
// [ethereum.NotFound] if there is no such transaction.
func (c *Client) SentBy(ctx context.Context, tx common.Hash) (common.Address, error) {
	return ask(ctx, c, "read who sent "+tx.Hex(), func(ctx context.Context, e *ethclient.Client) (common.Address, error) {
		var found *struct {
			Hash common.Hash
			From common.Address
		}
		err := e.Client().CallContext(ctx, &found, "eth_getTransactionByHash", tx)
		switch {
		case err != nil:
			return common.Address{}, err
		case found == nil:
			return common.Address{}, ethereum.NotFound
		case found.Hash != tx:
			return common.Address{}, fmt.Errorf("%w: asked for transaction %s, it gave %s", ErrWrongAnswer, tx, found.Hash)
		}
		return found.From, nil
	})
}

// Nonces returns how many transactions of an account are mined, and with those that an
// endpoint knows to be on their way: its next nonce.
func (c *Client) Nonces(ctx context.Context, account common.Address) (mined, pending uint64, err error) {
	mined, err = ask(ctx, c, "read the nonce of "+account.Hex(), func(ctx context.Context, e *ethclient.Client) (uint64, error) {
		return e.NonceAt(ctx, account, nil)
	})
	if err != nil {
		return 0, 0, err
	}
	pending, err = ask(ctx, c, "read the next nonce of "+account.Hex(), func(ctx context.Context, e *ethclient.Client) (uint64, error) {
		return e.PendingNonceAt(ctx, account)
	})
	return mined, max(mined, pending), err
}

// NonceAt returns the nonce that an account had at a block.
func (c *Client) NonceAt(ctx context.Context, account common.Address, block uint64) (uint64, error) {
	return ask(ctx, c, "read the nonce of "+account.Hex(), func(ctx context.Context, e *ethclient.Client) (uint64, error) {
		return e.NonceAt(ctx, account, new(big.Int).SetUint64(block))
	})
}

// Broadcast hands a signed transaction to an endpoint. Doing so again is no error.
func (c *Client) Broadcast(ctx context.Context, tx *types.Transaction) error {
	_, err := ask(ctx, c, "broadcast "+tx.Hash().Hex(), func(ctx context.Context, e *ethclient.Client) (struct{}, error) {
		err := e.SendTransaction(ctx, tx)
		if err != nil && isAnswer(err) && isKnownText(err.Error()) {
			err = nil
		}
		return struct{}{}, err
	})
	return err
}

// isKnownText recognises what nodes say of a transaction that they have: "already
// known" (geth, Erigon), "AlreadyKnown" (Nethermind), "already imported" (anvil).
func isKnownText(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "already known") || strings.Contains(text, "alreadyknown") || strings.Contains(text, "already imported")
}
