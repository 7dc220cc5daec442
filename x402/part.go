package x402

import "github.com/go-json-experiment/json/jsontext"

// Read decodes an object of a protocol that travels beside x402's own documents, within the same
// limits and as strictly. The required members must be there, and not null. Errors are those of
// [DecodePaymentRequired].
func Read[T any](data []byte, required []string, opts ...Option) (*T, error) {
	value := new(T)
	if err := decodeInto(value, data, opts); err != nil {
		return nil, err
	}
	found, err := members(jsontext.Value(data), required...)
	if err != nil {
		return nil, err
	}
	if err := require(found, required); err != nil {
		return nil, err
	}
	return value, nil
}

// Write encodes a value as it is written in documents: addresses in EIP-55 form, the same value
// always in the same bytes.
func Write(value any) ([]byte, error) { return marshal(value) }
