package meter

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

// MaxModels is the longest list of models that is read, in bytes.
const MaxModels = 4 << 20

// Models leaves in an API's list of models those that are sold, and adds what they cost: a
// member pricing as OpenRouter's API has it, USDC a token as decimal texts.
func Models(list []byte, sold rates.Table) ([]byte, error) {
	if len(list) > MaxModels {
		return nil, fmt.Errorf("the list of models has %d bytes, more than %d", len(list), MaxModels)
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal(list, &all); err != nil {
		return nil, fmt.Errorf("the list of models cannot be read: %w", err)
	}
	key := "data"
	if all[key] == nil {
		key = "models"
	}
	var models []map[string]jsontext.Value
	if err := json.Unmarshal(all[key], &models); err != nil {
		return nil, fmt.Errorf("the list of models cannot be read: %w", err)
	}
	left := make([]map[string]jsontext.Value, 0, len(models))
	for _, model := range models {
		r, found := sold.Find(nameOf(model))
		if !found {
			continue
		}
		var err error
		if model["pricing"], err = json.Marshal(pricing{
			token(r.In), token(r.Out), token(r.Cached), token(r.Written), token(r.Reasoning),
		}); err != nil {
			return nil, err
		}
		left = append(left, model)
	}
	var err error
	if all[key], err = json.Marshal(left, json.Deterministic(true)); err != nil {
		return nil, err
	}
	return json.Marshal(all, json.Deterministic(true))
}

type pricing struct {
	Prompt     string `json:"prompt"`
	Completion string `json:"completion"`
	Read       string `json:"input_cache_read"`
	Write      string `json:"input_cache_write"`
	Reasoning  string `json:"internal_reasoning"`
}

// token is what one token costs, in USDC, of a rate for a million.
func token(rate vouchers.Amount) string {
	const decimals = 12 // six of USDC, six of a million
	digits := fmt.Sprintf("%0*d", decimals+1, uint64(rate))
	point := len(digits) - decimals
	return strings.TrimSuffix(strings.TrimRight(digits[:point]+"."+digits[point:], "0"), ".")
}

// nameOf is how a request names a model.
func nameOf(model map[string]jsontext.Value) (name string) {
	for _, key := range []string{"id", "model", "name"} {
		if json.Unmarshal(model[key], &name) == nil && name != "" {
			return name
		}
	}
	return ""
}
