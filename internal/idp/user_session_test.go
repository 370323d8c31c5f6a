package idp

import (
	"fmt"
	"regexp"
	"testing"
)

// newSessionTest is the API with a pool that tracks the sessions of its users, and
// a function that signs one in.
func newSessionTest(t *testing.T) (api *testAPI, in func(string) string, signIn func(name string) (accessToken, refreshToken string)) {
	t.Helper()
	api, pool, made := newSignUpAPI(t, "", "")
	in = func(text string) string { return fill(text, pool, made.text("UserPoolClient.ClientId")) }
	for _, name := range []string{"ada", "eve"} {
		api.do(t, "AdminCreateUser", in(`{"UserPoolId":"POOL","Username":"`+name+`","MessageAction":"SUPPRESS"}`))
		api.do(t, "AdminSetUserPassword", in(`{"UserPoolId":"POOL","Username":"`+name+`","Password":"Passw0rd!","Permanent":true}`))
	}
	return api, in, func(name string) (string, string) {
		t.Helper()
		r := api.do(t, "InitiateAuth", in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"`+name+`","PASSWORD":"Passw0rd!"}}`))
		return r.text("AuthenticationResult.AccessToken"), r.text("AuthenticationResult.RefreshToken")
	}
}

func TestUserSessions(t *testing.T) {
	api, in, signIn := newSessionTest(t)
	untracked, _ := signIn("ada")
	off := in("InvalidParameterException: User session tracking is not enabled for user pool POOL.")
	api.refuse(t, "ListUserSessions", `{"AccessToken":"`+untracked+`"}`, off)
	api.refuse(t, "AdminListUserSessions", in(`{"UserPoolId":"POOL","Username":"ada"}`), off)
	api.do(t, "SetUserPoolSessionConfiguration", in(`{"UserPoolId":"POOL","UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":5}}`))
	if got := api.do(t, "ListUserSessions", `{"AccessToken":"`+untracked+`"}`).json("Sessions"); got != "[]" {
		t.Errorf("sessions from before the tracking: %s", got)
	}

	one, refresh := signIn("ada")
	two, _ := signIn("ada")
	sessions := api.do(t, "ListUserSessions", `{"AccessToken":"`+one+`"}`).at("Sessions").([]any)
	if len(sessions) != 2 {
		t.Fatalf("sessions %v", sessions)
	}
	ids := map[bool]string{} // by whether it is the current one
	for _, s := range sessions {
		session := s.(map[string]any)
		current := session["IsCurrentSession"].(bool)
		ids[current], _ = session["SessionId"].(string)
		for _, date := range []string{"CreateDate", "LastActiveDate"} {
			if _, ok := session[date].(float64); !ok {
				t.Errorf("%s is %v", date, session[date])
			}
			delete(session, date)
		}
		delete(session, "SessionId")
		want := in(`map[ClientId:CLIENT DeviceType:unknown IsCurrentSession:` + fmt.Sprint(current) +
			` LastIPAddress:192.0.2.1 LastLocation:map[City:unknown Country:unknown] SessionType:TOKEN]`)
		if got := fmt.Sprint(session); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if !regexp.MustCompile(`^tkn[0-9a-z]{25}$`).MatchString(ids[true]) || len(ids) != 2 {
		t.Fatalf("ids %v", ids)
	}
	for _, s := range api.do(t, "AdminListUserSessions", in(`{"UserPoolId":"POOL","Username":"ada"}`)).at("Sessions").([]any) {
		if s.(map[string]any)["IsCurrentSession"] != false {
			t.Errorf("an administrator's session: %v", s)
		}
	}

	revoke := func(token, id string) string { return fmt.Sprintf(`{"AccessToken":%q,"SessionId":%q}`, token, id) }
	eve, _ := signIn("eve")
	for _, c := range []struct{ name, operation, input, want string }{
		{"one's own", "RevokeUserSession", revoke(one, ids[true]), "InvalidParameterException: The current session cannot be revoked."},
		{"another user's", "RevokeUserSession", revoke(eve, ids[true]), "ResourceNotFoundException: Session does not exist."},
		{"of no form", "RevokeUserSession", revoke(one, "abc"), "InvalidParameterException: 2 validation errors detected: " +
			"Value 'abc' at 'sessionId' failed to satisfy constraint: Member must satisfy regular expression pattern: (tkn|sso)[0-9a-z]+; " +
			"Value 'abc' at 'sessionId' failed to satisfy constraint: Member must have length greater than or equal to 28"},
		{"administrator, another user's", "AdminRevokeUserSession", in(`{"UserPoolId":"POOL","Username":"eve","SessionId":"` + ids[true] + `"}`),
			"ResourceNotFoundException: Session does not exist."},
		{"administrator, nobody's", "AdminRevokeUserSession", in(`{"UserPoolId":"POOL","Username":"nobody","SessionId":"` + ids[true] + `"}`),
			"UserNotFoundException: User does not exist."},
		{"a next page", "ListUserSessions", `{"AccessToken":"` + one + `","NextToken":"eA"}`, "InvalidParameterException: Invalid pagination token."},
		{"a next page, administrator", "AdminListUserSessions", in(`{"UserPoolId":"POOL","Username":"ada","NextToken":"eA"}`),
			"InvalidParameterException: Invalid pagination token."},
	} {
		t.Run(c.name, func(t *testing.T) { api.refuse(t, c.operation, c.input, c.want) })
	}

	api.do(t, "RevokeUserSession", `{"AccessToken":"`+one+`","SessionId":"`+ids[false]+`","RevokeAssociatedSessions":"LINKED"}`)
	api.refuse(t, "GetUser", `{"AccessToken":"`+two+`"}`, "NotAuthorizedException: Access Token has been revoked")
	api.do(t, "AdminRevokeUserSession", in(`{"UserPoolId":"POOL","Username":"ada","SessionId":"`+ids[true]+`"}`))
	api.refuse(t, "GetUser", `{"AccessToken":"`+one+`"}`, "NotAuthorizedException: Access Token has been revoked")
	api.refuse(t, "GetTokensFromRefreshToken", in(`{"ClientId":"CLIENT","RefreshToken":"`+refresh+`"}`), "NotAuthorizedException: Refresh Token has been revoked")
	if got := api.do(t, "AdminListUserSessions", in(`{"UserPoolId":"POOL","Username":"ada"}`)).json("Sessions"); got != "[]" {
		t.Errorf("sessions left: %s", got)
	}
}
