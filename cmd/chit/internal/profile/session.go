package profile

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
)

// AutoSession is the [Profile.Session] of a key that is made when it is first needed.
const AutoSession = "auto"

// sessionFolder holds the session keys of a profile, beside its data.
const sessionFolder = "session"

// SessionKey opens the key that signs vouchers in place of the payer's, nil if the
// profile names none. An automatic one is kept in a key file of its own, under the
// payer's passphrase; other processes that make it are waited for until the context ends.
func (p *Profile) SessionKey(ctx context.Context, ask Passphrase) (keys.Signer, error) {
	if p.Session == "" {
		return nil, nil
	}
	key, err := p.openSession(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("%w for the session: %w", ErrKey, err)
	}
	if err := keys.RefuseDev(p.ChainID, key); err != nil {
		return nil, fmt.Errorf("%w for the session: %w", ErrKey, err)
	}
	return key, nil
}

func (p *Profile) openSession(ctx context.Context, ask Passphrase) (keys.Signer, error) {
	if p.Session != AutoSession {
		return p.openKey(p.Session, ask)
	}
	data, err := p.Data()
	if err != nil {
		return nil, err
	}
	payer, err := p.PayerAddress()
	if err != nil {
		return nil, err
	}
	return agent.Wallet{Dir: filepath.Join(data, sessionFolder), Passphrase: ask}.SessionKey(ctx, payer)
}
