package adversary_test

import (
	"errors"
	"fmt"
	"sync"

	"github.com/chitpay/chit/agent"
)

// tallied counts what came of calls, so that the model can be seen to reach what it is for.
var tallied = struct {
	sync.Mutex // guards n
	n          map[string]int
}{n: make(map[string]int)}

func count(what string) {
	tallied.Lock()
	defer tallied.Unlock()
	tallied.n[what]++
}

// outcome says in a word how something ended.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	for _, known := range []error{
		agent.ErrPolicy, agent.ErrNoChannel, agent.ErrBalance, agent.ErrFunds, agent.ErrDishonest, agent.ErrOldBook,
		agent.ErrUnknownOutcome, agent.ErrTerms, agent.ErrNoServer,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if p, ok := agent.Explain(err); ok {
		return p.Code
	}
	return fmt.Sprintf("%.60s", err)
}
