package hosted

import (
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// What the progress says between a form that had a code sent and the one that
// takes it, in place of a challenge of the machine.
const (
	confirming = "CONFIRM"
	resetting  = "RESET"
	addingApp  = "APP" // to the account

	sentTo   = "sent-to"   // where a code went, masked
	resent   = "resent"    // "1" if it is another one
	signedUp = "signed-up" // the session that a sign-up with a password gave
)

// How long the pages know whose code they wait for: as long as it is good.
const (
	confirmLife = 24 * time.Hour
	resetLife   = time.Hour
)

// codePage is a form for a code that was sent.
type codePage struct {
	*view
	Name        string
	Known       bool   // the name need not be typed
	Destination string // masked; "" if not known here
	Rules       []string
}

// showConfirm shows the form for the code that confirms an account.
func (p *Pages) showConfirm(v *visit) error {
	page, state, err := v.codePage(confirming)
	if err != nil {
		return err
	}
	if page.Failure == "" && state != nil && state.Values[resent] != "" {
		page.Notice = v.texts.text("confirm.resent", "destination", page.Destination)
	}
	return v.render(http.StatusOK, "confirm", page)
}

// codePage fills in what is known of whoever waits for a code.
func (v *visit) codePage(waitsFor string) (*codePage, *progress, error) {
	base, err := v.view()
	if err != nil {
		return nil, nil, err
	}
	page := &codePage{view: base, Name: v.field("username", maxName), Rules: v.passwordRules()}
	state, err := v.progressOf(waitsFor)
	if err != nil {
		return nil, nil, err
	}
	if state != nil && (page.Name == "" || page.Name == state.Name) {
		page.Name, page.Known, page.Destination = state.Name, true, state.Values[sentTo]
	}
	return page, state, nil
}

// progressOf is the progress if it waits for something, otherwise nil.
func (v *visit) progressOf(waitsFor string) (*progress, error) {
	state, err := v.progress()
	if err != nil || state == nil || state.Challenge != waitsFor {
		return nil, err
	}
	return state, nil
}

// toConfirm notes who has an account to confirm, and leads there.
func (v *visit) toConfirm(name string, values map[string]string) error {
	if err := v.setProgressFor(v.r.Context(), progress{Challenge: confirming, Name: name, Values: values}, confirmLife); err != nil {
		return err
	}
	return v.see(v.path("/confirm"))
}

// sendConfirm takes the code, or sends another.
func (p *Pages) sendConfirm(v *visit) error {
	name := strings.TrimSpace(v.field("username", maxName))
	session := ""
	state, err := v.progressOf(confirming)
	if err != nil {
		return err
	}
	if state != nil && state.Name == name {
		session = state.Values[signedUp]
	}
	if v.r.PostForm.Has("resend") {
		sent, err := p.Users.ResendConfirmationCode(v.ctx(), v.pool, v.client, name)
		v.note(userpool.EventResendCode, name, "", err)
		if err != nil {
			return p.refuseConfirm(v, err)
		}
		return v.toConfirm(name, map[string]string{sentTo: sent.Destination, resent: "1", signedUp: session})
	}
	done, err := p.Users.ConfirmSignUp(v.ctx(), v.pool, v.client, name, v.answer("code"), false)
	if err != nil {
		return p.refuseConfirm(v, err)
	}
	proven, err := p.SignIn.HostedConfirmed(v.ctx(), v.pool, v.client, done)
	if err != nil {
		return err
	}
	if proven != "" {
		session = proven // the code is a way to sign in
	}
	v.forgetProgress()
	if session == "" {
		return v.see(v.pathWith("/login", map[string]string{"done": "confirm.done"}))
	}
	return p.signInAfter(v, name, "USER_AUTH", map[string]string{}, session, "confirm.done")
}

// refuseConfirm leads to the form again. For an account that is confirmed already, by
// the same form or by a link, it leads on.
func (p *Pages) refuseConfirm(v *visit, err error) error {
	if text, _ := sentenceOf(err); text != "confirm.done" {
		return v.refuse("/confirm", err)
	}
	if led, err := v.leadAsFirst(); led || err != nil {
		return err
	}
	v.forgetProgress()
	return v.see(v.pathWith("/login", map[string]string{"done": "confirm.done"}))
}
