package trigger

import "context"

// PostAuthenticationSource is the one source of PostAuthentication.
const PostAuthenticationSource = "PostAuthentication_Authentication"

// PostAuthentication tells of a user who has proven everything and is about to
// get tokens.
type PostAuthentication struct {
	UserAttributes map[string]string `json:"userAttributes"`
	NewDeviceUsed  *bool             `json:"newDeviceUsed,omitzero"` // nil where the pool does not track devices
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// PostAuthentication asks the trigger of that name.
func (i *Invoker) PostAuthentication(ctx context.Context, c Call, in PostAuthentication) error {
	in.UserAttributes = filled(in.UserAttributes)
	return ignore(i.call(ctx, "PostAuthentication", "1", c, in, empty{}))
}
