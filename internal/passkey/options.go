package passkey

import (
	"encoding/json"
	"fmt"
)

// timeout is how long, in milliseconds, browsers wait for the user.
const timeout = 60000

// User is whom a passkey is registered for.
type User struct {
	ID   []byte // at most 64 bytes
	Name string
}

type descriptor struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type parameter struct {
	Type string `json:"type"`
	Alg  int    `json:"alg"`
}

// CreationOptions is the PublicKeyCredentialCreationOptionsJSON that asks for a
// new passkey, in the form and order of Cognito's. exclude are the ids of those
// that the user has.
func CreationOptions(c Ceremony, user User, exclude [][]byte) ([]byte, error) {
	type selection struct {
		RequireResidentKey bool   `json:"requireResidentKey"`
		ResidentKey        string `json:"residentKey"`
		UserVerification   string `json:"userVerification"`
	}
	type rp struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	type account struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}
	var params []parameter
	for _, alg := range algorithms {
		params = append(params, parameter{Type: "public-key", Alg: int(alg)})
	}
	b, err := json.Marshal(struct {
		AuthenticatorSelection selection    `json:"authenticatorSelection"`
		Challenge              string       `json:"challenge"`
		ExcludeCredentials     []descriptor `json:"excludeCredentials"`
		PubKeyCredParams       []parameter  `json:"pubKeyCredParams"`
		RP                     rp           `json:"rp"`
		Timeout                int          `json:"timeout"`
		User                   account      `json:"user"`
	}{
		AuthenticatorSelection: selection{RequireResidentKey: true, ResidentKey: "required", UserVerification: verification(c)},
		Challenge:              encoding.EncodeToString(c.Challenge),
		ExcludeCredentials:     descriptors(exclude),
		PubKeyCredParams:       params,
		RP:                     rp{ID: c.RelyingParty, Name: c.RelyingParty},
		Timeout:                timeout,
		User:                   account{ID: encoding.EncodeToString(user.ID), Name: user.Name, DisplayName: user.Name},
	})
	if err != nil {
		return nil, fmt.Errorf("creation options: %w", err)
	}
	return b, nil
}

// RequestOptions is the PublicKeyCredentialRequestOptionsJSON that asks for one
// of a user's passkeys, whose ids are allow.
func RequestOptions(c Ceremony, allow [][]byte) ([]byte, error) {
	b, err := json.Marshal(struct {
		Challenge        string       `json:"challenge"`
		Timeout          int          `json:"timeout"`
		RPID             string       `json:"rpId"`
		AllowCredentials []descriptor `json:"allowCredentials"`
		UserVerification string       `json:"userVerification"`
	}{encoding.EncodeToString(c.Challenge), timeout, c.RelyingParty, descriptors(allow), verification(c)})
	if err != nil {
		return nil, fmt.Errorf("request options: %w", err)
	}
	return b, nil
}

func verification(c Ceremony) string {
	if c.VerifyUser {
		return "required"
	}
	return "preferred"
}

func descriptors(ids [][]byte) []descriptor {
	list := make([]descriptor, 0, len(ids))
	for _, id := range ids {
		list = append(list, descriptor{ID: encoding.EncodeToString(id), Type: "public-key"})
	}
	return list
}
