package trigger

import "context"

// CreateAuthChallengeSource is the one source of CreateAuthChallenge.
const CreateAuthChallengeSource = "CreateAuthChallenge_Authentication"

// CreateAuthChallenge asks for a custom challenge.
type CreateAuthChallenge struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ChallengeName  string            `json:"challengeName"`
	Session        []ChallengeResult `json:"session"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
	UserNotFound   *bool             `json:"userNotFound,omitzero"`
}

// CreateAuthChallengeAnswer is the challenge. The private parameters are for
// VerifyAuthChallengeResponse alone.
type CreateAuthChallengeAnswer struct {
	PublicChallengeParameters  map[string]string
	PrivateChallengeParameters map[string]string
	ChallengeMetadata          string
}

type createAuthChallengeAnswer struct {
	PublicChallengeParameters  map[string]*string `json:"publicChallengeParameters"`
	PrivateChallengeParameters map[string]*string `json:"privateChallengeParameters"`
	ChallengeMetadata          *string            `json:"challengeMetadata"`
}

// CreateAuthChallenge asks the trigger of that name.
func (i *Invoker) CreateAuthChallenge(ctx context.Context, c Call, in CreateAuthChallenge) (CreateAuthChallengeAnswer, error) {
	in.UserAttributes, in.Session = filled(in.UserAttributes), history(in.Session)
	got, err := read[createAuthChallengeAnswer](i.call(ctx, "CreateAuthChallenge", "1", c, in, createAuthChallengeAnswer{}))
	if err != nil {
		return CreateAuthChallengeAnswer{}, err
	}
	answer := CreateAuthChallengeAnswer{
		PublicChallengeParameters:  known(got.PublicChallengeParameters),
		PrivateChallengeParameters: known(got.PrivateChallengeParameters),
	}
	if got.ChallengeMetadata != nil {
		answer.ChallengeMetadata = *got.ChallengeMetadata
	}
	return answer, nil
}

// known leaves out what has no value.
func known(m map[string]*string) map[string]string {
	values := make(map[string]string, len(m))
	for name, value := range m {
		if value != nil {
			values[name] = *value
		}
	}
	return values
}
