package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// AddUserPoolClientSecret gives a client a second secret. The answer holds the
// value only if it was generated.
func (s *Service) AddUserPoolClientSecret(ctx context.Context, in *idpapi.AddUserPoolClientSecretInput) (*idpapi.AddUserPoolClientSecretOutput, error) {
	info, secret, err := s.pools.AddSecret(ctx, in.UserPoolId, in.ClientId, in.ClientSecret)
	if err != nil {
		return nil, err
	}
	descriptor := describeSecret(info)
	if in.ClientSecret == "" {
		descriptor.ClientSecretValue = secret
	}
	return &idpapi.AddUserPoolClientSecretOutput{ClientSecretDescriptor: &descriptor}, nil
}

// ListUserPoolClientSecrets lists a client's secrets without their values. They
// fit on one page, so no token is ever valid.
func (s *Service) ListUserPoolClientSecrets(ctx context.Context, in *idpapi.ListUserPoolClientSecretsInput) (*idpapi.ListUserPoolClientSecretsOutput, error) {
	_, client, err := s.pools.PoolClient(ctx, in.UserPoolId, in.ClientId)
	if err != nil {
		return nil, err
	}
	if in.NextToken != "" {
		return nil, userpool.ErrPageToken
	}
	out := &idpapi.ListUserPoolClientSecretsOutput{ClientSecrets: []idpapi.ClientSecretDescriptorType{}}
	for _, info := range client.Secrets() {
		out.ClientSecrets = append(out.ClientSecrets, describeSecret(info))
	}
	return out, nil
}

// DeleteUserPoolClientSecret takes one of two secrets from a client.
func (s *Service) DeleteUserPoolClientSecret(ctx context.Context, in *idpapi.DeleteUserPoolClientSecretInput) (*idpapi.DeleteUserPoolClientSecretOutput, error) {
	if err := s.pools.DeleteSecret(ctx, in.UserPoolId, in.ClientId, in.ClientSecretId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserPoolClientSecretOutput{}, nil
}

func describeSecret(info userpool.SecretInfo) idpapi.ClientSecretDescriptorType {
	return idpapi.ClientSecretDescriptorType{
		ClientSecretId: info.ID, ClientSecretCreateDate: apimodel.Time{Time: info.CreatedAt},
	}
}
