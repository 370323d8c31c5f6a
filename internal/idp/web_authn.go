package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// StartWebAuthnRegistration asks the calling user's browser for a passkey.
func (s *Service) StartWebAuthnRegistration(ctx context.Context, in *idpapi.StartWebAuthnRegistrationInput) (*idpapi.StartWebAuthnRegistrationOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	relyingParty, err := s.relyingParty(ctx, access.Pool)
	if err != nil {
		return nil, err
	}
	options, err := s.users.StartPasskey(ctx, access.Pool, access.Client, access.User, relyingParty)
	if err != nil {
		return nil, err
	}
	return &idpapi.StartWebAuthnRegistrationOutput{CredentialCreationOptions: options}, nil
}

// CompleteWebAuthnRegistration keeps the passkey that the browser made.
func (s *Service) CompleteWebAuthnRegistration(ctx context.Context, in *idpapi.CompleteWebAuthnRegistrationInput) (*idpapi.CompleteWebAuthnRegistrationOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.CompletePasskey(ctx, access.Pool, access.Client, access.User, in.Credential); err != nil {
		return nil, err
	}
	return &idpapi.CompleteWebAuthnRegistrationOutput{}, nil
}

// ListWebAuthnCredentials shows the calling user's passkeys.
func (s *Service) ListWebAuthnCredentials(ctx context.Context, in *idpapi.ListWebAuthnCredentialsInput) (*idpapi.ListWebAuthnCredentialsOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	passkeys, next, err := s.users.Passkeys(ctx, access.Pool, access.User, in.NextToken, pageSize(in.MaxResults, userpool.MaxPasskeyPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListWebAuthnCredentialsOutput{Credentials: []idpapi.WebAuthnCredentialDescription{}, NextToken: next}
	for _, p := range passkeys {
		transports := p.Transports
		if transports == nil {
			transports = []string{}
		}
		out.Credentials = append(out.Credentials, idpapi.WebAuthnCredentialDescription{
			CredentialId: p.ID, FriendlyCredentialName: p.Name, RelyingPartyId: p.RPID, AuthenticatorAttachment: p.Attachment,
			AuthenticatorTransports: transports, CreatedAt: apimodel.Time{Time: p.CreatedAt},
		})
	}
	return out, nil
}

// DeleteWebAuthnCredential removes one of the calling user's passkeys.
func (s *Service) DeleteWebAuthnCredential(ctx context.Context, in *idpapi.DeleteWebAuthnCredentialInput) (*idpapi.DeleteWebAuthnCredentialOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.DeletePasskey(ctx, access.Pool, access.User, in.CredentialId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteWebAuthnCredentialOutput{}, nil
}

// relyingParty is the domain whose passkeys the page that calls may ask for; ""
// in pools without.
func (s *Service) relyingParty(ctx context.Context, pool *userpool.Pool) (string, error) {
	if !pool.SignsInWithPasskeys() {
		return "", nil
	}
	return s.pools.RelyingParty(ctx, pool, awsjson.RequestFrom(ctx).Origin)
}

// relyingPartyOf is relyingParty for a flow that may use it.
func (s *Service) relyingPartyOf(ctx context.Context, pool *userpool.Pool, flow idpapi.AuthFlowType) (string, error) {
	if flow != idpapi.AuthFlowTypeUserAuth {
		return "", nil
	}
	return s.relyingParty(ctx, pool)
}
