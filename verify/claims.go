package verify

import (
	"encoding/json"
	"time"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// The claims that Cognito puts into tokens, by the names it gives them. Which of
// them a token has depends on its use and on what the app client may read.

// Username is the user's name in the pool: username of an access token,
// cognito:username of an ID token. Tokens of machines have none.
func (t *Token) Username() string {
	if t.use == IDToken {
		return t.Text("cognito:username")
	}
	return t.Text("username")
}

// JTI is the id of this token.
func (t *Token) JTI() string { return t.Text("jti") }

// OriginJTI is the id of the sign-in that this token and its refresh token come
// from; it is what is revoked.
func (t *Token) OriginJTI() string { return t.Text("origin_jti") }

// EventID is common to the tokens that were issued together.
func (t *Token) EventID() string { return t.Text("event_id") }

// AuthTime is when the user signed in; refreshed tokens keep it.
func (t *Token) AuthTime() time.Time { return t.Time("auth_time") }

// ACR is how well the user was authenticated.
func (t *Token) ACR() string { return t.Text("acr") }

// AMR are the methods by which the user was authenticated (RFC 8176).
func (t *Token) AMR() []string { return t.List("amr") }

// DeviceKey is the remembered device that took part.
func (t *Token) DeviceKey() string { return t.Text("device_key") }

// Nonce is what the client sent to the authorize endpoint.
func (t *Token) Nonce() string { return t.Text("nonce") }

// AtHash binds an ID token to the access token that was issued with it.
func (t *Token) AtHash() string { return t.Text("at_hash") }

// Version is the claim version, 2 in access tokens of the OAuth endpoints.
func (t *Token) Version() string { return string(t.Claim("version")) }

// Roles is the claim cognito:roles, the ARNs of the groups' roles.
func (t *Token) Roles() []string { return t.List("cognito:roles") }

// PreferredRole is the claim cognito:preferred_role.
func (t *Token) PreferredRole() string { return t.Text("cognito:preferred_role") }

// Email is an address that belongs to the user only if EmailVerified.
func (t *Token) Email() string { return t.Text("email") }

// EmailVerified reports whether the user has shown to read Email.
func (t *Token) EmailVerified() bool { return t.Bool("email_verified") }

// PhoneNumber is in E.164 form.
func (t *Token) PhoneNumber() string { return t.Text("phone_number") }

// PhoneNumberVerified reports whether the user has shown to own PhoneNumber.
func (t *Token) PhoneNumberVerified() bool { return t.Bool("phone_number_verified") }

// Name is the user's full name.
func (t *Token) Name() string { return t.Text("name") }

// GivenName is the claim given_name.
func (t *Token) GivenName() string { return t.Text("given_name") }

// FamilyName is the claim family_name.
func (t *Token) FamilyName() string { return t.Text("family_name") }

// MiddleName is the claim middle_name.
func (t *Token) MiddleName() string { return t.Text("middle_name") }

// Nickname is the claim nickname.
func (t *Token) Nickname() string { return t.Text("nickname") }

// PreferredUsername is a name the user chose and may change.
func (t *Token) PreferredUsername() string { return t.Text("preferred_username") }

// Profile is the URL of a page about the user.
func (t *Token) Profile() string { return t.Text("profile") }

// Picture is a URL.
func (t *Token) Picture() string { return t.Text("picture") }

// Website is a URL.
func (t *Token) Website() string { return t.Text("website") }

// Gender is the claim gender.
func (t *Token) Gender() string { return t.Text("gender") }

// Birthdate is YYYY-MM-DD, or the year alone.
func (t *Token) Birthdate() string { return t.Text("birthdate") }

// Zoneinfo is a name of the time zone database.
func (t *Token) Zoneinfo() string { return t.Text("zoneinfo") }

// Locale is a language tag.
func (t *Token) Locale() string { return t.Text("locale") }

// Address is the member formatted of the claim address.
func (t *Token) Address() string {
	address, _ := jose.ParseObject(t.claims.Get("address"))
	formatted, _ := address.Text("formatted")
	return formatted
}

// UpdatedAt is when the user's attributes changed last.
func (t *Token) UpdatedAt() time.Time { return t.Time("updated_at") }

// Custom is the custom attribute of that name, given without "custom:". In
// tokens they are strings whatever their type in the pool.
func (t *Token) Custom(name string) string { return t.Text("custom:" + name) }

// Identity is an account elsewhere that is linked to the user.
type Identity struct {
	UserID       string
	ProviderName string
	ProviderType string
	Issuer       string
	Primary      bool
	CreatedAt    time.Time
}

// Identities is the claim identities of an ID token.
func (t *Token) Identities() []Identity {
	var list []struct {
		UserID       string          `json:"userId"`
		ProviderName string          `json:"providerName"`
		ProviderType string          `json:"providerType"`
		Issuer       string          `json:"issuer"`
		Primary      json.RawMessage `json:"primary"`     // "true", or true
		DateCreated  json.Number     `json:"dateCreated"` // a string of milliseconds, or a number
	}
	if json.Unmarshal(t.Claim("identities"), &list) != nil {
		return nil
	}
	identities := make([]Identity, len(list))
	for i, l := range list {
		identities[i] = Identity{
			UserID:       l.UserID,
			ProviderName: l.ProviderName,
			ProviderType: l.ProviderType,
			Issuer:       l.Issuer,
			Primary:      string(l.Primary) == "true" || string(l.Primary) == `"true"`,
		}
		if ms, err := l.DateCreated.Int64(); err == nil {
			identities[i].CreatedAt = time.UnixMilli(ms).UTC()
		}
	}
	return identities
}
