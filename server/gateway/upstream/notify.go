package upstream

import (
	"encoding/json"
	"maps"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/link"
)

// notified passes a notification of the upstream on to those whom it concerns. It
// must not wait: the answers of the upstream come behind it.
func (s *Server) notified(l *link.Link, n mcp.JSONRPCNotification) {
	fields := n.Params.AdditionalFields
	switch n.Method {
	case mcp.MethodNotificationToolsListChanged, mcp.MethodNotificationResourcesListChanged, mcp.MethodNotificationPromptsListChanged,
		mcp.MethodNotificationSubscriptionsAcknowledged: // changes before it were told to nobody
		l.Changed()
	case string(mcp.MethodNotificationProgress):
		s.progressed(fields)
	case mcp.MethodNotificationResourceUpdated:
		uri, _ := fields["uri"].(string)
		for _, session := range s.around.Sessions.Watching(uri) {
			if own := l.Owner.Session; own != "" && own != session {
				continue
			}
			s.passOn(n.Method, s.around.Sessions.Tell(session, n.Method, fields))
		}
	case string(mcp.MethodNotificationMessage):
		s.logged(l, fields)
	case string(mcp.MethodNotificationCancelled):
		l.Withdraw(fields)
	case string(mcp.MethodNotificationElicitationComplete):
		if session := l.Owner.Session; session != "" {
			s.passOn(n.Method, s.around.Sessions.Tell(session, n.Method, fields))
		}
	}
}

// progressed takes progress for a sign of life, and passes it on to a client that has asked
// for it.
func (s *Server) progressed(fields map[string]any) {
	c := s.calls.of(fields["progressToken"])
	if c == nil {
		return
	}
	c.clock.Heard()
	if c.token == nil {
		return
	}
	fields = maps.Clone(fields)
	fields["progressToken"] = c.token
	const method = string(mcp.MethodNotificationProgress)
	c.pass(s, method, s.around.Sessions.TellCaller(c.ctx, method, fields))
}

// passOn notes a notification that its client could not be given: it has gone, or
// does not read.
func (s *Server) passOn(method string, err error) {
	if err != nil {
		s.logger.Debug("a notification was dropped", "method", method, "error", err)
	}
}

// logged passes on a log message: to everybody where the config shares them, else to
// the client that the link belongs to, or whose call is the only one on its way. The
// client's own level decides.
func (s *Server) logged(l *link.Link, fields map[string]any) {
	var message mcp.LoggingMessageNotification
	raw, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(raw, &message.Params)
	}
	if err != nil {
		s.passOn(string(mcp.MethodNotificationMessage), err)
		return
	}
	message.Method = string(mcp.MethodNotificationMessage)
	if !s.ShareLogs {
		c := s.calls.only(l)
		if c == nil && l.Owner.Session != "" {
			c = s.calls.latest(l)
		}
		if c != nil {
			s.passOn(message.Method, s.around.Sessions.LogToCaller(c.ctx, message))
		}
		return
	}
	s.passOn(message.Method, s.around.Sessions.LogToAll(message.Params.Level, fields))
}
