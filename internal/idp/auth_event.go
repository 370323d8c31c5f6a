package idp

import (
	"cmp"
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// AdminListUserAuthEvents lists what threat protection kept of a user, newest
// first.
func (s *Service) AdminListUserAuthEvents(ctx context.Context, in *idpapi.AdminListUserAuthEventsInput) (*idpapi.AdminListUserAuthEventsOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.guard.Flush(ctx); err != nil { // who asks this node sees what was done on it
		return nil, err
	}
	limit := userpool.MaxEventPage
	if in.MaxResults != nil && *in.MaxResults > 0 {
		limit = int(*in.MaxResults)
	}
	events, next, err := s.users.AuthEvents(ctx, pool, in.Username, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	out := &idpapi.AdminListUserAuthEventsOutput{NextToken: next, AuthEvents: []idpapi.AuthEventType{}}
	for _, e := range events {
		out.AuthEvents = append(out.AuthEvents, authEvent(e))
	}
	return out, nil
}

// authEvent is the API's form of an event.
func authEvent(e *userpool.AuthEvent) idpapi.AuthEventType {
	out := idpapi.AuthEventType{
		EventId: e.ID, EventType: idpapi.EventType(e.Type), EventResponse: idpapi.EventResponseType(e.Response),
		CreationDate: apimodel.Time{Time: e.CreatedAt},
		EventRisk: &idpapi.EventRiskType{
			RiskDecision: idpapi.RiskDecisionType(cmp.Or(e.Risk.Decision, "NoRisk")), RiskLevel: idpapi.RiskLevelType(e.Risk.Level),
			CompromisedCredentialsDetected: new(e.Risk.Compromised),
		},
		EventContextData: &idpapi.EventContextDataType{IpAddress: e.IPAddress, DeviceName: e.Device, City: e.City, Country: e.Country},
	}
	for _, c := range e.Challenges {
		out.ChallengeResponses = append(out.ChallengeResponses, idpapi.ChallengeResponseType{
			ChallengeName: idpapi.ChallengeName(c.Name), ChallengeResponse: idpapi.ChallengeResponse(c.Response)})
	}
	if f := e.Feedback; f != nil {
		out.EventFeedback = &idpapi.EventFeedbackType{
			FeedbackValue: idpapi.FeedbackValueType(f.Value), Provider: f.Provider, FeedbackDate: apimodel.Time{Time: f.At}}
	}
	return out
}

// AdminUpdateAuthEventFeedback says of an event whether it was the user's doing.
func (s *Service) AdminUpdateAuthEventFeedback(ctx context.Context, in *idpapi.AdminUpdateAuthEventFeedbackInput) (*idpapi.AdminUpdateAuthEventFeedbackOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.guard.Flush(ctx); err != nil {
		return nil, err
	}
	if err := s.users.GiveFeedback(ctx, pool, in.Username, in.EventId, string(in.FeedbackValue)); err != nil {
		return nil, err
	}
	return &idpapi.AdminUpdateAuthEventFeedbackOutput{}, nil
}

// UpdateAuthEventFeedback is the same for users, by the token in a notification.
func (s *Service) UpdateAuthEventFeedback(ctx context.Context, in *idpapi.UpdateAuthEventFeedbackInput) (*idpapi.UpdateAuthEventFeedbackOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := s.users.GiveOwnFeedback(ctx, pool, in.Username, in.EventId, in.FeedbackToken, string(in.FeedbackValue)); err != nil {
		return nil, err
	}
	return &idpapi.UpdateAuthEventFeedbackOutput{}, nil
}

// noteEvent keeps a record of what a user asked for, and of how that ended. name
// is what the user is called; of nobody nothing is kept. password is the new one,
// if there is one.
func (s *Service) noteEvent(ctx context.Context, pool *userpool.Pool, client *userpool.Client, name, kind, password string, o signin.Origin, failed error) {
	if s.guard == nil || pool.ThreatMode("") == userpool.ThreatOff || internal(failed) {
		return
	}
	user, err := s.users.Find(ctx, pool, name)
	if err != nil {
		return // deleted meanwhile, or nobody; a database that fails is told of by the operation
	}
	response := userpool.EventPass
	if failed != nil {
		response = userpool.EventFail
	}
	s.guard.Note(ctx, threat.Happening{
		Pool: pool, Client: client, Sub: user.Sub, Type: kind, Response: response, IPAddress: o.IPAddress, UserAgent: o.UserAgent,
		Risk: userpool.Risk{Compromised: s.guard.Leaked(password)},
	})
}

// internal is for errors that say nothing of the request.
func internal(err error) bool {
	return err != nil && (fault.CodeOf(err) == "" || fault.CodeOf(err) == fault.InvalidParameter)
}
