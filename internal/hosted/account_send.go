package hosted

import (
	"errors"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// action is something that a form of the account page asks for. It returns the
// parameters of the page that follows.
type action struct {
	stale bool // good without a sign-in of just now, for who has a password
	do    func(*Pages, *visit) (done map[string]string, err error)
}

var actions = map[string]action{
	"profile":        {do: (*Pages).saveProfile},
	"send-code":      {do: (*Pages).sendAddressCode},
	"verify":         {do: (*Pages).verifyAddress},
	"password":       {stale: true, do: (*Pages).changePassword},
	"remove-passkey": {do: (*Pages).removePasskey},
	"app":            {do: (*Pages).beginApp},
	"app-code":       {do: (*Pages).addApp},
	"remove-app":     {do: (*Pages).removeApp},
	"forget-device":  {do: (*Pages).forgetDevice},
	"end-session":    {do: (*Pages).endSession},
}

// sendAccount does what a form asks for.
func (p *Pages) sendAccount(v *visit) error {
	name := v.field("do", maxName)
	switch name {
	case "sign-out":
		return p.signOut(v)
	case "sign-out-everywhere":
		return p.signOutEverywhere(v)
	}
	a, ok := actions[name]
	if !ok {
		return v.fail(http.StatusBadRequest, "error.form")
	}
	if (!a.stale || v.user().SealedPassword == "") && !v.Fresh() {
		return v.signInFirst(true)
	}
	done, err := a.do(p, v)
	if err != nil {
		return v.refuse("/account", err)
	}
	return v.see(v.pathWith("/account", done))
}

func doneWith(notice string) map[string]string { return map[string]string{"done": notice} }

// saveProfile writes the attributes that were changed.
func (p *Pages) saveProfile(v *visit) (map[string]string, error) {
	have, set := v.user().Attributes, map[string]string{}
	for _, a := range v.pool.SchemaAttributes {
		if !v.editable(a) || !v.r.PostForm.Has(attributePrefix+a.Name) {
			continue
		}
		if err := v.checkFields(map[string]int{attributePrefix + a.Name: maxValue}); err != nil {
			return nil, err
		}
		if value := v.attributeValue(a.Name); value != have[a.Name] {
			set[a.Name] = value
		}
	}
	done := doneWith("account.saved")
	if len(set) == 0 {
		return done, nil
	}
	sent, err := p.Users.UpdateAttributes(v.ctx(), v.pool, v.user().Sub, set, userpool.Writer{Client: v.client})
	if len(sent) > 0 {
		done["verify"] = sent[0].Attribute
	}
	return done, err
}

// sendAddressCode sends a code to an address that is to be verified.
func (p *Pages) sendAddressCode(v *visit) (map[string]string, error) {
	sent, err := p.Users.SendAttributeCode(v.ctx(), v.pool, v.user().Sub, v.field("attribute", maxName))
	if err != nil {
		return nil, err
	}
	return map[string]string{"verify": sent.Attribute}, nil
}

// verifyAddress takes that code.
func (p *Pages) verifyAddress(v *visit) (map[string]string, error) {
	return doneWith("account.verified"),
		p.Users.VerifyAttribute(v.ctx(), v.pool, v.user().Sub, v.field("attribute", maxName), v.answer("code"))
}

// errOtherProvider is for users whose password is elsewhere.
var errOtherProvider = fault.New(fault.NotAuthorized, "The password belongs to the place that you sign in with.")

// changePassword sets another password for whoever knows the present one. A user
// without one has signed in just now instead.
func (p *Pages) changePassword(v *visit) (map[string]string, error) {
	previous, proposed := v.field("current", maxWord), v.field("password", maxWord)
	if v.user().SealedPassword == "" && v.user().Status != userpool.StatusConfirmed {
		return nil, errOtherProvider
	}
	err := p.Users.ChangePassword(v.ctx(), v.pool, v.client, v.user(), previous, proposed)
	v.note(userpool.EventPasswordChange, v.user().Sub, proposed, err)
	return doneWith("account.password_changed"), err
}

func (p *Pages) removePasskey(v *visit) (map[string]string, error) {
	return doneWith("account.removed"), gone(p.Users.DeletePasskey(v.r.Context(), v.pool, v.user(), v.field("id", maxValue)))
}

// beginApp gets the key of a new authenticator app, which the page shows until a
// code came back.
func (p *Pages) beginApp(v *visit) (map[string]string, error) {
	secret, err := p.Users.AssociateToken(v.r.Context(), v.pool, v.user().Sub)
	if err != nil {
		return nil, err
	}
	err = v.setProgressFor(v.r.Context(), progress{Challenge: addingApp, Name: v.user().Username,
		Values: map[string]string{"sub": v.user().Sub, setUpSecret: secret}}, freshness)
	return map[string]string{"app": "1"}, err
}

// addApp makes that app the user's second factor.
func (p *Pages) addApp(v *visit) (map[string]string, error) {
	sub := v.user().Sub
	if err := p.Users.VerifyToken(v.r.Context(), v.pool, sub, v.answer("app"), v.field("name", maxName)); err != nil {
		return nil, err
	}
	v.forgetProgress()
	return doneWith("account.app_on"), p.Users.SetMFAPreference(v.r.Context(), v.pool, sub,
		map[string]userpool.FactorChoice{userpool.FactorToken: {Enabled: true, Preferred: true}})
}

// removeApp ends that the user is asked for codes of the app.
func (p *Pages) removeApp(v *visit) (map[string]string, error) {
	return doneWith("account.app_off"), p.Users.SetMFAPreference(v.r.Context(), v.pool, v.user().Sub,
		map[string]userpool.FactorChoice{userpool.FactorToken: {}})
}

func (p *Pages) forgetDevice(v *visit) (map[string]string, error) {
	return doneWith("account.removed"), gone(p.Users.ForgetDevice(v.r.Context(), v.pool, v.user().Sub, v.field("id", maxValue)))
}

// endSession ends a session of another browser or app, with what hangs on it.
func (p *Pages) endSession(v *visit) (map[string]string, error) {
	return doneWith("account.removed"), gone(p.Tokens.RevokeSession(v.r.Context(), v.pool, v.user(), v.field("id", maxValue), "", true))
}

// gone forgives that what is to be removed is not there: a form that is sent twice
// does no harm.
func gone(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

func (p *Pages) signOut(v *visit) error {
	if err := p.OAuth.EndSession(v.w, v.r); err != nil {
		return err
	}
	return v.see(v.path("/signedOut"))
}

// signOutEverywhere makes all tokens of the user worthless, and ends the sessions of
// browsers as far as there are records of them.
func (p *Pages) signOutEverywhere(v *visit) error {
	ctx := v.r.Context()
	if err := p.Tokens.SignOutEverywhere(ctx, v.pool, v.user().Sub); err != nil && fault.CodeOf(err) != fault.UserNotFound {
		return err
	}
	if v.pool.TracksSessions() {
		sessions, err := p.Tokens.Sessions(ctx, v.pool, v.user(), "")
		for _, s := range sessions {
			if s.Kind == store.SSOSession {
				err = errors.Join(err, gone(p.Tokens.RevokeSession(ctx, v.pool, v.user(), s.ID, "", false)))
			}
		}
		if err != nil {
			return err
		}
	}
	return p.signOut(v)
}

// showSignedOut says that it is done. It is nobody's page.
func (p *Pages) showSignedOut(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := v.readSignedOut(); err != nil {
		v.serverError(err)
	}
}

func (v *visit) readSignedOut() error {
	query := v.r.URL.Query()
	if id := query.Get("client_id"); id != "" {
		_, client, err := v.pages.Pools.PoolClient(v.r.Context(), v.pool.ID, id)
		switch {
		case isNotFound(err):
		case err != nil:
			return err
		default:
			v.client = client
			v.owned = &owned{ClientID: client.ID}
		}
	}
	page, err := v.view()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "signed_out", page)
}
