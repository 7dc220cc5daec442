package facilitator

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// resourcesBucket is the store's bucket of what is listed.
const resourcesBucket = "resources"

// The longest that is listed of a resource, in bytes; one with more is not.
const (
	maxURL         = 2 << 10
	maxDescription = 1 << 10
)

// seenEvery is how old what is listed of a resource may be before it is written again.
const seenEvery = time.Minute

// shelf is what was paid for through the facilitator and says how it is called (the extension
// bazaar), the newest of each.
type shelf struct {
	bucket vouchers.Bucket
	most   int

	mu    sync.RWMutex // guards what follows
	items map[string]extension.DiscoveryResource
}

// errListed says that what is listed cannot be read.
var errListed = errors.New("what is listed cannot be read")

func openShelf(bucket vouchers.Bucket, most int) (*shelf, error) {
	s := &shelf{bucket: bucket, most: most, items: make(map[string]extension.DiscoveryResource)}
	err := bucket.ForEach(nil, func(key, value []byte) error {
		var item extension.DiscoveryResource
		if err := json.Unmarshal(value, &item); err != nil {
			return fmt.Errorf("%w: %w", errListed, err)
		}
		s.items[string(key)] = item
		return nil
	})
	return s, err
}

// put lists what a payment was settled for, if its seller wants that.
func (s *shelf) put(r *request, now time.Time, logger *slog.Logger) {
	item, ok := listed(r, now)
	if !ok {
		return
	}
	sum := sha256.Sum256(fmt.Append(nil, item.Resource, "\n", r.terms.PayTo, "\n", r.terms.Network, "\n", r.terms.Scheme, "\n", toolOf(&item)))
	key := string(sum[:16])
	raw, err := x402.Write(item)
	if err != nil {
		logger.Warn("list a resource", "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.items[key]
	if known && now.Sub(before.LastUpdated) < seenEvery {
		return
	}
	if !known && len(s.items) >= s.most {
		s.dropOldest()
	}
	s.items[key] = item
	s.bucket.Submit([]byte(key), raw)
}

// dropOldest is called with s.mu held.
func (s *shelf) dropOldest() {
	oldest, since := "", time.Time{}
	for key, item := range s.items {
		if oldest == "" || item.LastUpdated.Before(since) {
			oldest, since = key, item.LastUpdated
		}
	}
	delete(s.items, oldest)
	s.bucket.Submit([]byte(oldest), nil)
}

// listed is what is listed of a payment; false if nothing.
func listed(r *request, now time.Time) (item extension.DiscoveryResource, ok bool) {
	if r.payment == nil || r.payment.Resource == nil {
		return item, false
	}
	found, err := extension.ReadDiscovery(r.payment.Extensions)
	if err != nil || found == nil || len(r.payment.Extensions[extension.NameBazaar]) > extension.MaxDiscovery {
		return item, false
	}
	of := r.payment.Resource
	if of.URL == "" || len(of.URL) > maxURL || len(of.Description) > maxDescription || len(of.MimeType) > maxDescription {
		return item, false
	}
	address, _, _ := strings.Cut(of.URL, "#")
	if found.Info.Input.Type == extension.DiscoveryHTTP {
		address, _, _ = strings.Cut(address, "?")
	}
	return extension.DiscoveryResource{
		Resource: address, Type: found.Info.Input.Type, X402Version: r.version, Accepts: []x402.Requirements{r.terms}, LastUpdated: now.UTC(),
		Description: of.Description, MimeType: of.MimeType,
		Extensions: x402.Extensions{extension.NameBazaar: r.payment.Extensions[extension.NameBazaar]},
	}, true
}

func toolOf(item *extension.DiscoveryResource) string {
	found, err := extension.ReadDiscovery(item.Extensions)
	if err != nil || found == nil {
		return ""
	}
	return found.Info.Input.ToolName
}

// page is what is asked for of all that is listed, in the order of the addresses.
func (s *shelf) page(q extension.DiscoveryQuery) extension.DiscoveryList {
	s.mu.RLock()
	all := make([]extension.DiscoveryResource, 0, len(s.items))
	for _, item := range s.items {
		if fits(&item, &q) {
			all = append(all, item)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(all, func(a, b extension.DiscoveryResource) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(toolOf(&a), toolOf(&b)), a.LastUpdated.Compare(b.LastUpdated))
	})
	from := min(q.Offset, len(all))
	return extension.DiscoveryList{
		X402Version: x402.Version, Items: all[from:min(from+q.Limit, len(all))],
		Pagination: extension.DiscoveryPage{Limit: q.Limit, Offset: q.Offset, Total: len(all)},
	}
}

func fits(item *extension.DiscoveryResource, q *extension.DiscoveryQuery) bool {
	way := &item.Accepts[0]
	_, has := item.Extensions[q.Extension]
	return (q.Type == "" || q.Type == item.Type) && (q.PayTo == "" || strings.EqualFold(q.PayTo, way.PayTo.Hex())) &&
		(q.Scheme == "" || q.Scheme == way.Scheme) && (q.Network == "" || q.Network == way.Network) && (q.Extension == "" || has)
}

// discover answers GET /discovery/resources.
func (f *Facilitator) discover(_ http.ResponseWriter, r *http.Request, _ Caller) *answer {
	q, err := extension.ParseDiscoveryQuery(r.URL.Query())
	if err != nil {
		return f.invalid(&request{version: x402.Version}, http.StatusBadRequest, terms.Refuse(x402.ErrPayload, "%v", err))
	}
	return &answer{status: http.StatusOK, body: f.shelf.page(q)}
}
