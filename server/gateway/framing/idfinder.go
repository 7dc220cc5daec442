package framing

// maxID is the longest id that is looked for, in bytes of JSON. The gateway's own are
// shorter.
const maxID = 128

// idFinder finds the id of a JSON-RPC message while the message passes, of which it
// keeps nothing else.
type idFinder struct {
	id []byte // in JSON, nil if it has not come

	depth   int
	within  bool   // a string
	escaped bool   // its next byte
	text    []byte // of the latest string at the surface, or scalar, as it is written
	isValue bool   // the surface waits for the value of the id
}

func (f *idFinder) see(part []byte) {
	for _, b := range part {
		if f.within {
			f.inString(b)
		} else {
			f.outside(b)
		}
	}
}

func (f *idFinder) inString(b byte) {
	f.keep(b)
	switch {
	case f.escaped:
		f.escaped = false
	case b == '\\':
		f.escaped = true
	case b == '"':
		f.within = false
	}
}

func (f *idFinder) outside(b byte) {
	switch b {
	case '"':
		f.within = true
		f.text = f.text[:0]
		f.keep(b)
	case '{', '[':
		f.depth++
		f.isValue = false
	case '}', ']':
		f.endValue()
		f.depth--
	case ',':
		f.endValue()
	case ':':
		f.isValue = f.depth == 1 && string(f.text) == `"id"`
		f.text = f.text[:0]
	case ' ', '\t', '\r', '\n':
	default:
		f.keep(b)
	}
}

// keep notes a byte of what stands at the surface.
func (f *idFinder) keep(b byte) {
	if f.depth == 1 && len(f.text) < maxID {
		f.text = append(f.text, b)
	}
}

func (f *idFinder) endValue() {
	if f.isValue && f.depth == 1 && len(f.text) < maxID {
		f.id = append([]byte(nil), f.text...)
	}
	f.isValue = false
	f.text = f.text[:0]
}
