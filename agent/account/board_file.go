package account

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/chitpay/chit/vouchers"
)

// The file has two slots, which are written in turn: one that a killed process has left
// half written is known by its sum, and the other has what was before.
const (
	slotSize   = 1 << 20
	slotHeader = 24 // generation, length of the body and its sum, 8 bytes each
	wordSize   = 8
)

var errDamaged = errors.New("the file with the channel's account is damaged")

// read takes over the newest figures, if they are not known already.
func (b *board) read(f *figures) error {
	var headers [2][]byte
	newest := 0
	for i := range headers {
		headers[i] = make([]byte, slotHeader)
		if _, err := b.file.ReadAt(headers[i], int64(i)*slotSize); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	if generationOf(headers[1]) > generationOf(headers[0]) {
		newest = 1
	}
	for _, i := range []int{newest, 1 - newest} {
		generation := generationOf(headers[i])
		if generation == b.generation && generation > 0 {
			return nil
		}
		body, err := b.body(headers[i], i)
		if err != nil {
			return err
		}
		if body == nil {
			continue
		}
		if err := f.decode(body); err != nil {
			return err
		}
		b.generation = generation
		return nil
	}
	return errDamaged
}

func generationOf(header []byte) uint64 { return binary.LittleEndian.Uint64(header) }

// body is what a slot holds, nil if it is not what was written there.
func (b *board) body(header []byte, slot int) ([]byte, error) {
	length, sum := binary.LittleEndian.Uint64(header[8:]), binary.LittleEndian.Uint64(header[16:])
	if length == 0 || length > slotSize-slotHeader {
		return nil, nil
	}
	body := make([]byte, length)
	if _, err := b.file.ReadAt(body, int64(slot)*slotSize+slotHeader); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if uint64(crc32.ChecksumIEEE(body)) != sum {
		return nil, nil
	}
	return body, nil
}

// write shows the figures to the others.
func (b *board) write(f *figures) error {
	text := f.encode(make([]byte, slotHeader, slotHeader+f.size()))
	if len(text) > slotSize {
		return fmt.Errorf("%d calls in flight in one channel are too many", len(f.inFlight))
	}
	body := text[slotHeader:]
	binary.LittleEndian.PutUint64(text, b.generation+1)
	binary.LittleEndian.PutUint64(text[8:], uint64(len(body)))
	binary.LittleEndian.PutUint64(text[16:], uint64(crc32.ChecksumIEEE(body)))
	if _, err := b.file.WriteAt(text, int64((b.generation+1)%2)*slotSize); err != nil {
		return err
	}
	b.generation++
	return nil
}

// figuresForm says how the figures are written: a file of another version is damaged.
const figuresForm = 0xc417_0009

// The words of what is written: in all but the calls and ceilings, and for each of these.
const plain, perFlight, perSpent = 26, 7, 2

// size is how many bytes encode appends.
func (f *figures) size() int {
	return wordSize * (plain + perFlight*len(f.inFlight) + perSpent*len(f.spent))
}

// encode appends the figures as words.
func (f *figures) encode(to []byte) []byte {
	put := func(words ...uint64) {
		for _, w := range words {
			to = binary.LittleEndian.AppendUint64(to, w)
		}
	}
	put(figuresForm, uint64(len(f.inFlight)), uint64(len(f.spent)),
		uint64(f.balance), uint64(f.charged), uint64(f.signed), uint64(f.seen), uint64(f.doubt), f.losses, f.signings, f.turns,
		word(f.unsure), word(f.heard), word(f.draining), uint64(f.offset), uint64(f.opened), uint64(f.fresh), word(f.raised), uint64(f.most), uint64(f.waits), uint64(f.gone), f.block,
		uint64(f.unproven), uint64(f.disputed), uint64(f.uncharged), uint64(f.vouched))
	for ceiling, x := range f.inFlight {
		put(uint64(ceiling), uint64(x.price), uint64(x.before), x.losses, x.signing, x.owner, word(x.joined))
	}
	for ceiling, why := range f.spent {
		put(uint64(ceiling), uint64(why))
	}
	return to
}

func word(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

// decode reads what encode has written.
func (f *figures) decode(body []byte) error {
	const head = 3
	words := make([]uint64, len(body)/wordSize)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(body[i*wordSize:])
	}
	if len(words) < plain || words[0] != figuresForm || uint64(len(words)) != plain+perFlight*words[1]+perSpent*words[2] {
		return errDamaged
	}
	flights, w := int(words[1]), words[head:]
	*f = figures{
		balance: vouchers.Amount(w[0]), charged: vouchers.Amount(w[1]), signed: vouchers.Amount(w[2]),
		seen: vouchers.Amount(w[3]), doubt: vouchers.Amount(w[4]), losses: w[5], signings: w[6], turns: w[7],
		unsure: w[8] == 1, heard: w[9] == 1, draining: w[10] == 1,
		offset: vouchers.Amount(w[11]), opened: vouchers.Amount(w[12]), fresh: vouchers.Amount(w[13]), raised: w[14] == 1, most: vouchers.Amount(w[15]), waits: int64(w[16]), gone: vouchers.Amount(w[17]), block: w[18],
		unproven: vouchers.Amount(w[19]), disputed: vouchers.Amount(w[20]), uncharged: vouchers.Amount(w[21]), vouched: vouchers.Amount(w[22]),
		inFlight: make(map[vouchers.Amount]flight, flights), spent: make(map[vouchers.Amount]spending, words[2]),
	}
	rest := words[plain:]
	for range flights {
		x := flight{price: vouchers.Amount(rest[1]), before: vouchers.Amount(rest[2]), losses: rest[3], signing: rest[4], owner: rest[5], joined: rest[6] == 1}
		f.inFlight[vouchers.Amount(rest[0])] = x
		f.flying += x.price
		rest = rest[perFlight:]
	}
	for len(rest) > 0 {
		f.spent[vouchers.Amount(rest[0])] = spending(rest[1])
		rest = rest[perSpent:]
	}
	return nil
}
