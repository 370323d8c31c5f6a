package trigger

import "context"

// DefineAuthChallengeSource is the one source of DefineAuthChallenge.
const DefineAuthChallengeSource = "DefineAuthChallenge_Authentication"

// ChallengeResult is one challenge of a custom sign-in and how it ended.
type ChallengeResult struct {
	ChallengeName     string  `json:"challengeName"`
	ChallengeResult   bool    `json:"challengeResult"`
	ChallengeMetadata *string `json:"challengeMetadata"` // nil: there is none
}

// DefineAuthChallenge asks how a custom sign-in goes on.
type DefineAuthChallenge struct {
	UserAttributes map[string]string `json:"userAttributes"`
	Session        []ChallengeResult `json:"session"` // the oldest first
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
	UserNotFound   *bool             `json:"userNotFound,omitzero"`
}

// DefineAuthChallengeAnswer is what follows: tokens, the end, or a challenge.
type DefineAuthChallengeAnswer struct {
	ChallengeName      *string `json:"challengeName"`
	IssueTokens        *bool   `json:"issueTokens"`
	FailAuthentication *bool   `json:"failAuthentication"`
}

// DefineAuthChallenge asks the trigger of that name.
func (i *Invoker) DefineAuthChallenge(ctx context.Context, c Call, in DefineAuthChallenge) (DefineAuthChallengeAnswer, error) {
	in.UserAttributes, in.Session = filled(in.UserAttributes), history(in.Session)
	return read[DefineAuthChallengeAnswer](i.call(ctx, "DefineAuthChallenge", "1", c, in, DefineAuthChallengeAnswer{}))
}

// history is a session that is shown as a list even if nothing happened yet.
func history(session []ChallengeResult) []ChallengeResult {
	if session == nil {
		return []ChallengeResult{}
	}
	return session
}
