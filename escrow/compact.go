package escrow

import (
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// The flags of a compact batch; contracts/src/interfaces/ICompactClaim.sol says what
// each byte is.
const (
	headerSettles = 1 << 0

	rowPartial        = 1 << 3 // totalClaimed is given
	rowByAuthorizer   = 1 << 4 // payerAuthorizer is given, and signed
	rowByPayerKey     = 2 << 4 // payerAuthorizer is zero, the payer's key signed
	rowByPayerAccount = 3 << 4 // payerAuthorizer is zero, the payer's contract signed
	rowWithSalt       = 1 << 6
	rowSamePayer      = 1 << 7
)

// widths are the sizes in bytes that amounts can have; a row names one by its place.
var widths = [8]int{1, 2, 3, 4, 5, 6, 8, 16}

// header is what all rows of a compact batch share.
type header struct {
	receiver, authorizer, token common.Address
	delay                       uint64
}

func headerOf(c vouchers.ChannelConfig) header {
	return header{c.Receiver, c.ReceiverAuthorizer, c.Token, c.WithdrawDelay}
}

// What the fields of a batch have room for.
const (
	maxDelay             = 1<<40 - 1
	maxContractSignature = 1<<16 - 1 // bytes
)

// headerFor is the header of claims that can be one batch. Errors wrap [ErrClaims].
func headerFor(claims []Claim) (header, error) {
	if len(claims) == 0 {
		return header{}, fmt.Errorf("%w: there is none", ErrClaims)
	}
	shared := headerOf(claims[0].Config)
	if shared.delay > maxDelay {
		return header{}, fmt.Errorf("%w: a withdraw delay of %d seconds, the most is %d", ErrClaims, shared.delay, uint64(maxDelay))
	}
	for i, claim := range claims {
		switch {
		case headerOf(claim.Config) != shared:
			return header{}, fmt.Errorf("%w: claim %d has other terms than the first", ErrClaims, i)
		case claim.Config.Payer == (common.Address{}):
			return header{}, fmt.Errorf("%w: claim %d names no payer", ErrClaims, i)
		}
	}
	return shared, nil
}

// encodeCompact packs claims that share receiver, receiver authorizer, token and
// withdraw delay, which afterwards settles. Errors wrap [ErrClaims] or
// [vouchers.ErrSignature].
func encodeCompact(domain *vouchers.Domain, claims []Claim, settles bool) ([]byte, error) {
	shared, err := headerFor(claims)
	if err != nil {
		return nil, err
	}
	batch := []byte{0}
	if settles {
		batch[0] = headerSettles
	}
	batch = append(batch, shared.receiver[:]...)
	batch = append(batch, shared.authorizer[:]...)
	batch = append(batch, shared.token[:]...)
	batch = appendUint(batch, shared.delay, 5)
	var previous common.Address
	for i, claim := range claims {
		if batch, err = appendRow(batch, domain, claim, previous); err != nil {
			return nil, fmt.Errorf("claim %d: %w", i, err)
		}
		previous = claim.Config.Payer
	}
	return batch, nil
}

func appendRow(batch []byte, domain *vouchers.Domain, claim Claim, previous common.Address) ([]byte, error) {
	config := claim.Config
	code := widthOf(max(claim.Ceiling, claim.Total))
	flags := byte(code)
	at := len(batch)
	batch = append(batch, 0)
	if config.Payer == previous {
		flags |= rowSamePayer
	} else {
		batch = append(batch, config.Payer[:]...)
	}
	wallet := byWallet(domain, claim)
	switch {
	case wallet:
		flags |= rowByPayerAccount
	case config.PayerAuthorizer == (common.Address{}):
		flags |= rowByPayerKey
	case config.PayerAuthorizer != config.Payer:
		flags |= rowByAuthorizer
		batch = append(batch, config.PayerAuthorizer[:]...)
	}
	if salt := common.TrimLeftZeroes(config.Salt[:]); len(salt) > 0 {
		flags |= rowWithSalt
		batch = append(batch, byte(len(salt)))
		batch = append(batch, salt...)
	}
	batch = appendUint(batch, uint64(claim.Ceiling), widths[code])
	if claim.Total != claim.Ceiling {
		flags |= rowPartial
		batch = appendUint(batch, uint64(claim.Total), widths[code])
	}
	batch[at] = flags
	if !wallet {
		compact, err := claim.Signature.Compact()
		return append(batch, compact...), err
	}
	if len(claim.Signature) > maxContractSignature {
		return nil, fmt.Errorf("%w: %d bytes, a row has room for %d", vouchers.ErrSignature, len(claim.Signature), maxContractSignature)
	}
	batch = appendUint(batch, contractSignatureGas, 3)
	batch = appendUint(batch, uint64(len(claim.Signature)), 2)
	return append(batch, claim.Signature...), nil
}

func widthOf(amount vouchers.Amount) int {
	code := 0
	for widths[code] < 8 && amount>>(8*widths[code]) != 0 {
		code++
	}
	return code
}

// appendUint appends the low bytes of v, big-endian.
func appendUint(b []byte, v uint64, bytes int) []byte {
	var word [8]byte
	binary.BigEndian.PutUint64(word[:], v)
	return append(b, word[8-bytes:]...)
}
