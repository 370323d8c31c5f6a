package hosted

import (
	"net/http"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// loginPage is where a sign-in begins: with the name and the password or, where
// the pool has more to choose from, with the name alone.
type loginPage struct {
	*view
	Name      string
	NameOnly  bool
	Providers []provider
	Session   *oauth.Session // of a user who may go on without signing in
	CanSignUp bool
}

// provider is a button for another place to sign in.
type provider struct{ Name, Path, Icon string }

// showLogin shows the form or, to a browser that has a session, whom one can go
// on as.
func (p *Pages) showLogin(v *visit) error {
	session, err := p.OAuth.Session(v.r)
	if err != nil {
		return err
	}
	page, err := v.loginPage()
	if err != nil {
		return err
	}
	if session == nil || v.refusal != nil || v.pending.Asks("login") || v.r.URL.Query().Has("other") {
		return v.render(http.StatusOK, "login", page)
	}
	page.Session = session
	return v.render(http.StatusOK, "accounts", page)
}

func (v *visit) loginPage() (*loginPage, error) {
	base, err := v.view()
	if err != nil {
		return nil, err
	}
	name := v.pending.LoginHint
	if v.wasTyped("username") {
		name = v.field("username", maxName)
	}
	switch notice := v.r.URL.Query().Get("done"); notice {
	case "confirm.done", "reset.done", "sign_up.waits":
		base.Notice = v.texts.text(notice)
	}
	page := &loginPage{view: base, Name: name, NameOnly: v.choosesFactor() || v.onlyCustom(),
		CanSignUp: !v.pool.AdminCreateUserConfig.AllowAdminCreateUserOnly}
	for _, name := range v.client.SupportedIdentityProviders {
		if name != cognitoProvider {
			page.Providers = append(page.Providers, provider{Name: name, Icon: base.icons[name],
				Path: v.pathWith("/oauth2/authorize", map[string]string{"identity_provider": name})})
		}
	}
	return page, nil
}

// cognitoProvider is the pool itself among the providers of a client.
const cognitoProvider = "COGNITO"

// choosesFactor says whether the pool has more first factors than passwords.
func (v *visit) choosesFactor() bool {
	return slices.ContainsFunc(v.pool.Policies.SignInPolicy.AllowedFirstAuthFactors, func(f string) bool { return f != userpool.FirstPassword })
}

// onlyCustom says whether sign-ins through the client are led by functions alone.
func (v *visit) onlyCustom() bool {
	if v.pool.LambdaConfig.DefineAuthChallenge == "" || !v.client.AllowsFlow("CUSTOM_AUTH") {
		return false
	}
	return !slices.ContainsFunc([]string{"USER_AUTH", "USER_PASSWORD_AUTH", "USER_SRP_AUTH", "ADMIN_USER_PASSWORD_AUTH"}, v.client.AllowsFlow)
}

// sendLogin takes the name, or the name and the password.
func (p *Pages) sendLogin(v *visit) error {
	if v.r.PostForm.Has("continue") {
		return p.goOnAs(v)
	}
	name := v.field("username", maxName)
	parameters := map[string]string{"USERNAME": name}
	flow := "USER_AUTH"
	switch {
	case v.onlyCustom():
		flow = "CUSTOM_AUTH"
	case !v.choosesFactor():
		flow = "USER_PASSWORD_AUTH"
		parameters["PASSWORD"] = v.field("password", maxWord)
	case v.r.PostForm.Has("factor"): // another code
		parameters["PREFERRED_CHALLENGE"] = v.field("factor", maxCode)
	}
	for _, required := range []string{"USERNAME", "PASSWORD"} {
		if value, asked := parameters[required]; asked && value == "" {
			return v.refuse("/login", errEmpty)
		}
	}
	if target := v.pending.TargetACR(); target != "" && flow == "USER_AUTH" {
		parameters["TARGET_ACR_VALUES"] = target
	}
	relyingParty, err := v.relyingParty()
	if err != nil {
		return err
	}
	outcome, err := p.SignIn.Start(v.ctx(), signin.Start{
		Pool: v.pool, Client: v.client, Hosted: true, Flow: flow, Parameters: parameters,
		RelyingParty: relyingParty, Origin: p.Origin(v.r), Browsers: v.browsers(),
	})
	if err == nil && onlyPassword(outcome) {
		outcome, err = p.respond(v, &progress{Challenge: outcome.Challenge, Session: outcome.Session, Name: name},
			map[string]string{"ANSWER": userpool.FirstPassword})
	}
	if password := parameters["PASSWORD"]; password != "" && fault.CodeOf(err) == fault.UserNotConfirmed {
		return p.confirmFirst(v, name, password)
	}
	if err != nil {
		return v.refused(err, name, "/login")
	}
	return v.goOn(outcome, name)
}

// confirmFirst leads a user whose account is not confirmed to do that. With the right
// password the code then completes the sign-in, as after a sign-up.
func (p *Pages) confirmFirst(v *visit, name, password string) error {
	session, err := p.SignIn.HostedUnconfirmed(v.ctx(), v.pool, v.client, name, password)
	if err != nil {
		return v.refuse("/login", err)
	}
	return v.toConfirm(name, map[string]string{signedUp: session})
}

// onlyPassword says whether there is nothing to choose from.
func onlyPassword(o *signin.Outcome) bool {
	return o.Challenge == "SELECT_CHALLENGE" && !slices.ContainsFunc(o.Available, func(f string) bool {
		return f != userpool.FirstPassword && f != userpool.FirstSRP
	})
}

// errEmpty is for a form that lacks what it must have. Browsers do not send such.
var errEmpty = fault.New(fault.NotAuthorized, "Incorrect username or password.")

// goOnAs goes on as the user of the browser's session, or to the form if that
// will not do.
func (p *Pages) goOnAs(v *visit) error {
	session, err := p.OAuth.Session(v.r)
	if err != nil {
		return err
	}
	if session == nil || v.pending.Asks("login") || !p.OAuth.TakesOver(v.pending, session) {
		return v.see(v.pathWith("/login", map[string]string{"other": "1"}))
	}
	if to := v.returned(); to != "" {
		return v.see(to)
	}
	p.OAuth.Continue(v.w, v.r, v.pending, session)
	return nil
}

// goOn leads where a step of a sign-in came to: to the client, or to the page of
// the next challenge.
func (v *visit) goOn(o *signin.Outcome, name string) error {
	if who := o.Proven; who != nil {
		if err := v.keepEnd(end{Sub: who.User.Sub, AMR: who.AMR}); err != nil {
			return err
		}
		return v.finish(who)
	}
	return v.goOnTo(progress{Challenge: o.Challenge, Session: o.Session, Name: name, Values: o.Parameters, Available: o.Available})
}

// goOnTo leads to the page of a challenge.
func (v *visit) goOnTo(next progress) error {
	if err := v.keepEnd(end{Progress: &next}); err != nil {
		return err
	}
	return v.waitFor(next)
}

func (v *visit) waitFor(next progress) error {
	if err := v.setProgress(v.r.Context(), next); err != nil {
		return err
	}
	return v.see(v.path("/challenge"))
}

// finish ends a sign-in: it leads to the client, to the page that it was for, or
// first to the offer to add a passkey.
func (v *visit) finish(who *signin.Proven) error {
	v.forgetProgress()
	if err := v.keepDevice(who); err != nil {
		return err
	}
	proven := oauth.Proven{User: who.User, AMR: who.AMR}
	to := v.returned()
	if to == "" {
		offer, err := v.offersPasskey(who)
		if err != nil {
			return err
		}
		if !offer {
			v.pages.OAuth.Complete(v.w, v.r, v.pending, proven)
			return nil
		}
		to = v.path("/passkeys/add")
	}
	if _, err := v.pages.OAuth.Begin(v.w, v.r, v.pending, proven); err != nil {
		return err
	}
	return v.see(to)
}

// refused leads on from a refusal: to where an unconfirmed user can confirm, or a
// new password must be set, otherwise to the page of the form again.
func (v *visit) refused(err error, name, page string) error {
	switch fault.CodeOf(err) {
	case fault.UserNotConfirmed:
		return v.toConfirm(name, nil)
	case fault.PasswordResetRequired:
		if err := v.toReset(name, ""); err != nil {
			return err
		}
		return v.see(v.path("/forgotPassword"))
	}
	return v.refuse(page, err)
}

// relyingParty is the domain whose passkeys the site may ask for, "" for none.
func (v *visit) relyingParty() (string, error) {
	if !v.pool.SignsInWithPasskeys() {
		return "", nil
	}
	scheme := "http"
	if v.pages.OAuth.Secure(v.r) {
		scheme = "https"
	}
	return v.pages.Pools.RelyingParty(v.r.Context(), v.pool, scheme+"://"+v.r.Host)
}
