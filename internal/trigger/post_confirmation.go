package trigger

import "context"

// The sources of PostConfirmation.
const (
	PostConfirmationSignUp         = "PostConfirmation_ConfirmSignUp"
	PostConfirmationForgotPassword = "PostConfirmation_ConfirmForgotPassword"
)

// PostConfirmation tells of a user who has been confirmed.
type PostConfirmation struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// PostConfirmation asks the trigger of that name.
func (i *Invoker) PostConfirmation(ctx context.Context, c Call, in PostConfirmation) error {
	in.UserAttributes = filled(in.UserAttributes)
	return ignore(i.call(ctx, "PostConfirmation", "1", c, in, empty{}))
}
