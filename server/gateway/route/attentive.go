package route

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"

	"github.com/chitpay/chit/server/gateway/timeout"
)

// attentive tells the clock of a route's request what comes from the upstream.
type attentive struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (a *attentive) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return a.next.RoundTrip(req)
	}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: x.clock.Heard,
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			x.clock.Heard()
			return nil
		},
	})
	resp, err := a.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	body := &attended{resp.Body, x.clock}
	x.clock.Pause()
	resp.Body = body
	if both, ok := body.ReadCloser.(io.ReadWriteCloser); ok { // the connection of another protocol
		resp.Body = &attendedBoth{body, both}
	}
	return resp, nil
}

// attended is a body whose clock runs while it is read: the time in between is that of
// the client, which may be a slow reader.
type attended struct {
	io.ReadCloser
	clock *timeout.Clock
}

// Read implements [io.Reader].
func (a *attended) Read(p []byte) (int, error) {
	a.clock.Resume()
	n, err := a.ReadCloser.Read(p)
	a.clock.Pause()
	return n, err
}

type attendedBoth struct {
	*attended
	io.Writer
}
