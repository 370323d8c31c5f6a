package idp

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func TestLinkedProviders(t *testing.T) {
	a, in := newUserAPI(t, "", `,"ReadAttributes":["email"]`)
	a.do(t, "CreateIdentityProvider", in(`{"UserPoolId":"POOL","ProviderName":"Google","ProviderType":"Google",
		"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"email"}}`))
	const source = `{"ProviderName":"Google","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"123"}`
	link := in(`{"UserPoolId":"POOL","DestinationUser":{"ProviderName":"Cognito","ProviderAttributeValue":"ann"},"SourceUser":` + source + `}`)
	if got := a.do(t, "AdminLinkProviderForUser", link); len(got.body) != 0 {
		t.Errorf("AdminLinkProviderForUser answers %v, want {}", got.body)
	}
	a.refuse(t, "AdminLinkProviderForUser", link, "InvalidParameterException: SourceUser is already linked to DestinationUser")
	a.refuse(t, "AdminLinkProviderForUser", strings.Replace(link, "us-east-1_", "us-east-2_", 1), strings.ReplaceAll(in("ResourceNotFoundException: User pool POOL does not exist."), "us-east-1_", "us-east-2_"))

	// Everybody is shown the identities, whatever the client reads.
	of := func(operation, input, list string) string {
		t.Helper()
		for _, at := range a.do(t, operation, in(input)).at(list).([]any) {
			if at.(map[string]any)["Name"] == "identities" {
				return at.(map[string]any)["Value"].(string)
			}
		}
		return ""
	}
	const want = `[{"userId":"123","providerName":"Google","providerType":"Google","issuer":null,"primary":false,"dateCreated":`
	admin := of("AdminGetUser", `{"UserPoolId":"POOL","Username":"ann"}`, "UserAttributes")
	if self := of("GetUser", `{"AccessToken":"TOKEN"}`, "UserAttributes"); self != admin || !strings.HasPrefix(admin, want) {
		t.Errorf("GetUser %s, AdminGetUser %s, want %s", self, admin, want)
	}
	listed := a.do(t, "ListUsers", in(`{"UserPoolId":"POOL","AttributesToGet":["identities"]}`)).json("Users")
	if !strings.Contains(listed, `\"userId\":\"123\"`) {
		t.Errorf("ListUsers shows %s", listed)
	}

	// Nobody writes them.
	a.refuse(t, "AdminUpdateUserAttributes", in(`{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"identities","Value":"[]"}]}`),
		"InvalidParameterException: Cannot modify the non-mutable attribute identities")
	a.refuse(t, "UpdateUserAttributes", in(`{"AccessToken":"TOKEN","UserAttributes":[{"Name":"identities","Value":"[]"}]}`),
		"NotAuthorizedException: A client attempted to write unauthorized attribute")

	id := a.do(t, "InitiateAuth", in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`)).text("AuthenticationResult.IdToken")
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(id, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Identities []map[string]any `json:"identities"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	var shown []map[string]any
	if err := json.Unmarshal([]byte(admin), &shown); err != nil {
		t.Fatal(err)
	}
	if len(claims.Identities) != 1 || claims.Identities[0]["primary"] != "false" || claims.Identities[0]["userId"] != "123" {
		t.Errorf("the ID token has %v", claims.Identities)
	}
	if date, ok := claims.Identities[0]["dateCreated"].(string); !ok || len(date) != 13 {
		t.Errorf("dateCreated is %v, want text", claims.Identities[0]["dateCreated"])
	}

	a.do(t, "AdminDisableProviderForUser", in(`{"UserPoolId":"POOL","User":`+source+`}`))
	if got := of("AdminGetUser", `{"UserPoolId":"POOL","Username":"ann"}`, "UserAttributes"); got != "" {
		t.Errorf("identities after the last went: %s", got)
	}
	a.refuse(t, "AdminDisableProviderForUser", in(`{"UserPoolId":"POOL","User":`+source+`}`), "UserNotFoundException: User does not exist.")
	a.do(t, "AdminDisableProviderForUser", in(`{"UserPoolId":"POOL","User":{"ProviderName":"Cognito","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"ann"}}`))
	a.refuse(t, "InitiateAuth", in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`),
		"NotAuthorizedException: Incorrect username or password.")
}

func TestUserSettings(t *testing.T) {
	a, in := newUserAPI(t, "", "")
	const sms = `"MFAOptions":[{"DeliveryMedium":"SMS","AttributeName":"phone_number"}]`
	shown := func() string {
		t.Helper()
		admin := a.do(t, "AdminGetUser", in(`{"UserPoolId":"POOL","Username":"ann"}`)).json("MFAOptions")
		if self := a.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`)).json("MFAOptions"); self != admin {
			t.Errorf("GetUser shows %s, AdminGetUser %s", self, admin)
		}
		return admin
	}
	a.refuse(t, "SetUserSettings", in(`{"AccessToken":"TOKEN",`+sms+`}`), "InvalidParameterException: User does not have delivery config set to turn on SMS_MFA")
	a.do(t, "AdminUpdateUserAttributes", in(`{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"phone_number","Value":"+15550001111"}]}`))
	for _, tc := range []struct{ name, operation, input, want string }{
		{"set by the user", "SetUserSettings", `{"AccessToken":"TOKEN",` + sms + `}`, `[{"AttributeName":"phone_number","DeliveryMedium":"SMS"}]`},
		{"cleared by the user", "SetUserSettings", `{"AccessToken":"TOKEN","MFAOptions":[]}`, `null`},
		{"set by an administrator", "AdminSetUserSettings", `{"UserPoolId":"POOL","Username":"ann",` + sms + `}`, `[{"AttributeName":"phone_number","DeliveryMedium":"SMS"}]`},
		{"cleared by an administrator", "AdminSetUserSettings", `{"UserPoolId":"POOL","Username":"ann","MFAOptions":[]}`, `null`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := a.do(t, tc.operation, in(tc.input)); len(got.body) != 0 {
				t.Errorf("answers %v, want {}", got.body)
			}
			if got := shown(); got != tc.want {
				t.Errorf("shown is %s, want %s", got, tc.want)
			}
		})
	}
	for input, want := range map[string]string{
		`{"UserPoolId":"POOL","Username":"ann","MFAOptions":[{"DeliveryMedium":"EMAIL","AttributeName":"email"}]}`:       "InvalidParameterException: MFAOptions can only have the delivery medium SMS with the attribute phone_number.",
		`{"UserPoolId":"POOL","Username":"eve","MFAOptions":[]}`:                                                         "UserNotFoundException: User does not exist.",
		`{"UserPoolId":"us-east-1_none","Username":"ann","MFAOptions":[]}`:                                               "ResourceNotFoundException: User pool us-east-1_none does not exist.",
		`{"UserPoolId":"POOL","Username":"ann","MFAOptions":[{"DeliveryMedium":"SMS","AttributeName":"custom:number"}]}`: "InvalidParameterException: MFAOptions can only have the delivery medium SMS with the attribute phone_number.",
	} {
		a.refuse(t, "AdminSetUserSettings", in(input), want)
	}
	a.refuse(t, "SetUserSettings", in(`{"AccessToken":"xTOKEN",`+sms+`}`), "NotAuthorizedException: Invalid Access Token")
}
