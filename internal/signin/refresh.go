package signin

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/token"
)

const refreshFlow = "REFRESH_TOKEN_AUTH"

// refresh is the flow REFRESH_TOKEN_AUTH. It proves nothing new and asks for
// nothing, so it goes straight to the tokens. The SECRET_HASH covers the user's
// real name, which the request does not carry.
func (m *Machine) refresh(ctx context.Context, in Start) (*Outcome, error) {
	text := in.Parameters["REFRESH_TOKEN"]
	if text == "" {
		return nil, missing("REFRESH_TOKEN")
	}
	hash := in.Parameters["SECRET_HASH"]
	if in.Client.HasSecret() && hash == "" {
		return nil, in.Client.CheckSecretHash("", "")
	}
	r, err := m.tokens.OpenRefresh(ctx, in.Client, text, in.Parameters["DEVICE_KEY"])
	if err != nil {
		return nil, err
	}
	if in.Client.CheckSecretHash(r.User.Username, hash) != nil && in.Client.CheckSecretHash(r.User.Sub, hash) != nil {
		return nil, fault.Errorf(fault.NotAuthorized, "SecretHash does not match for the client: %s", in.Client.ID)
	}
	r.Origin = token.Origin{IPAddress: in.Origin.IPAddress, UserAgent: in.Origin.UserAgent}
	tokens, err := m.tokens.Renew(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Outcome{Tokens: tokens, Parameters: map[string]string{}}, nil
}
