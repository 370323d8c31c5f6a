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

	sentTo = "sent-to" // where a code went, masked
	resent = "resent"  // "1" if it is another one
)

// How long the pages know whose code they wait for: as long as it is good.
const (
	confirmLife = 24 * time.Hour
	resetLife   = time.Hour
)

// codePage is a form for a code that was sent.
type codePage struct {
	*view
	Name        string // "" if it has to be typed
	Destination string // masked; "" if not known here
	Rules       []string
}

// showConfirm shows the form for the code that confirms an account.
func (p *Pages) showConfirm(v *visit) error { return v.showConfirm(http.StatusOK, nil) }

func (v *visit) showConfirm(status int, wrong error) error {
	page, state, err := v.codePage(confirming, wrong)
	if err != nil {
		return err
	}
	if wrong == nil && state != nil && state.Values[resent] != "" {
		page.Notice = v.texts.text("confirm.resent", "destination", page.Destination)
	}
	return v.render(status, "confirm", page)
}

// codePage fills in what is known of whoever waits for a code.
func (v *visit) codePage(waitsFor string, wrong error) (*codePage, *progress, error) {
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
		page.Name, page.Destination = state.Name, state.Values[sentTo]
	}
	if wrong != nil {
		if page.Failure = v.sentence(wrong); page.Failure == "" {
			return nil, nil, wrong
		}
		page.Wrong = wrongFieldOf(wrong)
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

// toConfirm notes who has an account to confirm.
func (v *visit) toConfirm(name, destination string, again bool) error {
	values := map[string]string{sentTo: destination}
	if again {
		values[resent] = "1"
	}
	return v.setProgressFor(v.r.Context(), progress{Challenge: confirming, Name: name, Values: values}, confirmLife)
}

// sendConfirm takes the code, or sends another.
func (p *Pages) sendConfirm(v *visit) error {
	name := strings.TrimSpace(v.field("username", maxName))
	if v.r.PostForm.Has("resend") {
		sent, err := p.Users.ResendConfirmationCode(v.ctx(), v.pool, v.client, name)
		v.note(userpool.EventResendCode, name, "", err)
		if err != nil {
			return v.showConfirm(http.StatusBadRequest, err)
		}
		if err := v.toConfirm(name, sent.Destination, true); err != nil {
			return err
		}
		return v.see(v.path("/confirm"))
	}
	done, err := p.Users.ConfirmSignUp(v.ctx(), v.pool, v.client, name, v.answer("code"), false)
	if err != nil {
		return v.showConfirm(http.StatusBadRequest, err)
	}
	session, err := p.SignIn.HostedConfirmed(v.ctx(), v.pool, v.client, done)
	if err != nil {
		return err
	}
	v.forgetProgress()
	if session == "" {
		return v.see(v.pathWith("/login", map[string]string{"done": "confirm.done"}))
	}
	return p.signInAfter(v, name, "USER_AUTH", map[string]string{}, session, "confirm.done")
}
