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

// showForgot shows the form for the name.
func (p *Pages) showForgot(v *visit) error {
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
	return v.render(http.StatusOK, "forgot", page)
}

// sendForgot sends the code.
func (p *Pages) sendForgot(v *visit) error {
	name := strings.TrimSpace(v.field("username", maxName))
	sent, err := p.Users.ForgotPassword(v.ctx(), v.pool, v.client, name)
	v.note(userpool.EventForgotPassword, name, "", err)
	if err != nil {
		return v.refuse("/forgotPassword", err)
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
func (p *Pages) showReset(v *visit) error {
	page, _, err := v.codePage(resetting)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "reset", page)
}

// sendReset sets the password.
func (p *Pages) sendReset(v *visit) error {
	name, password := strings.TrimSpace(v.field("username", maxName)), v.field("password", maxWord)
	_, err := p.Users.ConfirmForgotPassword(v.ctx(), v.pool, v.client, name, v.answer("code"), password)
	v.note(userpool.EventPasswordChange, name, password, err)
	if err != nil {
		return v.refuse("/resetPassword", err)
	}
	v.forgetProgress()
	return v.see(v.pathWith("/login", map[string]string{"done": "reset.done"}))
}
