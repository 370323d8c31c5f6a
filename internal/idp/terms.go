package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateTerms gives a client terms of use or a privacy policy.
func (s *Service) CreateTerms(ctx context.Context, in *idpapi.CreateTermsInput) (*idpapi.CreateTermsOutput, error) {
	made, err := s.pools.CreateTerms(ctx, userpool.Terms{
		PoolID: in.UserPoolId, ClientID: in.ClientId, Name: in.TermsName,
		Source: string(in.TermsSource), Enforcement: string(in.Enforcement), Links: in.Links,
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateTermsOutput{Terms: describeTerms(made)}, nil
}

// UpdateTerms changes terms: what the call leaves out stays.
func (s *Service) UpdateTerms(ctx context.Context, in *idpapi.UpdateTermsInput) (*idpapi.UpdateTermsOutput, error) {
	changed, err := s.pools.UpdateTerms(ctx, userpool.Terms{
		PoolID: in.UserPoolId, ID: in.TermsId, Name: in.TermsName,
		Source: string(in.TermsSource), Enforcement: string(in.Enforcement), Links: in.Links,
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateTermsOutput{Terms: describeTerms(changed)}, nil
}

// DeleteTerms takes terms away.
func (s *Service) DeleteTerms(ctx context.Context, in *idpapi.DeleteTermsInput) (*idpapi.DeleteTermsOutput, error) {
	if err := s.pools.DeleteTerms(ctx, in.UserPoolId, in.TermsId); err != nil {
		return nil, err
	}
	return &idpapi.DeleteTermsOutput{}, nil
}

// DescribeTerms shows terms.
func (s *Service) DescribeTerms(ctx context.Context, in *idpapi.DescribeTermsInput) (*idpapi.DescribeTermsOutput, error) {
	terms, err := s.pools.Terms(ctx, in.UserPoolId, in.TermsId)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeTermsOutput{Terms: describeTerms(terms)}, nil
}

// DescribeTermsByClient shows the terms of a client that have a name.
func (s *Service) DescribeTermsByClient(ctx context.Context, in *idpapi.DescribeTermsByClientInput) (*idpapi.DescribeTermsByClientOutput, error) {
	terms, err := s.pools.TermsOf(ctx, in.UserPoolId, in.ClientId, in.TermsName)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeTermsByClientOutput{Terms: describeTerms(terms)}, nil
}

// ListTerms lists the terms of a pool, page by page.
func (s *Service) ListTerms(ctx context.Context, in *idpapi.ListTermsInput) (*idpapi.ListTermsOutput, error) {
	all, next, err := s.pools.ListTerms(ctx, in.UserPoolId, in.NextToken, pageSize(in.MaxResults, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListTermsOutput{Terms: []idpapi.TermsDescriptionType{}, NextToken: next}
	for _, t := range all {
		out.Terms = append(out.Terms, idpapi.TermsDescriptionType{
			TermsId: t.ID, TermsName: t.Name, Enforcement: idpapi.TermsEnforcementType(t.Enforcement),
			CreationDate: apimodel.Time{Time: t.CreatedAt}, LastModifiedDate: apimodel.Time{Time: t.ModifiedAt},
		})
	}
	return out, nil
}

// describeTerms is the API's form of terms.
func describeTerms(t *userpool.Terms) *idpapi.TermsType {
	return &idpapi.TermsType{
		TermsId: t.ID, UserPoolId: t.PoolID, ClientId: t.ClientID, TermsName: t.Name,
		TermsSource: idpapi.TermsSourceType(t.Source), Enforcement: idpapi.TermsEnforcementType(t.Enforcement), Links: t.Links,
		CreationDate: apimodel.Time{Time: t.CreatedAt}, LastModifiedDate: apimodel.Time{Time: t.ModifiedAt},
	}
}
