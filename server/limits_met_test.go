package server_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
)

func TestTheOperatorIsToldWhichLimitsWereMet(t *testing.T) {
	var log bytes.Buffer
	o := selling(t)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Limits.LeastDeposit = 2 * usdc
	shop := shoptest.Open(t, o, new(tool).add)
	for range 2 {
		shop.MeetLimit("listed")
	}
	shop.MeetLimit("leastDeposit")
	if n := strings.Count(log.String(), "limit=listed"); n != 1 {
		t.Errorf("the log names it %d times:\n%s", n, log.String())
	}
	answer := httptest.NewRecorder()
	operate.Handler(shop.Shop, slog.New(slog.DiscardHandler)).ServeHTTP(answer, httptest.NewRequest("GET", "/limits", nil))
	var all []limits.View
	if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil || len(all) != len(limits.Defaults()) {
		t.Fatalf("%s, %v", answer.Body, err)
	}
	if all[0] != (limits.View{Limit: "listed", Value: "10000", Met: 2}) || all[1] != (limits.View{Limit: "leastDeposit", Value: "2", Met: 1}) || all[2].Met != 0 {
		t.Errorf("the limits are %+v", all)
	}
	for _, view := range all {
		if err := new(server.Limits).Set(view.Limit, view.Value); err != nil {
			t.Error(err)
		}
	}
}
