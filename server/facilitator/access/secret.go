package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/chitpay/chit/internal/plain"
)

// ErrKey says that a key cannot be used.
var ErrKey = errors.New("unusable API key")

const (
	// prefix tells people, and programs that look for leaked secrets, what a key is.
	prefix      = "chit_fk_"
	secretBytes = 32
	// hashPrefix names the hash, as configs have it.
	hashPrefix = "sha256:"
)

// secretLength is how long a key is, as text.
var secretLength = len(prefix) + base64.RawURLEncoding.EncodedLen(secretBytes)

// Hash is the SHA-256 of a key, all that its operator keeps of it. The key has 256 random bits, so
// that nobody finds it by trying.
type Hash [sha256.Size]byte

// Generate returns a new key, and its hash.
func Generate() (secret string, hash Hash) {
	var random [secretBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(random[:])
	return secret, sha256.Sum256([]byte(secret))
}

// String is the hash as configs have it: "sha256:" and 64 hex digits.
func (h Hash) String() string { return hashPrefix + hex.EncodeToString(h[:]) }

// ParseHash reads a hash as [Hash.String] writes it. Errors wrap [ErrKey], and do not show the
// text, which may be a key.
func ParseHash(text string) (h Hash, err error) {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	raw, err := hex.DecodeString(digits)
	switch {
	case strings.HasPrefix(text, prefix):
		return h, fmt.Errorf("%w: this is the key itself, which belongs to its caller alone: want its hash", ErrKey)
	case !ok || err != nil || len(raw) != len(h):
		return h, fmt.Errorf("%w: a hash is %s and 64 hex digits, as `chit facilitator key NAME` prints it", ErrKey, hashPrefix)
	}
	return Hash(raw), nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$`)

// CheckName refuses a name that no key can have. Errors wrap [ErrKey].
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%w: %q is not a name: letters, digits, '-', '_' and '.', at most 32", ErrKey, plain.Clip(name))
	}
	return nil
}

// bearer is the key of an Authorization header (RFC 6750), empty if it holds none.
func bearer(header string) string {
	const scheme = "bearer "
	if len(header) != len(scheme)+secretLength || !strings.EqualFold(header[:len(scheme)], scheme) {
		return ""
	}
	secret := header[len(scheme):]
	if !strings.HasPrefix(secret, prefix) {
		return ""
	}
	return secret
}
