package extension

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// NameMoved is the name of chit's extension by which a shop proves, beside its terms,
// that it was at another place before: a list of [Move].
const NameMoved = "chit-moved"

// ErrMove says that a statement does not prove that a shop has moved.
var ErrMove = errors.New("not a statement of the shop's authorizer")

// The EIP-712 domain of a [Move]; its chainId and verifyingContract are those of the escrow.
const (
	MoveDomainName    = "chit move"
	MoveDomainVersion = "1"
)

// MoveType is the EIP-712 type of a [Move].
const MoveType = "Move(string from,string to,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,uint64 until)"

var (
	moveDomainTypeHash = crypto.Keccak256Hash([]byte("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"))
	moveTypeHash       = crypto.Keccak256Hash([]byte(MoveType))
)

// Move is a statement of a receiver's authorizer, who can claim from the channels that it is
// about: those that were opened for the shop at one origin are paid at another one. It is
// about channels with the receiver, the authorizer, the token and the withdraw delay of the
// terms beside which it stands.
type Move struct {
	// From and To are origins as [Origin] writes them.
	From string `json:"from"`
	To   string `json:"to"`
	// Network and Escrow are the deployment, which the EIP-712 domain holds.
	Network string         `json:"network"`
	Escrow  common.Address `json:"escrow"`
	// Until is when it ends, in Unix seconds.
	Until     uint64             `json:"until"`
	Signature vouchers.Signature `json:"signature"`
}

// Origin is the origin of a URL: scheme://host[:port] in lower case, without the scheme's own
// port. The error wraps [x402.ErrMalformed].
func Origin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Hostname() == "" {
		return "", x402.Malformed("origin", strconv.Quote(text), "a URL such as https://shop.example, without a name before the host")
	}
	scheme, host := strings.ToLower(u.Scheme), strings.TrimSuffix(strings.ToLower(u.Host), ".")
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", x402.Malformed("origin", strconv.Quote(text), "a URL that begins with https:// or http://")
	}
	return scheme + "://" + host, nil
}

// Digest is what the authorizer of channels with this config signs, whose payer and salt do
// not matter.
func (m *Move) Digest(d vouchers.Deployment, c vouchers.ChannelConfig) common.Hash {
	domain := crypto.Keccak256(words(moveDomainTypeHash[:], hashed(MoveDomainName), hashed(MoveDomainVersion), number(d.ChainID), address(d.Escrow)))
	move := crypto.Keccak256(words(moveTypeHash[:], hashed(m.From), hashed(m.To), address(c.Receiver), address(c.ReceiverAuthorizer),
		address(c.Token), number(c.WithdrawDelay), number(m.Until)))
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, domain, move)
}

// Check refuses a statement that says nothing of channels with this config at a time, with
// an error that wraps [ErrMove].
func (m *Move) Check(d vouchers.Deployment, c vouchers.ChannelConfig, now time.Time) error {
	if m.Network != d.Network() || m.Escrow != d.Escrow {
		return fmt.Errorf("%w: it is about escrow %s on %s", ErrMove, m.Escrow, m.Network)
	}
	if now.Unix() >= 0 && uint64(now.Unix()) >= m.Until {
		return fmt.Errorf("%w: it has ended", ErrMove)
	}
	signer, err := vouchers.Recover(m.Digest(d, c), m.Signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMove, err)
	}
	if signer != c.ReceiverAuthorizer {
		return fmt.Errorf("%w: %s has signed it, the authorizer is %s", ErrMove, signer, c.ReceiverAuthorizer)
	}
	return nil
}

// Moves returns the statements in extensions, nil if there are none. Errors wrap
// [x402.ErrMalformed].
func Moves(extensions x402.Extensions) ([]Move, error) {
	moves, err := x402.ReadExtension[[]Move](extensions, NameMoved)
	if err != nil || moves == nil {
		return nil, err
	}
	return *moves, nil
}

// WithMoves returns a copy of the extensions with statements.
func WithMoves(extensions x402.Extensions, moves []Move) (x402.Extensions, error) {
	return extensions.Encode(NameMoved, moves)
}

// words puts values one after the other, each in 32 bytes.
func words(values ...[]byte) []byte {
	var all []byte
	for _, v := range values {
		all = append(all, common.LeftPadBytes(v, common.HashLength)...)
	}
	return all
}

func hashed(text string) []byte { return crypto.Keccak256([]byte(text)) }

func address(a common.Address) []byte { return a[:] }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
