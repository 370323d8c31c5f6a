package idp

import (
	"context"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

var errClientOrSecret = fault.New(fault.NotAuthorized, "Invalid client or secret")

// nobodyClient stands in for clients that do not exist.
var nobodyClient = new(userpool.Client)

// GetClientToken gives a client an access token of its own, as the OAuth grant
// client_credentials does. Only the secret counts; who sends the request is not
// looked at. A client that does not exist answers as a wrong secret does.
func (s *Service) GetClientToken(ctx context.Context, in *idpapi.GetClientTokenInput) (*idpapi.GetClientTokenOutput, error) {
	pool, client, err := s.pools.Client(ctx, in.ClientId)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		client = nobodyClient
	} else if err != nil {
		return nil, err
	}
	if !client.VerifySecret(in.Secret) {
		return nil, errClientOrSecret
	}
	if !client.AllowsFlow("CLIENT_TOKEN_AUTH") {
		return nil, fault.New(fault.InvalidParameter, "CLIENT_TOKEN_AUTH flow not enabled for this client")
	}
	t, err := s.tokens.IssueClient(ctx, token.ClientGrant{Pool: pool, Client: client, Scopes: in.Scopes, Metadata: in.ClientMetadata})
	if err != nil {
		return nil, err
	}
	return &idpapi.GetClientTokenOutput{ClientAuthenticationResult: &idpapi.ClientAuthenticationResultType{
		AccessToken: t.AccessToken, ExpiresIn: new(int32(t.ExpiresIn / time.Second)), TokenType: "Bearer",
	}}, nil
}
