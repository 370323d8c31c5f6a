package userpool

import (
	"cmp"
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/store"
)

// UpdateClient replaces the settings of a client: whatever is left out goes back
// to its default, but the name stays. The secrets are not settings. Errors:
// ResourceNotFoundException, InvalidParameterException,
// InvalidOAuthFlowException, ScopeDoesNotExistException.
func (p *Pools) UpdateClient(ctx context.Context, poolID, clientID, name string, s ClientSettings) (*Client, error) {
	return p.changeClient(ctx, poolID, clientID, func(tx *store.Tx, pool *Pool, row *store.UserPoolClient, doc *clientDoc) error {
		config := s.config()
		config.ClientType = doc.ClientType
		doc.ClientConfig = config
		row.Name = cmp.Or(name, row.Name)
		return doc.check(tx, pool, len(doc.Secrets) > 0)
	})
}

// DeleteClient removes a client, or returns ResourceNotFoundException.
func (p *Pools) DeleteClient(ctx context.Context, poolID, clientID string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, poolID); err != nil {
			return err
		}
		err := tx.DeleteUserPoolClient(poolID, clientID)
		if errors.Is(err, store.ErrNotFound) {
			return clientNotFound(clientID)
		}
		return err
	})
}

// changeClient reads a client, lets change change it, and writes it back, in one
// transaction.
func (p *Pools) changeClient(ctx context.Context, poolID, clientID string,
	change func(*store.Tx, *Pool, *store.UserPoolClient, *clientDoc) error) (*Client, error) {
	var row *store.UserPoolClient
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		row, err = tx.UserPoolClient(clientID)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.PoolID != poolID {
			return clientNotFound(clientID)
		}
		if err != nil {
			return err
		}
		doc, err := readClientDoc(row)
		if err != nil {
			return err
		}
		if err := change(tx, pool, row, doc); err != nil {
			return err
		}
		row.ModifiedAt = tx.Now()
		if row.Doc, err = doc.encode(); err != nil {
			return err
		}
		return tx.UpdateUserPoolClient(row)
	})
	if err != nil {
		return nil, err
	}
	return p.readClient(row)
}
