package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// ResourceServer is an API with scopes of its own. Its JSON is that of the
// Cognito API.
type ResourceServer struct {
	PoolID     string  `json:"UserPoolId"`
	Identifier string  `json:"Identifier"`
	Name       string  `json:"Name"`
	Scopes     []Scope `json:"Scopes,omitzero"`
}

// Scope is one of a resource server's. Clients and tokens call it by the
// server's identifier, a slash and its name, which has none itself.
type Scope struct {
	Name        string `json:"ScopeName"`
	Description string `json:"ScopeDescription"`
}

// MaxResourceServerPage is the most resource servers that a page has.
const MaxResourceServerPage = 50

func resourceServerNotFound(identifier string) error {
	return fault.Errorf(fault.ResourceNotFound, "Resource server %s does not exist.", identifier)
}

// CreateResourceServer adds a resource server to a pool. Errors:
// ResourceNotFoundException, InvalidParameterException, LimitExceededException.
func (p *Pools) CreateResourceServer(ctx context.Context, s ResourceServer) error {
	// Scopes such as aws.cognito/dcr/register have a meaning of their own.
	if s.Identifier == "aws.cognito" || strings.HasPrefix(s.Identifier, "aws.cognito/") {
		return invalid("The identifier %s is reserved.", s.Identifier)
	}
	row, err := s.row()
	if err != nil {
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, s.PoolID); err != nil {
			return err
		}
		count, err := tx.CountResourceServers(s.PoolID)
		if err != nil {
			return err
		}
		if most := p.limits.ResourceServersPerPool; count >= most {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of resource servers, %d, is reached.", most)
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		err = tx.InsertResourceServer(row)
		if errors.Is(err, store.ErrExists) {
			return invalid("%s already exists in user pool %s.", s.Identifier, s.PoolID)
		}
		return err
	})
}

// ResourceServer returns a resource server of a pool, or
// ResourceNotFoundException.
func (p *Pools) ResourceServer(ctx context.Context, poolID, identifier string) (*ResourceServer, error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var row *store.ResourceServer
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.ResourceServer(poolID, identifier)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, resourceServerNotFound(identifier)
	}
	if err != nil {
		return nil, fmt.Errorf("load resource server: %w", err)
	}
	return readResourceServer(row)
}

// UpdateResourceServer replaces the name and the scopes of a resource server. A
// scope that goes stays in the lists of clients, where it is worth nothing.
// Errors: ResourceNotFoundException, InvalidParameterException.
func (p *Pools) UpdateResourceServer(ctx context.Context, s ResourceServer) error {
	row, err := s.row()
	if err != nil {
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, s.PoolID); err != nil {
			return err
		}
		row.ModifiedAt = tx.Now()
		err := tx.UpdateResourceServer(row)
		if errors.Is(err, store.ErrNotFound) {
			return resourceServerNotFound(s.Identifier)
		}
		return err
	})
}

// DeleteResourceServer removes a resource server with its scopes, or returns
// ResourceNotFoundException.
func (p *Pools) DeleteResourceServer(ctx context.Context, poolID, identifier string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, poolID); err != nil {
			return err
		}
		err := tx.DeleteResourceServer(poolID, identifier)
		if errors.Is(err, store.ErrNotFound) {
			return resourceServerNotFound(identifier)
		}
		return err
	})
}

// ListResourceServers returns up to limit resource servers of a pool, in the
// order of their identifiers, as List does. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) ListResourceServers(ctx context.Context, poolID, token string, limit int) (servers []*ResourceServer, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	list := "resource servers " + poolID
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.ResourceServer
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListResourceServers(poolID, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list resource servers: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken(list, rows[limit-1].Identifier)
	}
	for _, row := range rows {
		s, err := readResourceServer(row)
		if err != nil {
			return nil, "", err
		}
		servers = append(servers, s)
	}
	return servers, next, nil
}

// hasScope says whether a scope such as https://api.example.com/read is one of a
// resource server of the pool.
func hasScope(tx *store.Tx, poolID, scope string) (bool, error) {
	if scope == ScopeRegister {
		return true, nil
	}
	found, err := findScope(tx, poolID, scope)
	return found != nil, err
}

// findScope is a scope of a resource server of the pool, nil if there is none.
func findScope(tx *store.Tx, poolID, scope string) (*Scope, error) {
	slash := strings.LastIndexByte(scope, '/')
	if slash < 0 {
		return nil, nil
	}
	row, err := tx.ResourceServer(poolID, scope[:slash])
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := readResourceServer(row)
	if err != nil {
		return nil, err
	}
	for i := range s.Scopes {
		if s.Scopes[i].Name == scope[slash+1:] {
			return &s.Scopes[i], nil
		}
	}
	return nil, nil
}

// ScopeDescription is what administrators wrote about a scope of a resource server
// of the pool, "" if there is no such scope.
func (p *Pools) ScopeDescription(ctx context.Context, poolID, scope string) (string, error) {
	var found *Scope
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		found, err = findScope(tx, poolID, scope)
		return err
	})
	if err != nil || found == nil {
		return "", err
	}
	return found.Description, nil
}

// row is the resource server as the store keeps it. A scope that is named twice
// is InvalidParameterException.
func (s *ResourceServer) row() (*store.ResourceServer, error) {
	names := map[string]bool{}
	for _, scope := range s.Scopes {
		if names[scope.Name] {
			return nil, invalid("The scope %s is there twice.", scope.Name)
		}
		names[scope.Name] = true
	}
	scopes, err := json.Marshal(s.Scopes)
	if err != nil {
		return nil, fmt.Errorf("scopes of resource server %s: %w", s.Identifier, err)
	}
	return &store.ResourceServer{PoolID: s.PoolID, Identifier: s.Identifier, Name: s.Name, Scopes: string(scopes)}, nil
}

func readResourceServer(row *store.ResourceServer) (*ResourceServer, error) {
	s := &ResourceServer{PoolID: row.PoolID, Identifier: row.Identifier, Name: row.Name}
	if err := json.Unmarshal([]byte(row.Scopes), &s.Scopes); err != nil {
		return nil, fmt.Errorf("scopes of resource server %s: %w", row.Identifier, err)
	}
	return s, nil
}
