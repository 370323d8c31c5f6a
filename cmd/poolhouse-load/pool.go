package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// deleteWithin is how long an interrupted run tries to delete its pool.
const deleteWithin = 30 * time.Second

// openPool is the pool that the options name, or with --create a new one. remove
// deletes what openPool made.
func openPool(ctx context.Context, o *options) (p *pool, remove func() error, err error) {
	p = &pool{api: newAPI(o), id: o.UserPoolID, clientID: o.ClientID, clientSecret: o.ClientSecret, password: o.Password}
	if !o.Create {
		return p, func() error { return nil }, nil
	}
	if err := p.create(ctx); err != nil {
		return nil, nil, err
	}
	remove = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteWithin)
		defer cancel()
		return p.delete(ctx)
	}
	if err := p.createClient(ctx); err != nil {
		if removeErr := remove(); removeErr != nil {
			err = fmt.Errorf("%w (and the pool made is left: %w)", err, removeErr)
		}
		return nil, nil, err
	}
	return p, remove, nil
}

func (p *pool) create(ctx context.Context) error {
	var made struct {
		UserPool struct {
			ID string `json:"Id"`
		}
	}
	in := struct{ PoolName string }{"poolhouse-load"}
	if err := p.persist(ctx, "CreateUserPool", in, &made); err != nil {
		return fmt.Errorf("make a pool: %w", err)
	}
	if !poolIDForm.MatchString(made.UserPool.ID) {
		return fmt.Errorf("make a pool: the server named it %q", clip(made.UserPool.ID, maxErrorText))
	}
	p.id = made.UserPool.ID
	return nil
}

func (p *pool) createClient(ctx context.Context) error {
	var made struct {
		UserPoolClient struct {
			ClientID string `json:"ClientId"`
		}
	}
	in := struct {
		UserPoolID        string `json:"UserPoolId"`
		ClientName        string
		ExplicitAuthFlows []string
	}{p.id, "poolhouse-load", strings.Fields("ALLOW_USER_SRP_AUTH ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH")}
	if err := p.persist(ctx, "CreateUserPoolClient", in, &made); err != nil {
		return fmt.Errorf("make an app client: %w", err)
	}
	p.clientID = made.UserPoolClient.ClientID
	return nil
}

// delete deletes the pool with all that is in it.
func (p *pool) delete(ctx context.Context) error {
	in := struct {
		UserPoolID string `json:"UserPoolId"`
	}{p.id}
	if err := p.persist(ctx, "DeleteUserPool", in, nil); err != nil {
		return fmt.Errorf("delete pool %s: %w", p.id, err)
	}
	return nil
}
