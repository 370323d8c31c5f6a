package userpool

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// SigningCertificate returns the certificate that identity providers check a
// pool's requests by: X.509, DER encoded, of the key that signs ID tokens now.
// Errors: ResourceNotFoundException.
func (p *Pools) SigningCertificate(ctx context.Context, id string) ([]byte, error) {
	if _, err := p.Pool(ctx, id); err != nil {
		return nil, err
	}
	key, err := p.ring.Signer(ctx, id, keys.UseID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, poolNotFound(id) // deleted meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("signing certificate: %w", err)
	}
	return key.Certificate()
}
