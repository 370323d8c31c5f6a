package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// AdminAddUserToGroup puts a user into a group.
func (s *Service) AdminAddUserToGroup(ctx context.Context, in *idpapi.AdminAddUserToGroupInput) (*idpapi.AdminAddUserToGroupOutput, error) {
	if err := s.pools.AddToGroup(ctx, in.UserPoolId, in.GroupName, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminAddUserToGroupOutput{}, nil
}

// AdminRemoveUserFromGroup takes a user out of a group.
func (s *Service) AdminRemoveUserFromGroup(ctx context.Context, in *idpapi.AdminRemoveUserFromGroupInput) (*idpapi.AdminRemoveUserFromGroupOutput, error) {
	if err := s.pools.RemoveFromGroup(ctx, in.UserPoolId, in.GroupName, in.Username); err != nil {
		return nil, err
	}
	return &idpapi.AdminRemoveUserFromGroupOutput{}, nil
}

// AdminListGroupsForUser lists the groups of a user, page by page.
func (s *Service) AdminListGroupsForUser(ctx context.Context, in *idpapi.AdminListGroupsForUserInput) (*idpapi.AdminListGroupsForUserOutput, error) {
	groups, next, err := s.pools.GroupsOf(ctx, in.UserPoolId, in.Username, in.NextToken, pageSize(in.Limit, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminListGroupsForUserOutput{Groups: groupTypes(groups), NextToken: next}, nil
}

// ListUsersInGroup lists the users of a group, page by page.
func (s *Service) ListUsersInGroup(ctx context.Context, in *idpapi.ListUsersInGroupInput) (*idpapi.ListUsersInGroupOutput, error) {
	users, next, err := s.pools.UsersIn(ctx, in.UserPoolId, in.GroupName, in.NextToken, pageSize(in.Limit, userpool.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListUsersInGroupOutput{Users: make([]idpapi.UserType, len(users)), NextToken: next}
	for i, user := range users {
		out.Users[i] = userType(user, everything)
	}
	return out, nil
}
