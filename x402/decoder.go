package x402

import (
	encjson "encoding/json"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// PaymentDecoder reads payments as [DecodePaymentPayload] does, and those by voucher or by
// EIP-3009 transfer in a fraction of the time: a payer sends the same terms and the same channel
// with every call, so it remembers what their JSON was decoded to. What it returns shares memory
// with what it returns later, and must not be changed.
//
// The zero value is ready to use and safe for concurrent use. It takes a few megabytes
// at most.
type PaymentDecoder struct {
	accepted  memory[Requirements]
	resources memory[Resource]
	channels  memory[channelConfig]
}

// Decode is [DecodePaymentPayload] with the usual limits.
func (d *PaymentDecoder) Decode(data []byte) (*PaymentPayload, error) {
	if payment, ok := d.quickly(data); ok {
		return payment, nil
	}
	return DecodePaymentPayload(data)
}

// DecodeValue is [DecodeValue], and quick where the value is JSON still.
func (d *PaymentDecoder) DecodeValue(value any) (*PaymentPayload, error) {
	if raw, ok := value.(encjson.RawMessage); ok {
		return d.Decode(raw)
	}
	return DecodeValue[PaymentPayload](value)
}

// quickly decodes a payment by voucher or transfer that is spelled the way that programs spell it.
// To everything else, good or bad, it says false. What it does not look into itself
// goes through the same strict decoder, now or when it was seen first.
func (d *PaymentDecoder) quickly(data []byte) (payment *PaymentPayload, ok bool) {
	const version, resource, accepted, payload, extensions = 0, 1, 2, 3, 4
	var found [5]jsontext.Value
	if len(data) > DefaultMaxBytes || !split(data, found[:], "x402Version", "resource", "accepted", "payload", "extensions") {
		return nil, false
	}
	if string(found[version]) != "2" {
		return nil, false
	}
	payment = new(PaymentPayload)
	if payment.Accepted, ok = d.accepted.decode(found[accepted]); !ok || !payment.Accepted.Supported() {
		return nil, false
	}
	switch payment.Accepted.Scheme {
	case SchemeBatchSettlement:
		payment.Payload, ok = d.voucher(found[payload])
	case SchemeExact:
		payment.Payload, ok = transfer(found[payload])
	default:
		ok = false
	}
	if !ok {
		return nil, false
	}
	if found[resource] != nil {
		r, ok := d.resources.decode(found[resource])
		if !ok {
			return nil, false
		}
		payment.Resource = &r
	}
	if found[extensions] != nil {
		payment.Extensions, ok = decodePart[Extensions](found[extensions])
	}
	return payment, ok
}

func (d *PaymentDecoder) voucher(data jsontext.Value) (Payload, bool) {
	const kind, channel, voucher = 0, 1, 2
	var found [3]jsontext.Value
	if !split(data, found[:], "type", "channelConfig", "voucher") || string(found[kind]) != `"`+typeVoucher+`"` {
		return nil, false
	}
	config, ok := d.channels.decode(found[channel])
	if !ok {
		return nil, false
	}
	const id, ceiling, signature = 0, 1, 2
	if !split(found[voucher], found[:], "channelId", "maxClaimableAmount", "signature") {
		return nil, false
	}
	p := &VoucherPayload{ChannelConfig: vouchers.ChannelConfig(config)}
	ok = parsed(found[id], vouchers.ParseChannelID, &p.Voucher.ChannelID) &&
		parsed(found[ceiling], vouchers.ParseAtomic, &p.Voucher.MaxClaimableAmount) &&
		parsed(found[signature], vouchers.ParseSignature, &p.Voucher.Signature)
	return p, ok
}

// transfer is a payload of exact by EIP-3009.
func transfer(data jsontext.Value) (Payload, bool) {
	const authorization, signature = 0, 1
	var outer [2]jsontext.Value
	if !split(data, outer[:], byAuthorization, "signature") {
		return nil, false
	}
	const from, to, value, validAfter, validBefore, nonce = 0, 1, 2, 3, 4, 5
	var inner [6]jsontext.Value
	if !split(outer[authorization], inner[:], "from", "to", "value", "validAfter", "validBefore", "nonce") {
		return nil, false
	}
	p := new(AuthorizationPayload)
	a := &p.Authorization
	ok := parsed(outer[signature], vouchers.ParseSignature, &p.Signature) &&
		parsed(inner[from], parseAddress, &a.From) &&
		parsed(inner[to], parseAddress, &a.To) &&
		parsed(inner[value], vouchers.ParseAtomic, &a.Value) &&
		parsed(inner[validAfter], parseUint64, &a.ValidAfter) &&
		parsed(inner[validBefore], parseUint64, &a.ValidBefore) &&
		parsed(inner[nonce], parseHash, &a.Nonce)
	return p, ok
}

// parsed reads a string whose form leaves no room for escapes.
func parsed[T any](value jsontext.Value, parse func(string) (T, error), to *T) bool {
	if len(value) < 2 || value[0] != '"' {
		return false
	}
	v, err := parse(string(value[1 : len(value)-1]))
	*to = v
	return err == nil
}

// The bounds of a memory.
const (
	maxRemembered      = 1024
	maxRememberedBytes = 2 << 10 // of one value
)

// memory remembers what JSON objects were decoded to, by their bytes.
type memory[T any] struct {
	mu     sync.RWMutex // guards what follows
	values map[string]T
}

func (m *memory[T]) decode(raw jsontext.Value) (T, bool) {
	m.mu.RLock()
	value, known := m.values[string(raw)]
	m.mu.RUnlock()
	if known {
		return value, true
	}
	value, ok := decodePart[T](raw)
	if !ok || len(raw) > maxRememberedBytes {
		return value, ok
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = make(map[string]T)
	}
	if len(m.values) >= maxRemembered {
		for other := range m.values { // which one is left to chance: the busy ones come back at once
			delete(m.values, other)
			break
		}
	}
	m.values[string(raw)] = value
	return value, true
}

// partDepth is how deeply at most a part may nest, wherever it is in its document.
const partDepth = MaxDepth - 2

// decodePart decodes an object inside of a document.
func decodePart[T any](raw jsontext.Value) (value T, ok bool) {
	if len(raw) == 0 || raw[0] != '{' || depth(raw) > partDepth {
		return value, false
	}
	return value, json.Unmarshal(raw, &value, decoding) == nil
}

// split finds the values of an object's members. They alias data, are without space
// around them, and are nil for members that are not there. It says false where another
// member is there or one is there twice, or where data is no object; what is within
// the values it does not check.
func split(data []byte, found []jsontext.Value, names ...string) bool {
	clear(found)
	s := scanner{data: data}
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return s.end()
	}
	for {
		at := s.name(names)
		if at < 0 || found[at] != nil || !s.take(':') {
			return false
		}
		if found[at] = s.value(); len(found[at]) == 0 {
			return false
		}
		if !s.take(',') {
			return s.take('}') && s.end()
		}
	}
}

