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
	if v.pending.Asks("login") || v.r.URL.Query().Has("other") {
		session = nil
	}
	return v.showLogin(http.StatusOK, v.pending.LoginHint, session, nil)
}

func (v *visit) showLogin(status int, name string, session *oauth.Session, wrong error) error {
	page, err := v.loginPage(name)
	if err != nil {
		return err
	}
	if wrong != nil {
		if page.Failure = v.sentence(wrong); page.Failure == "" {
			return wrong
		}
	}
	if page.Session = session; session != nil {
		return v.render(status, "accounts", page)
	}
	return v.render(status, "login", page)
}

func (v *visit) loginPage(name string) (*loginPage, error) {
	base, err := v.view()
	if err != nil {
		return nil, err
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
			return v.showLogin(http.StatusBadRequest, name, nil, errEmpty)
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
	if err != nil {
		return v.refused(err, name, func(status int) error { return v.showLogin(status, name, nil, err) })
	}
	return v.goOn(outcome, name)
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
	if o.Proven != nil {
		return v.finish(o.Proven)
	}
	err := v.setProgress(v.r.Context(), progress{
		Challenge: o.Challenge, Session: o.Session, Name: name, Values: o.Parameters, Available: o.Available})
	if err != nil {
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
// new password must be set, otherwise to the form again.
func (v *visit) refused(err error, name string, again func(status int) error) error {
	switch fault.CodeOf(err) {
	case fault.UserNotConfirmed:
		if err := v.toConfirm(name, "", false); err != nil {
			return err
		}
		return v.see(v.path("/confirm"))
	case fault.PasswordResetRequired:
		if err := v.toReset(name, ""); err != nil {
			return err
		}
		return v.see(v.path("/forgotPassword"))
	}
	return again(http.StatusBadRequest)
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
