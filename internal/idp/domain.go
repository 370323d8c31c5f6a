package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateUserPoolDomain gives a pool a domain.
func (s *Service) CreateUserPoolDomain(ctx context.Context, in *idpapi.CreateUserPoolDomainInput) (*idpapi.CreateUserPoolDomainOutput, error) {
	settings, err := convert[userpool.DomainSettings](in)
	if err != nil {
		return nil, err
	}
	d, err := s.pools.CreateDomain(ctx, in.UserPoolId, in.Domain, settings)
	if err != nil {
		return nil, err
	}
	out := &idpapi.CreateUserPoolDomainOutput{ManagedLoginVersion: new(int32(d.ManagedLoginVersion)), CloudFrontDomain: s.cloudFrontDomain(d)}
	out.Routing, err = convert[*idpapi.RoutingType](d.Routing)
	return out, err
}

// DescribeUserPoolDomain shows a domain; nothing, if there is none.
func (s *Service) DescribeUserPoolDomain(ctx context.Context, in *idpapi.DescribeUserPoolDomainInput) (*idpapi.DescribeUserPoolDomainOutput, error) {
	d, err := s.pools.Domain(ctx, in.Domain)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return &idpapi.DescribeUserPoolDomainOutput{DomainDescription: &idpapi.DomainDescriptionType{}}, nil
	}
	if err != nil {
		return nil, err
	}
	described, err := convert[*idpapi.DomainDescriptionType](d.DomainConfig)
	if err != nil {
		return nil, err
	}
	described.UserPoolId = d.PoolID
	described.AWSAccountId = s.pools.AccountID()
	described.Domain = d.Name
	described.S3Bucket = "aws-cognito-prod-" + d.Region() + "-assets"
	described.CloudFrontDistribution = s.pools.Distribution(d.Name)
	described.Version = d.Version()
	described.Status = idpapi.DomainStatusTypeActive
	if described.CustomDomainConfig == nil {
		described.CustomDomainConfig = &idpapi.CustomDomainConfigType{}
	}
	return &idpapi.DescribeUserPoolDomainOutput{DomainDescription: described}, nil
}

// UpdateUserPoolDomain changes what the request says of a domain.
func (s *Service) UpdateUserPoolDomain(ctx context.Context, in *idpapi.UpdateUserPoolDomainInput) (*idpapi.UpdateUserPoolDomainOutput, error) {
	settings, err := convert[userpool.DomainSettings](in)
	if err != nil {
		return nil, err
	}
	d, err := s.pools.UpdateDomain(ctx, in.UserPoolId, in.Domain, settings)
	if err != nil {
		return nil, err
	}
	out := &idpapi.UpdateUserPoolDomainOutput{ManagedLoginVersion: new(int32(d.ManagedLoginVersion)), CloudFrontDomain: s.cloudFrontDomain(d)}
	out.Routing, err = convert[*idpapi.RoutingType](d.Routing)
	return out, err
}

// DeleteUserPoolDomain takes a domain from its pool.
func (s *Service) DeleteUserPoolDomain(ctx context.Context, in *idpapi.DeleteUserPoolDomainInput) (*idpapi.DeleteUserPoolDomainOutput, error) {
	if err := s.pools.DeleteDomain(ctx, in.UserPoolId, in.Domain); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserPoolDomainOutput{}, nil
}

// cloudFrontDomain is what a custom domain should be an alias of; a prefix needs
// none.
func (s *Service) cloudFrontDomain(d *userpool.Domain) string {
	if !d.Custom() {
		return ""
	}
	return s.pools.Distribution(d.Name)
}
