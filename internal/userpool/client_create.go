package userpool

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// NewClient is an app client to be created.
type NewClient struct {
	// ID is the wanted id, for deployments that start with known clients; empty
	// means a random one. No API operation sets it.
	ID     string
	PoolID string
	Name   string

	// Secret is the client's secret if the caller chose one. GenerateSecret asks
	// for a random one.
	Secret         string
	GenerateSecret bool

	Settings ClientSettings

	OAuth *OAuthExtensions // nil: none
}

// CreateClient makes an app client. Errors: ResourceNotFoundException,
// InvalidParameterException, InvalidOAuthFlowException,
// ScopeDoesNotExistException, LimitExceededException, for wanted ids ErrIDTaken.
func (p *Pools) CreateClient(ctx context.Context, n NewClient) (*Client, error) {
	if n.Secret != "" && n.GenerateSecret {
		return nil, invalid("Only one of ClientSecret and GenerateSecret can be set.")
	}
	if n.GenerateSecret {
		n.Secret = newClientSecret()
	}
	if n.ID != "" {
		return p.insertClient(ctx, n)
	}
	for {
		n.ID = newClientID()
		if client, err := p.insertClient(ctx, n); !errors.Is(err, ErrIDTaken) {
			return client, err
		}
	}
}

func (p *Pools) insertClient(ctx context.Context, n NewClient) (*Client, error) {
	doc := &clientDoc{ClientConfig: n.Settings.config(), SeparateClientConfig: SeparateClientConfig{OAuth: n.OAuth}}
	if n.Secret != "" {
		secret, err := p.newSecret(n.PoolID, n.ID, n.Secret, p.db.Now(), func(string) bool { return false })
		if err != nil {
			return nil, err
		}
		doc.Secrets = []ClientSecret{secret}
	}
	text, err := doc.encode()
	if err != nil {
		return nil, err
	}
	row := &store.UserPoolClient{PoolID: n.PoolID, ID: n.ID, Name: n.Name, Doc: text}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, n.PoolID)
		if err != nil {
			return err
		}
		if err := doc.check(tx, pool, n.Secret != ""); err != nil {
			return err
		}
		count, err := tx.CountUserPoolClients(n.PoolID)
		if err != nil {
			return err
		}
		if count >= p.limits.ClientsPerPool {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of user pool clients, %d, is reached.", p.limits.ClientsPerPool)
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		return tx.InsertUserPoolClient(row)
	})
	if errors.Is(err, store.ErrExists) {
		return nil, fmt.Errorf("user pool client: %w", ErrIDTaken)
	}
	if err != nil {
		return nil, err
	}
	return p.readClient(row)
}
