package trigger

import "context"

// PreAuthenticationSource is the one source of PreAuthentication.
const PreAuthenticationSource = "PreAuthentication_Authentication"

// PreAuthentication asks whether somebody may try to sign in.
type PreAuthentication struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"`
	UserNotFound   *bool             `json:"userNotFound,omitzero"` // nil where clients reveal who exists
}

// PreAuthentication asks the trigger of that name.
func (i *Invoker) PreAuthentication(ctx context.Context, c Call, in PreAuthentication) error {
	in.UserAttributes = filled(in.UserAttributes)
	return ignore(i.call(ctx, "PreAuthentication", "1", c, in, empty{}))
}
