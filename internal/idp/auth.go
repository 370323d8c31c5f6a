package idp

import (
	"context"
	"time"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/token"
)

// InitiateAuth begins a sign-in.
func (s *Service) InitiateAuth(ctx context.Context, in *idpapi.InitiateAuthInput) (*idpapi.InitiateAuthOutput, error) {
	pool, client, err := s.pools.Client(ctx, in.ClientId)
	if err != nil {
		return nil, err
	}
	relyingParty, err := s.relyingPartyOf(ctx, pool, in.AuthFlow)
	if err != nil {
		return nil, err
	}
	o, err := s.signin.Start(ctx, signin.Start{
		Pool: pool, Client: client, Flow: string(in.AuthFlow), Parameters: in.AuthParameters, Session: in.Session, RelyingParty: relyingParty,
		ClientMetadata: in.ClientMetadata, Origin: publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.InitiateAuthOutput{
		ChallengeName: idpapi.ChallengeNameType(o.Challenge), ChallengeParameters: o.Parameters, Session: o.Session,
		AuthenticationResult: authenticationResult(o.Tokens), AvailableChallenges: challengeNames(o.Available),
	}, nil
}

// AdminInitiateAuth begins a sign-in for an administrator.
func (s *Service) AdminInitiateAuth(ctx context.Context, in *idpapi.AdminInitiateAuthInput) (*idpapi.AdminInitiateAuthOutput, error) {
	pool, client, err := s.pools.PoolClient(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	relyingParty, err := s.relyingPartyOf(ctx, pool, in.AuthFlow)
	if err != nil {
		return nil, err
	}
	o, err := s.signin.Start(ctx, signin.Start{
		Pool: pool, Client: client, Admin: true, Flow: string(in.AuthFlow), Parameters: in.AuthParameters, Session: in.Session, RelyingParty: relyingParty,
		ClientMetadata: in.ClientMetadata, Origin: adminOrigin(in.ContextData, in.AnalyticsMetadata),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminInitiateAuthOutput{
		ChallengeName: idpapi.ChallengeNameType(o.Challenge), ChallengeParameters: o.Parameters, Session: o.Session,
		AuthenticationResult: authenticationResult(o.Tokens), AvailableChallenges: challengeNames(o.Available),
	}, nil
}

// RespondToAuthChallenge goes on with a sign-in.
func (s *Service) RespondToAuthChallenge(ctx context.Context, in *idpapi.RespondToAuthChallengeInput) (*idpapi.RespondToAuthChallengeOutput, error) {
	pool, client, err := s.pools.Client(ctx, in.ClientId)
	if err != nil {
		return nil, err
	}
	o, err := s.signin.Respond(ctx, signin.Response{
		Pool: pool, Client: client, Challenge: string(in.ChallengeName), Session: in.Session, Responses: in.ChallengeResponses,
		ClientMetadata: in.ClientMetadata, Origin: publicOrigin(ctx, client, in.UserContextData, in.AnalyticsMetadata),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.RespondToAuthChallengeOutput{
		ChallengeName: idpapi.ChallengeNameType(o.Challenge), ChallengeParameters: o.Parameters, Session: o.Session,
		AuthenticationResult: authenticationResult(o.Tokens), AvailableChallenges: challengeNames(o.Available),
	}, nil
}

// AdminRespondToAuthChallenge goes on with a sign-in that AdminInitiateAuth
// began.
func (s *Service) AdminRespondToAuthChallenge(ctx context.Context, in *idpapi.AdminRespondToAuthChallengeInput) (*idpapi.AdminRespondToAuthChallengeOutput, error) {
	pool, client, err := s.pools.PoolClient(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	o, err := s.signin.Respond(ctx, signin.Response{
		Pool: pool, Client: client, Admin: true, Challenge: string(in.ChallengeName), Session: in.Session,
		Responses: in.ChallengeResponses, ClientMetadata: in.ClientMetadata,
		Origin: adminOrigin(in.ContextData, in.AnalyticsMetadata),
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminRespondToAuthChallengeOutput{
		ChallengeName: idpapi.ChallengeNameType(o.Challenge), ChallengeParameters: o.Parameters, Session: o.Session,
		AuthenticationResult: authenticationResult(o.Tokens), AvailableChallenges: challengeNames(o.Available),
	}, nil
}

// challengeNames are names of challenges as the API writes them.
func challengeNames(names []string) []idpapi.ChallengeNameType {
	var list []idpapi.ChallengeNameType
	for _, name := range names {
		list = append(list, idpapi.ChallengeNameType(name))
	}
	return list
}

// authenticationResult is the API's form of tokens, nil for none.
func authenticationResult(t *token.Set) *idpapi.AuthenticationResultType {
	if t == nil {
		return nil
	}
	result := &idpapi.AuthenticationResultType{
		AccessToken: t.AccessToken, IdToken: t.IDToken, RefreshToken: t.RefreshToken,
		TokenType: "Bearer", ExpiresIn: new(int32(t.ExpiresIn / time.Second)),
	}
	if d := t.NewDevice; d != nil {
		result.NewDeviceMetadata = &idpapi.NewDeviceMetadataType{DeviceKey: d.Key, DeviceGroupKey: d.GroupKey}
	}
	return result
}
