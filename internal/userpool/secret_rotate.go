package userpool

import (
	"context"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// maxSecrets is how many secrets of a client work at the same time.
const maxSecrets = 2

// Cognito's text is not known.
var errRegisteredSecret = fault.New(fault.InvalidParameter, "The secrets of clients that were registered dynamically cannot be changed.")

// SecretInfo tells of a client's secret, but not the secret.
type SecretInfo struct {
	ID        string
	CreatedAt time.Time
}

// Secrets are the client's secrets, oldest first.
func (c *Client) Secrets() []SecretInfo {
	var infos []SecretInfo
	for _, s := range c.secrets {
		infos = append(infos, SecretInfo{s.id, s.createdAt})
	}
	return infos
}

// AddSecret gives a client a second secret: value, or a random one if value is
// empty, which it returns. Errors: ResourceNotFoundException;
// InvalidParameterException for a client without a secret, which stays public;
// LimitExceededException.
func (p *Pools) AddSecret(ctx context.Context, poolID, clientID, value string) (info SecretInfo, secret string, err error) {
	secret = value
	if secret == "" {
		secret = newClientSecret()
	}
	_, err = p.changeClient(ctx, poolID, clientID, func(tx *store.Tx, _ *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
		switch {
		case doc.ClientType == clientDCR:
			return errRegisteredSecret
		case len(doc.Secrets) == 0:
			return invalid("Client %s is not configured for secret.", clientID)
		case len(doc.Secrets) >= maxSecrets:
			return fault.Errorf(fault.LimitExceeded, "Client %s can not have more than %d secrets.", clientID, maxSecrets)
		}
		taken := func(id string) bool {
			return slices.ContainsFunc(doc.Secrets, func(s ClientSecret) bool { return s.ID == id })
		}
		added, err := p.newSecret(poolID, clientID, secret, tx.Now(), taken)
		if err != nil {
			return err
		}
		doc.Secrets = append(doc.Secrets, added)
		info = SecretInfo{added.ID, tx.Now()}
		return nil
	})
	return info, secret, err
}

// DeleteSecret takes one of two secrets from a client. Errors:
// ResourceNotFoundException; InvalidParameterException for the only one.
func (p *Pools) DeleteSecret(ctx context.Context, poolID, clientID, secretID string) error {
	_, err := p.changeClient(ctx, poolID, clientID, func(_ *store.Tx, _ *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
		i := slices.IndexFunc(doc.Secrets, func(s ClientSecret) bool { return s.ID == secretID })
		switch {
		case i < 0:
			return fault.Errorf(fault.ResourceNotFound, "Client secret %s does not exist.", secretID)
		case len(doc.Secrets) == 1:
			return invalid("The last secret of client %s can not be deleted.", clientID)
		}
		doc.Secrets = slices.Delete(doc.Secrets, i, i+1)
		return nil
	})
	return err
}
