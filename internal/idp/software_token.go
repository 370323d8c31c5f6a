package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
)

// AssociateSoftwareToken hands out the secret of a new authenticator app: to the
// user of an access token, or to one whose sign-in is at MFA_SETUP.
func (s *Service) AssociateSoftwareToken(ctx context.Context, in *idpapi.AssociateSoftwareTokenInput) (*idpapi.AssociateSoftwareTokenOutput, error) {
	if in.AccessToken == "" {
		setUp, err := s.setUp(ctx, in.Session)
		if err != nil {
			return nil, err
		}
		secret, session, err := s.signin.AssociateToken(ctx, setUp)
		if err != nil {
			return nil, err
		}
		return &idpapi.AssociateSoftwareTokenOutput{SecretCode: secret, Session: session}, nil
	}
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	secret, err := s.users.AssociateToken(ctx, access.Pool, access.User.Sub)
	if err != nil {
		return nil, err
	}
	return &idpapi.AssociateSoftwareTokenOutput{SecretCode: secret}, nil
}

// VerifySoftwareToken makes that app the user's with its first code.
func (s *Service) VerifySoftwareToken(ctx context.Context, in *idpapi.VerifySoftwareTokenInput) (*idpapi.VerifySoftwareTokenOutput, error) {
	out := &idpapi.VerifySoftwareTokenOutput{Status: idpapi.VerifySoftwareTokenResponseTypeSuccess}
	if in.AccessToken == "" {
		setUp, err := s.setUp(ctx, in.Session)
		if err != nil {
			return nil, err
		}
		if out.Session, err = s.signin.VerifyToken(ctx, setUp, in.UserCode, in.FriendlyDeviceName); err != nil {
			return nil, err
		}
		return out, nil
	}
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.VerifyToken(ctx, access.Pool, access.User.Sub, in.UserCode, in.FriendlyDeviceName); err != nil {
		return nil, err
	}
	return out, nil
}

// setUp finds the pool and the client of a session that comes alone.
func (s *Service) setUp(ctx context.Context, session string) (signin.SetUp, error) {
	if session == "" {
		return signin.SetUp{}, fault.New(fault.InvalidParameter, "Either AccessToken or Session is required.")
	}
	poolID, clientID, err := s.signin.SessionOwner(session)
	if err != nil {
		return signin.SetUp{}, err
	}
	pool, client, err := s.pools.PoolClient(ctx, poolID, clientID)
	if err != nil {
		return signin.SetUp{}, err
	}
	return signin.SetUp{Pool: pool, Client: client, Session: session}, nil
}

// AdminDeleteSoftwareToken takes a user's authenticator app away.
func (s *Service) AdminDeleteSoftwareToken(ctx context.Context, in *idpapi.AdminDeleteSoftwareTokenInput) (*idpapi.AdminDeleteSoftwareTokenOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.DeleteToken(ctx, pool, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminDeleteSoftwareTokenOutput{}, nil
}
