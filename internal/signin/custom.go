package signin

import (
	"context"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// CUSTOM_AUTH is a sign-in that the pool's functions lead: DefineAuthChallenge
// says what follows, CreateAuthChallenge makes a CUSTOM_CHALLENGE of it, and
// VerifyAuthChallengeResponse judges the answer. A wrong answer ends nothing by
// itself: all that happened is told to DefineAuthChallenge, which decides. Where
// the client begins with SRP, PASSWORD_VERIFIER can be one of the challenges, and
// the second factor of the user follows it as in other sign-ins.
const (
	customFlow      = "CUSTOM_AUTH"
	customChallenge = "CUSTOM_CHALLENGE"
	srpBegun        = "SRP_A" // what the history says of a client that began with SRP
)

const (
	// maxRounds is the most challenges of one sign-in. Cognito bounds them by
	// the life of the session alone.
	maxRounds = 100

	// maxRemembered bounds what a custom sign-in has to remember, in bytes. It
	// must fit into one sealed string with the rest of the session.
	maxRemembered = 24 << 10
)

var (
	errNoFunction       = fault.New(fault.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	errUnrecognizable   = fault.New(fault.InvalidLambdaResponse, "Unrecognizable lambda output")
	errMuchToRemember   = fault.New(fault.InvalidLambdaResponse, "CreateAuthChallenge returned too much to remember.")
	errTooManyChallenge = fault.New(fault.NotAuthorized, "Too many challenges in one sign-in.")
)

// startCustom is the flow CUSTOM_AUTH. The functions are asked about names that
// nobody has too, where the client does not reveal that.
func (m *Machine) startCustom(ctx context.Context, a *attempt) error {
	if utf8.RuneCountInString(a.session.Name) > maxName {
		return errLongName
	}
	if a.parameters["CHALLENGE_NAME"] == srpBegun {
		clientA, err := a.clientA()
		if err != nil {
			return err
		}
		a.handshake = &clientA
		a.session.Rounds = []round{{Challenge: srpBegun, Result: true}}
	}
	release, err := m.find(ctx, a)
	if err != nil {
		return err
	}
	defer release()
	if a.user == nil {
		return m.define(ctx, a)
	}
	return nil
}

// demandCustom asks for what the functions want still, in a sign-in that they
// lead.
func (m *Machine) demandCustom(ctx context.Context, a *attempt) error {
	if a.session.Flow != customFlow || a.session.Done {
		return nil
	}
	return m.define(ctx, a)
}

// unproven says that a sign-in led by functions has not proven the password:
// nothing that rests on one is demanded then.
func (a *attempt) unproven() bool {
	return a.session.Flow == customFlow && !slices.Contains(a.session.Proved, userpool.AMRPassword)
}

// define asks DefineAuthChallenge how the sign-in goes on.
func (m *Machine) define(ctx context.Context, a *attempt) error {
	if len(a.session.Rounds) >= maxRounds {
		return errTooManyChallenge
	}
	answer, err := a.pool.Triggers().DefineAuthChallenge(ctx,
		a.call(ctx, a.pool.LambdaConfig.DefineAuthChallenge, trigger.DefineAuthChallengeSource), trigger.DefineAuthChallenge{
			UserAttributes: userpool.TriggerAttributes(a.user), Session: a.history(),
			ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata, UserNotFound: a.notFound(),
		})
	if err != nil {
		return err
	}
	if err := m.reread(ctx, a); err != nil {
		return err
	}
	is := func(b *bool) bool { return b != nil && *b }
	switch {
	case is(answer.FailAuthentication):
		return errIncorrect
	case is(answer.IssueTokens) && a.user == nil:
		return errIncorrect
	case is(answer.IssueTokens):
		a.session.Done = true
		return m.demandState(ctx, a) // not told of before
	case answer.ChallengeName == nil:
		return errUnrecognizable
	case *answer.ChallengeName == customChallenge:
		return m.create(ctx, a)
	case *answer.ChallengeName == passwordVerifier && a.handshake != nil:
		return m.askVerifier(a, *a.handshake)
	}
	return errUnrecognizable
}

// create asks CreateAuthChallenge for a challenge and asks the user for that. The
// private parameters stay in the session, which is encrypted.
func (m *Machine) create(ctx context.Context, a *attempt) error {
	if a.pool.LambdaConfig.CreateAuthChallenge == "" {
		return errNoFunction
	}
	answer, err := a.pool.Triggers().CreateAuthChallenge(ctx,
		a.call(ctx, a.pool.LambdaConfig.CreateAuthChallenge, trigger.CreateAuthChallengeSource), trigger.CreateAuthChallenge{
			UserAttributes: userpool.TriggerAttributes(a.user), ChallengeName: customChallenge, Session: a.history(),
			ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata, UserNotFound: a.notFound(),
		})
	if err != nil {
		return err
	}
	if err := m.reread(ctx, a); err != nil {
		return err
	}
	a.session.Private, a.session.Metadata = answer.PrivateChallengeParameters, answer.ChallengeMetadata
	if a.remembered() > maxRemembered {
		return errMuchToRemember
	}
	if !a.unproven() {
		a.session.Password = passwordDigest(a.user)
	}
	a.session.UserID = m.srpUserID(a)
	a.params = maps.Clone(answer.PublicChallengeParameters)
	a.params["USERNAME"] = a.session.UserID
	a.ask = customChallenge
	return nil
}

// remembered is how much the session holds of the functions, in bytes.
func (a *attempt) remembered() int {
	size := len(a.session.Metadata)
	for name, value := range a.session.Private {
		size += len(name) + len(value)
	}
	for _, r := range a.session.Rounds {
		size += len(r.Challenge) + len(r.Metadata)
	}
	return size
}

// answerCustom is the answer to CUSTOM_CHALLENGE. The session is spent before the
// function judges, so that nobody tries many answers on one challenge, whatever
// the function does with wrong ones.
func (m *Machine) answerCustom(ctx context.Context, a *attempt) error {
	answer, err := a.require("ANSWER")
	if err != nil {
		return err
	}
	if a.pool.LambdaConfig.VerifyAuthChallengeResponse == "" || a.pool.LambdaConfig.DefineAuthChallenge == "" {
		return errNoFunction
	}
	if err := a.proofStill(); err != nil {
		return err
	}
	if err := m.db.Update(ctx, a.spend); err != nil {
		return err
	}
	right, err := a.pool.Triggers().VerifyAuthChallenge(ctx,
		a.call(ctx, a.pool.LambdaConfig.VerifyAuthChallengeResponse, trigger.VerifyAuthChallengeSource), trigger.VerifyAuthChallenge{
			UserAttributes: userpool.TriggerAttributes(a.user), PrivateChallengeParameters: a.session.Private, ChallengeAnswer: answer,
			ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata, UserNotFound: a.notFound(),
		})
	if err != nil {
		return err
	}
	if err := m.reread(ctx, a); err != nil {
		return err
	}
	a.session.Rounds = append(a.session.Rounds, round{Challenge: customChallenge, Result: right, Metadata: a.session.Metadata})
	a.session.Private, a.session.Metadata = nil, ""
	if a.user == nil {
		return m.define(ctx, a)
	}
	return nil
}

// tookPart notes a challenge that was met in a sign-in that functions lead, which
// hear of those that are not theirs too.
func (a *attempt) tookPart(challenge string) {
	if a.session.Flow == customFlow && challenge != customChallenge && a.ask == "" {
		a.session.Rounds = append(a.session.Rounds, round{Challenge: challenge, Result: true})
	}
}

// history is what happened so far, as functions see it.
func (a *attempt) history() []trigger.ChallengeResult {
	var list []trigger.ChallengeResult
	for _, r := range a.session.Rounds {
		result := trigger.ChallengeResult{ChallengeName: r.Challenge, ChallengeResult: r.Result}
		if r.Metadata != "" {
			result.ChallengeMetadata = new(r.Metadata)
		}
		list = append(list, result)
	}
	return list
}
