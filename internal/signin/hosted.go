package signin

import "github.com/poolhouse/poolhouse/internal/store"

// The login pages drive the machine as a client of their own kind: what the app
// client allows in the API (ExplicitAuthFlows) and its secret are not asked, as in
// Cognito, for the pages are the server's. In exchange a sign-in on them yields no
// tokens but a proven user, of whom the authorization request then gets what it may
// have, and its sessions are good on the pages only.

// Proven is a user of whom everything is proven that is demanded.
type Proven struct {
	User *store.User
	AMR  []string // the methods that proved it
}

// hostedFlows are those that the pages begin.
var hostedFlows = map[string]bool{"USER_PASSWORD_AUTH": true, "USER_AUTH": true, customFlow: true}

// checkCaller checks the secret hash of an API call.
func (a *attempt) checkCaller(username string, hosted bool) error {
	if hosted {
		return nil
	}
	return a.client.CheckSecretHash(username, a.parameters["SECRET_HASH"])
}
