package trigger

import "context"

// VerifyAuthChallengeSource is the one source of VerifyAuthChallengeResponse.
const VerifyAuthChallengeSource = "VerifyAuthChallengeResponse_Authentication"

// VerifyAuthChallenge asks whether the answer to a custom challenge is right.
type VerifyAuthChallenge struct {
	UserAttributes             map[string]string `json:"userAttributes"`
	PrivateChallengeParameters map[string]string `json:"privateChallengeParameters"`
	ChallengeAnswer            string            `json:"challengeAnswer"`
	ClientMetadata             map[string]string `json:"clientMetadata,omitzero"`
	UserNotFound               *bool             `json:"userNotFound,omitzero"`
}

// verifyAuthChallengeAnswer says whether the answer is right.
type verifyAuthChallengeAnswer struct {
	AnswerCorrect *bool `json:"answerCorrect"`
}

// VerifyAuthChallenge asks the trigger VerifyAuthChallengeResponse. One that does
// not say is InvalidLambdaResponseException.
func (i *Invoker) VerifyAuthChallenge(ctx context.Context, c Call, in VerifyAuthChallenge) (right bool, err error) {
	in.UserAttributes, in.PrivateChallengeParameters = filled(in.UserAttributes), filled(in.PrivateChallengeParameters)
	answer, err := read[verifyAuthChallengeAnswer](i.call(ctx, "VerifyAuthChallengeResponse", "1", c, in, verifyAuthChallengeAnswer{}))
	if err != nil {
		return false, err
	}
	if answer.AnswerCorrect == nil {
		return false, errUnrecognizable
	}
	return *answer.AnswerCorrect, nil
}
