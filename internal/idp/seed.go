package idp

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// SeedUserPool makes a pool with a wanted id, unless it is there already. No
// API operation can choose an id; the configuration of a server can.
func (s *Service) SeedUserPool(ctx context.Context, id string, in *idpapi.CreateUserPoolInput) error {
	settings, err := convert[userpool.PoolSettings](in)
	if err != nil {
		return err
	}
	_, err = s.pools.Create(ctx, userpool.NewPool{ID: id, Name: in.PoolName, Settings: settings})
	if errors.Is(err, userpool.ErrIDTaken) {
		return nil
	}
	return err
}

// SeedUserPoolDomain gives a pool a domain of this prefix, with the pages of managed
// login, unless it has that already.
func (s *Service) SeedUserPoolDomain(ctx context.Context, poolID, prefix string) error {
	if d, err := s.pools.Domain(ctx, prefix); err == nil && d.PoolID == poolID {
		return nil
	}
	_, err := s.CreateUserPoolDomain(ctx, &idpapi.CreateUserPoolDomainInput{
		UserPoolId: poolID, Domain: prefix, ManagedLoginVersion: new(int32(2))})
	return err
}

// SeedUserPoolClient makes an app client with a wanted id, unless it is there
// already.
func (s *Service) SeedUserPoolClient(ctx context.Context, id string, in *idpapi.CreateUserPoolClientInput) error {
	settings, err := convert[userpool.ClientSettings](in)
	if err != nil {
		return err
	}
	_, err = s.pools.CreateClient(ctx, userpool.NewClient{
		ID: id, PoolID: in.UserPoolId, Name: in.ClientName, Secret: in.ClientSecret,
		GenerateSecret: in.GenerateSecret != nil && *in.GenerateSecret, Settings: settings,
	})
	if errors.Is(err, userpool.ErrIDTaken) {
		return nil
	}
	return err
}

// SeedUser makes a confirmed user with a password, or without one a user whom an
// administrator must give one, unless the name is taken already. A password that
// the pool refuses leaves no user, who would pass for seeded at the next start.
func (s *Service) SeedUser(ctx context.Context, in *idpapi.AdminCreateUserInput, password string) error {
	in.MessageAction = idpapi.MessageActionTypeSuppress
	in.TemporaryPassword = password // so that it is checked before the user exists
	_, err := s.AdminCreateUser(ctx, in)
	if fault.CodeOf(err) == fault.UsernameExists {
		return nil
	}
	if err != nil || password == "" {
		return err
	}
	_, err = s.AdminSetUserPassword(ctx, &idpapi.AdminSetUserPasswordInput{
		UserPoolId: in.UserPoolId, Username: in.Username, Password: password, Permanent: new(true),
	})
	return err
}