// scanner goes over JSON, and relies on others to check it.
type scanner struct {
	data []byte
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.data) && (s.data[s.at] == ' ' || s.data[s.at] == '\n' || s.data[s.at] == '\t' || s.data[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) take(c byte) bool {
	s.space()
	if s.at == len(s.data) || s.data[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.data)
}

// name takes a member's name and returns which of the names it is, -1 if none.
func (s *scanner) name(names []string) int {
	s.space()
	rest := s.data[s.at:]
	for i, name := range names {
		if end := len(name) + 1; len(rest) > end && rest[0] == '"' && rest[end] == '"' && string(rest[1:end]) == name {
			s.at += end + 1
			return i
		}
	}
	return -1
}

// value takes what looks like one value: it ends with its last bracket or quote, or
// before what cannot belong to a number or a word.
func (s *scanner) value() jsontext.Value {
	s.space()
	start, level := s.at, 0
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			if !s.str() {
				return nil
			}
		case '{', '[':
			level++
			s.at++
		case '}', ']':
			if level--; level < 0 {
				return s.data[start:s.at]
			}
			s.at++
		case ',', ' ', '\n', '\t', '\r':
			if level == 0 {
				return s.data[start:s.at]
			}
			s.at++
			continue
		default:
			s.at++
			continue
		}
		if level == 0 {
			return s.data[start:s.at]
		}
	}
	return s.data[start:s.at]
}

// str takes a string, which begins here.
func (s *scanner) str() bool {
	for s.at++; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	return false
}
