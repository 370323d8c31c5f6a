package signin_test

import (
	"slices"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func (w *world) hosted(flow string, parameters map[string]string) (*signin.Outcome, error) {
	return w.machine.Start(w.t.Context(), signin.Start{Pool: w.pool, Client: w.client, Hosted: true, Flow: flow, Parameters: parameters})
}

// The pages need neither the flow nor the secret that API callers of the client
// need, and get a user in place of tokens.
func TestHostedSignIn(t *testing.T) {
	s := setting{secret: "a-secret-of-the-client-0123456789"}
	s.client.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	w := newWorld(t, s)
	w.user("ada", userpool.StatusConfirmed)
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Tokens != nil || o.Proven == nil || o.Proven.User.Username != "ada" || !slices.Equal(o.Proven.AMR, []string{"pwd"}) {
		t.Fatalf("got %+v, %v", o, err)
	}
	_, err = w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": "wrong"})
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = w.hosted("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": "x"})
	wantFault(t, err, fault.InvalidParameter, "Initiate Auth method not supported.")
}

// A session of the pages is good on the pages only, and one of the API there only:
// what the one did not check, the other has.
func TestHostedSessionsStayHosted(t *testing.T) {
	w := newWorld(t, setting{})
	api := w.invite("ada", password, nil)
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatalf("got %+v, %v", o, err)
	}
	answer := map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "N3w-Passw0rd"}
	respond := func(hosted bool, session string) (*signin.Outcome, error) {
		return w.machine.Respond(t.Context(), signin.Response{
			Pool: w.pool, Client: w.client, Hosted: hosted, Challenge: "NEW_PASSWORD_REQUIRED", Session: session, Responses: answer})
	}
	_, err = respond(false, o.Session)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = respond(true, api)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	if o, err = respond(true, o.Session); err != nil || o.Proven == nil {
		t.Fatalf("got %+v, %v", o, err)
	}
}
