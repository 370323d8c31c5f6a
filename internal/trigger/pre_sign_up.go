package trigger

import "context"

// The sources of PreSignUp.
const (
	PreSignUpSignUp           = "PreSignUp_SignUp"
	PreSignUpAdminCreateUser  = "PreSignUp_AdminCreateUser"
	PreSignUpExternalProvider = "PreSignUp_ExternalProvider"
)

// PreSignUp asks whether somebody may become a user.
type PreSignUp struct {
	UserAttributes map[string]string `json:"userAttributes"` // no sub: there is no user yet
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// PreSignUpAnswer says what the new user need not do.
type PreSignUpAnswer struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

// PreSignUp asks the trigger of that name.
func (i *Invoker) PreSignUp(ctx context.Context, c Call, in PreSignUp) (PreSignUpAnswer, error) {
	in.UserAttributes = filled(in.UserAttributes)
	return read[PreSignUpAnswer](i.call(ctx, "PreSignUp", "1", c, in, PreSignUpAnswer{}))
}
