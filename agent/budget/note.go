package budget

import (
	"encoding/json"

	"github.com/chitpay/chit/vouchers"
)

// jotted is a change of a server's rows as it stands in a file. Names may be any bytes.
type jotted struct {
	Server  []byte             `json:"server"`
	Day     string             `json:"day,omitzero"`
	Tool    []byte             `json:"tool,omitzero"`
	Channel vouchers.ChannelID `json:"channel"`
	Kind    Kind               `json:"kind"`
	Amount  vouchers.Amount    `json:"amount,omitzero"`
	Taken   vouchers.Amount    `json:"taken,omitzero"`
	Cost    vouchers.Amount    `json:"cost,omitzero"`
}

// Note writes the change of a server's rows on one line, without its end.
func (c Change) Note(server string) ([]byte, error) {
	return json.Marshal(jotted{[]byte(server), c.Day, []byte(c.Tool), c.Channel, c.Kind, c.Amount, c.Taken, c.Cost})
}

// Replay makes the change that a note tells of.
func (r Rows) Replay(note []byte) error {
	var j jotted
	if err := json.Unmarshal(note, &j); err != nil {
		return err
	}
	newLeaf(r, string(j.Server)).book(Change{
		Day: j.Day, Tool: string(j.Tool), Channel: j.Channel, Kind: j.Kind, Amount: j.Amount, Taken: j.Taken, Cost: j.Cost,
	})
	return nil
}
