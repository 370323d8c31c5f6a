package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CreateGroup makes a group.
func (s *Service) CreateGroup(ctx context.Context, in *idpapi.CreateGroupInput) (*idpapi.CreateGroupOutput, error) {
	group, err := s.pools.CreateGroup(ctx, in.UserPoolId, in.GroupName, userpool.GroupSettings{
		Description: &in.Description, RoleARN: in.RoleArn, Precedence: in.Precedence,
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateGroupOutput{Group: new(groupType(group))}, nil
}

// GetGroup shows a group.
func (s *Service) GetGroup(ctx context.Context, in *idpapi.GetGroupInput) (*idpapi.GetGroupOutput, error) {
	group, err := s.pools.Group(ctx, in.UserPoolId, in.GroupName)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetGroupOutput{Group: new(groupType(group))}, nil
}

// UpdateGroup changes what the request says of a group.
func (s *Service) UpdateGroup(ctx context.Context, in *idpapi.UpdateGroupInput) (*idpapi.UpdateGroupOutput, error) {
	group, err := s.pools.UpdateGroup(ctx, in.UserPoolId, in.GroupName, userpool.GroupSettings{
		Description: in.Description, RoleARN: in.RoleArn, Precedence: in.Precedence,
	})
	if err != nil {
		return nil, err
	}
	return &idpapi.UpdateGroupOutput{Group: new(groupType(group))}, nil
}

// DeleteGroup removes a group, members or not.
func (s *Service) DeleteGroup(ctx context.Context, in *idpapi.DeleteGroupInput) (*idpapi.DeleteGroupOutput, error) {
	if err := s.pools.DeleteGroup(ctx, in.UserPoolId, in.GroupName); err != nil {
		return nil, err
	}
	return &idpapi.DeleteGroupOutput{}, nil
}

// ListGroups lists the groups of a pool, page by page.
func (s *Service) ListGroups(ctx context.Context, in *idpapi.ListGroupsInput) (*idpapi.ListGroupsOutput, error) {
	groups, next, err := s.pools.ListGroups(ctx, in.UserPoolId, in.NextToken, pageSize(in.Limit, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	return &idpapi.ListGroupsOutput{Groups: groupTypes(groups), NextToken: next}, nil
}

// groupType is the API's form of a group.
func groupType(group *store.Group) idpapi.GroupType {
	return idpapi.GroupType{
		GroupName: group.Name, UserPoolId: group.PoolID, Description: group.Description,
		RoleArn: group.RoleARN, Precedence: group.Precedence,
		CreationDate:     apimodel.Time{Time: group.CreatedAt},
		LastModifiedDate: apimodel.Time{Time: group.ModifiedAt},
	}
}

func groupTypes(groups []*store.Group) []idpapi.GroupType {
	types := make([]idpapi.GroupType, len(groups))
	for i, group := range groups {
		types[i] = groupType(group)
	}
	return types
}
