package operate_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// gift is a purse that pays for a grant of nobody's money.
type gift struct{ store vouchers.Store }

func (g gift) Price() vouchers.Amount { return 1 }

func (g gift) SetAside(ctx context.Context, puts ...vouchers.Put) error {
	return g.store.Submit(vouchers.Update{Puts: puts}).Wait(ctx)
}

// granted is a book with so many grants, of three channels.
func granted(t testing.TB, n uint64) *credit.Book {
	t.Helper()
	store, err := diskstore.Open(filepath.Join(t.TempDir(), "chit.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	ledger, err := ledger.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	book, err := credit.OpenBook(t.Context(), ledger, store)
	if err != nil {
		t.Fatal(err)
	}
	caveats, err := macaroon.Scope{Budget: 1, Expires: time.Now().Add(time.Hour)}.Caveats()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			request := credit.Request{Channel: vouchers.ChannelID{byte(i % 3)}, Payer: common.Address{1}, Caveats: caveats}
			binary.BigEndian.PutUint64(request.Nonce[:], i)
			if _, _, err := book.Grant(t.Context(), request, gift{store}); err != nil {
				t.Errorf("grant %d: %v", i, err)
			}
		})
	}
	all.Wait()
	return book
}

func TestTheOperatorsListOfGrantsComesInPages(t *testing.T) {
	const many, most = 1201, 500
	handler := operate.Handler(&server.Shop{Credit: granted(t, many)}, slog.New(slog.DiscardHandler))
	answered := httptest.NewRecorder()
	handler.ServeHTTP(answered, httptest.NewRequest(http.MethodGet, "/credit/grants", nil))
	var page struct{ Grants []credit.Grant }
	if err := json.Unmarshal(answered.Body.Bytes(), &page); err != nil || len(page.Grants) != most {
		t.Errorf("one answer has %d grants, %v", len(page.Grants), err)
	}
	wrong := httptest.NewRecorder()
	if handler.ServeHTTP(wrong, httptest.NewRequest(http.MethodGet, "/credit/grants?after=x", nil)); wrong.Code != http.StatusBadRequest {
		t.Errorf("after what is no grant: %d", wrong.Code)
	}
	none := httptest.NewRecorder()
	operate.Handler(&server.Shop{Credit: granted(t, 0)}, nil).ServeHTTP(none, httptest.NewRequest(http.MethodGet, "/credit/grants", nil))
	if none.Body.String() != "{\"grants\":[]}\n" {
		t.Errorf("of no grants it says %s", none.Body)
	}
	at := operate.Place{Socket: shoptest.Socket(t)}
	stop := shoptest.ServeOperator(t, at.Socket, handler)
	defer stop()
	all, err := at.Grants(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[macaroon.GrantID]bool)
	for _, grant := range all {
		ids[grant.ID] = true
	}
	if len(all) != many || len(ids) != many {
		t.Errorf("%d grants are listed, %d of them once", len(all), len(ids))
	}
	last := slices.MaxFunc(all, func(a, b credit.Grant) int { return slices.Compare(a.ID[:], b.ID[:]) })
	if grant, err := at.Grant(t.Context(), last.ID); err != nil || grant.ID != last.ID {
		t.Errorf("the grant of the last page is %+v, %v", grant, err)
	}
}
