package idp

import (
	"context"
	"slices"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// ListUsers lists a page of users, of all or of those that a filter lets pass.
// Unlike Cognito it also filters by custom attributes, and a user who lacks one
// of the AttributesToGet is no error.
func (s *Service) ListUsers(ctx context.Context, in *idpapi.ListUsersInput) (*idpapi.ListUsersOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	users, next, err := s.users.List(ctx, pool, userpool.UserPage{
		Filter: in.Filter, Limit: pageSize(in.Limit, userpool.MaxPage), Token: in.PaginationToken,
	})
	if err != nil {
		return nil, err
	}
	show := everything
	if len(in.AttributesToGet) > 0 {
		show = func(name string) bool { return slices.Contains(in.AttributesToGet, name) }
	}
	out := &idpapi.ListUsersOutput{Users: make([]idpapi.UserType, len(users)), PaginationToken: next}
	for i, user := range users {
		out.Users[i] = userType(user, show)
	}
	return out, nil
}

// userType is the API's form of a user with the attributes that show lets be
// seen.
func userType(user *store.User, show func(name string) bool) idpapi.UserType {
	return idpapi.UserType{
		Username: user.Username, Attributes: attributesOf(user, show),
		UserCreateDate: apimodel.Time{Time: user.CreatedAt}, UserLastModifiedDate: apimodel.Time{Time: user.ModifiedAt},
		Enabled: new(user.Enabled), UserStatus: idpapi.UserStatusType(user.Status), MFAOptions: mfaOptionsOf(user),
	}
}
