package link

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// listenAgain is how long an upstream that does not let itself be listened to is left alone.
const listenAgain = 100 * time.Millisecond

// tuneEvery is how often the stream of changes is opened again at most.
const tuneEvery = 100 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// hear listens for what changes, on a connection of the newest protocol, until ctx
// ends. The stream is opened again when the resources that are watched change.
func (d *Dialer) hear(ctx context.Context, l *Link) {
	for ctx.Err() == nil {
		filter := mcp.SubscriptionFilter{
			ToolsListChanged: true, PromptsListChanged: true, ResourcesListChanged: true, ResourceSubscriptions: d.Watched(),
		}
		listening, cancel := context.WithCancel(ctx)
		var tuning sync.WaitGroup
		tuning.Go(func() {
			select {
			case <-l.tune:
				pause(listening, tuneEvery)
				cancel()
			case <-listening.Done():
			}
		})
		_ = l.Client.Listen(listening, filter) // ends with the connection, or to be opened again
		tuned := listening.Err() != nil
		cancel()
		tuning.Wait()
		if tuned {
			continue
		}
		l.Suspect()
		pause(ctx, listenAgain)
	}
}

// Alive asks the upstream for a sign of life. Any answer is one.
func (l *Link) Alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	method := mcp.MethodPing
	if l.Modern() {
		method = mcp.MethodServerDiscover
	}
	if _, err := l.Request(ctx, method, nil); IsLost(err) {
		return err
	}
	return nil
}
