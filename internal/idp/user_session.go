package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// ListUserSessions lists the sessions of the user of an access token.
func (s *Service) ListUserSessions(ctx context.Context, in *idpapi.ListUserSessionsInput) (*idpapi.ListUserSessionsOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	sessions, err := s.listSessions(ctx, access.Pool, access.User, access.Claims.OriginJTI, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &idpapi.ListUserSessionsOutput{Sessions: sessions}, nil
}

// AdminListUserSessions lists the sessions of a user.
func (s *Service) AdminListUserSessions(ctx context.Context, in *idpapi.AdminListUserSessionsInput) (*idpapi.AdminListUserSessionsOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	sessions, err := s.listSessions(ctx, pool, user, "", in.NextToken)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminListUserSessionsOutput{Sessions: sessions}, nil
}

// RevokeUserSession ends another session of the user of an access token.
func (s *Service) RevokeUserSession(ctx context.Context, in *idpapi.RevokeUserSessionInput) (*idpapi.RevokeUserSessionOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.tokens.RevokeSession(ctx, access.Pool, access.User, in.SessionId, access.Claims.OriginJTI, linked(in.RevokeAssociatedSessions)); err != nil {
		return nil, err
	}
	return &idpapi.RevokeUserSessionOutput{}, nil
}

// AdminRevokeUserSession ends a session of a user.
func (s *Service) AdminRevokeUserSession(ctx context.Context, in *idpapi.AdminRevokeUserSessionInput) (*idpapi.AdminRevokeUserSessionOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.tokens.RevokeSession(ctx, pool, user, in.SessionId, "", linked(in.RevokeAssociatedSessions)); err != nil {
		return nil, err
	}
	return &idpapi.AdminRevokeUserSessionOutput{}, nil
}

func linked(t idpapi.RevokeAssociatedSessionsType) bool {
	return t == idpapi.RevokeAssociatedSessionsTypeLinked
}

// listSessions is the API's form of a user's sessions. There are never more than
// fit on a page, so that no token is one of a next page.
func (s *Service) listSessions(ctx context.Context, pool *userpool.Pool, user *store.User, current, nextToken string) ([]idpapi.SessionDescriptionType, error) {
	if nextToken != "" {
		return nil, userpool.ErrPageToken
	}
	sessions, err := s.tokens.Sessions(ctx, pool, user, current)
	if err != nil {
		return nil, err
	}
	described := make([]idpapi.SessionDescriptionType, 0, len(sessions))
	for _, session := range sessions {
		described = append(described, describeSession(session))
	}
	return described, nil
}

// unknownPlace is said where Cognito names a city or a country: where on earth an
// address is nobody here knows.
const unknownPlace = "unknown"

// describeSession is the API's form of a session.
func describeSession(s token.Session) idpapi.SessionDescriptionType {
	return idpapi.SessionDescriptionType{
		SessionId: s.ID, SessionType: idpapi.SessionTypeType(s.Kind), ClientId: s.ClientID, OriginSessionId: s.OriginID,
		CreateDate: apimodel.Time{Time: s.CreatedAt}, LastActiveDate: apimodel.Time{Time: s.LastActiveAt},
		DeviceType: s.DeviceType, LastIPAddress: s.IPAddress, IsCurrentSession: new(s.Current),
		LastLocation: &idpapi.SessionLocationType{City: unknownPlace, Country: unknownPlace},
	}
}
