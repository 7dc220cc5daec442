package deposit

import (
	"errors"
	"testing"
	"time"

	"github.com/chitpay/chit/agent/policy"
)

func TestADepositIsGoodForMinutesByThisMachinesClock(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, head := range []time.Time{now.Add(-time.Hour), now, now.Add(authorizationTime / 2)} {
		if until, err := ValidUntil(now, head, authorizationTime, false); err != nil || until != uint64(now.Add(authorizationTime).Unix()) {
			t.Errorf("on a chain at %s a deposit is good until %d, %v", head, until, err)
		}
	}
	ahead := now.Add(24 * time.Hour)
	if until, err := ValidUntil(now, ahead, authorizationTime, false); !errors.Is(err, policy.ErrTerms) {
		t.Errorf("a node that is ahead has one signed until %d, %v", until, err)
	}
	if until, err := ValidUntil(now, ahead, authorizationTime, true); err != nil || until != uint64(ahead.Add(authorizationTime).Unix()) {
		t.Errorf("on a local chain whose clock was moved: %d, %v", until, err)
	}
}
