package hosted

import (
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// forgotPage is where a user asks for a code to set a new password with.
type forgotPage struct {
	*view
	Name string
}

func (p *Pages) showForgot(v *visit) error { return v.showForgot(http.StatusOK, nil) }

func (v *visit) showForgot(status int, wrong error) error {
	base, err := v.view()
	if err != nil {
		return err
	}
	page := &forgotPage{view: base, Name: v.field("username", maxName)}
	state, err := v.progressOf(resetting)
	if err != nil {
		return err
	}
	if state != nil && page.Name == "" {
		page.Name = state.Name
	}
	if wrong != nil {
		if page.Failure = v.sentence(wrong); page.Failure == "" {
			return wrong
		}
	}
	return v.render(status, "forgot", page)
}

// sendForgot sends the code.
func (p *Pages) sendForgot(v *visit) error {
	name := strings.TrimSpace(v.field("username", maxName))
	sent, err := p.Users.ForgotPassword(v.ctx(), v.pool, v.client, name)
	v.note(userpool.EventForgotPassword, name, "", err)
	if err != nil {
		return v.showForgot(http.StatusBadRequest, err)
	}
	if err := v.toReset(name, sent.Destination); err != nil {
		return err
	}
	return v.see(v.path("/resetPassword"))
}

// toReset notes who has a password to reset.
func (v *visit) toReset(name, destination string) error {
	state := progress{Challenge: resetting, Name: name, Values: map[string]string{sentTo: destination}}
	return v.setProgressFor(v.r.Context(), state, resetLife)
}

// showReset shows the form for the code and the new password.
func (p *Pages) showReset(v *visit) error { return v.showReset(http.StatusOK, nil) }

func (v *visit) showReset(status int, wrong error) error {
	page, _, err := v.codePage(resetting, wrong)
	if err != nil {
		return err
	}
	return v.render(status, "reset", page)
}

// sendReset sets the password.
func (p *Pages) sendReset(v *visit) error {
	name, password := strings.TrimSpace(v.field("username", maxName)), v.field("password", maxWord)
	_, err := p.Users.ConfirmForgotPassword(v.ctx(), v.pool, v.client, name, v.answer("code"), password)
	v.note(userpool.EventPasswordChange, name, password, err)
	if err != nil {
		return v.showReset(http.StatusBadRequest, err)
	}
	v.forgetProgress()
	return v.see(v.pathWith("/login", map[string]string{"done": "reset.done"}))
}
