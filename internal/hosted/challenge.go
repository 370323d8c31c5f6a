package hosted

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// challengePage is the page of a challenge. Each challenge has a template of its
// own name in page/challenge.html.
type challengePage struct {
	*view
	progress
	Kind    string   // which of the forms below
	Step    string   // of the sign-in, which the form is for
	Choices []string // to choose from
	Secret  string   // of an authenticator app that is set up
	QR      string   // the same as an image, a data URL
	Fields  []field  // attributes that are missing
	Rules   []string // of passwords

	Remember bool   // whether to ask if the device shall be remembered
	Resend   string // how another code can be had: "first", "second" or ""
	Again    bool   // another way to sign in can be chosen
}

// kinds are the forms of the challenges, and the response that what was typed
// becomes; "" for those that are more than one field.
var kinds = map[string]struct{ form, response string }{
	"SELECT_CHALLENGE":      {"choose", "ANSWER"},
	"PASSWORD":              {"password", "PASSWORD"},
	"EMAIL_OTP":             {"code", "EMAIL_OTP_CODE"},
	"SMS_OTP":               {"code", "SMS_OTP_CODE"},
	"SMS_MFA":               {"code", "SMS_MFA_CODE"},
	"SOFTWARE_TOKEN_MFA":    {"app", "SOFTWARE_TOKEN_MFA_CODE"},
	"SELECT_MFA_TYPE":       {"second", "ANSWER"},
	"WEB_AUTHN":             {"passkey", "CREDENTIAL"},
	"CUSTOM_CHALLENGE":      {"custom", "ANSWER"},
	"NEW_PASSWORD_REQUIRED": {"new_password", ""},
	"MFA_SETUP":             {"setup", ""},
}

// showChallenge shows the form of the challenge that waits.
func (p *Pages) showChallenge(v *visit) error {
	state, err := v.progress()
	if err != nil {
		return err
	}
	if state == nil {
		return v.see(v.path("/login"))
	}
	base, err := v.view()
	if err != nil {
		return err
	}
	page := &challengePage{view: base, progress: *state, Kind: kinds[state.Challenge].form, Step: v.stepOf(state)}
	page.Remember, page.Again = v.asksToRemember(state), v.choosesFactor() && len(state.Available) > 0 && page.Kind != "choose"
	if page.Kind == "code" {
		if page.Resend = "second"; len(state.Available) > 0 {
			page.Resend = "first"
		}
		if page.Failure == "" && state.Values[resent] != "" {
			page.Notice = v.texts.text("confirm.resent", "destination", state.Values["CODE_DELIVERY_DESTINATION"])
		}
	}
	switch page.Kind {
	case "choose":
		page.Choices = slices.DeleteFunc(slices.Clone(state.Available), func(f string) bool { return f == userpool.FirstSRP })
	case "second":
		page.Choices = list(state.Values["MFAS_CAN_CHOOSE"])
	case "setup":
		if err := v.fillSetUp(page); err != nil {
			return err
		}
	case "new_password":
		page.Rules = v.passwordRules()
		for _, name := range list(state.Values["requiredAttributes"]) {
			page.Fields = append(page.Fields, v.attributeField(strings.TrimPrefix(name, attributePrefix), true))
		}
	case "":
		return v.see(v.path("/login"))
	}
	return v.render(http.StatusOK, "challenge", page)
}

// attributePrefix marks attributes among the responses to NEW_PASSWORD_REQUIRED.
const attributePrefix = "userAttributes."

// list reads a list that is a challenge's parameter.
func list(text string) (items []string) {
	_ = json.Unmarshal([]byte(text), &items) // the machine wrote it; what is no list is empty
	return items
}

// sendChallenge takes the answer to the challenge that waits.
func (p *Pages) sendChallenge(v *visit) error {
	state, err := v.progress()
	if err != nil {
		return err
	}
	if state == nil {
		return p.late(v)
	}
	if v.field("step", maxName) != v.stepOf(state) { // sent twice, or from another tab
		return v.see(v.path("/challenge"))
	}
	if state.Challenge == userpool.MFASetup {
		return p.sendSetUp(v, state)
	}
	if v.r.PostForm.Has("resend") {
		return p.resendCode(v, state)
	}
	responses := map[string]string{}
	kind := kinds[state.Challenge]
	switch {
	case kind.response != "":
		responses[kind.response] = v.answer(kind.form)
	case kind.form == "new_password":
		responses["NEW_PASSWORD"] = v.field("password", maxWord)
		for _, name := range list(state.Values["requiredAttributes"]) {
			responses[name] = v.attributeValue(strings.TrimPrefix(name, attributePrefix))
		}
	}
	outcome, err := p.respond(v, state, responses)
	if err != nil {
		return p.refuseAnswer(v, state, err)
	}
	return v.goOn(outcome, state.Name)
}

// resendCode sends another code for the second factor.
func (p *Pages) resendCode(v *visit, state *progress) error {
	outcome, err := p.SignIn.Resend(v.ctx(), v.setUp(state))
	if err != nil {
		return p.refuseAnswer(v, state, err)
	}
	outcome.Parameters[resent] = "1"
	return v.goOn(outcome, state.Name)
}

// answer is what was typed, or chosen.
func (v *visit) answer(form string) string {
	switch form {
	case "passkey":
		return v.field("answer", maxForm)
	case "code", "app":
		return strings.Join(strings.Fields(v.field("answer", maxCode)), "") // apps show codes in groups
	case "custom":
		return v.field("answer", maxValue)
	}
	return v.field("answer", maxWord)
}

func (p *Pages) respond(v *visit, state *progress, responses map[string]string) (*signin.Outcome, error) {
	responses["USERNAME"] = state.Name
	return p.SignIn.Respond(v.ctx(), signin.Response{
		Pool: v.pool, Client: v.client, Hosted: true, Challenge: state.Challenge, Session: state.Session,
		Responses: responses, Origin: p.Origin(v.r), Browsers: v.browsers(),
	})
}

// refuseAnswer leads to the form again, or to the beginning if the session is over.
func (p *Pages) refuseAnswer(v *visit, state *progress, err error) error {
	text, _ := sentenceOf(err)
	if text == "error.session" || text == "error.code_used" {
		if led, err := v.leadAsFirst(); led || err != nil {
			return err
		}
	}
	if text == "error.session" {
		return p.late(v)
	}
	return v.refused(err, state.Name, "/challenge")
}

// late is the answer to a form whose sign-in is over: finished, by a form that was
// sent twice, or too old.
func (p *Pages) late(v *visit) error {
	session, err := p.OAuth.Session(v.r)
	if err != nil {
		return err
	}
	if session != nil && p.OAuth.TakesOver(v.pending, session) && !v.pending.Asks("login") {
		if to := v.returned(); to != "" {
			return v.see(to)
		}
		p.OAuth.Continue(v.w, v.r, v.pending, session)
		return nil
	}
	v.forgetProgress()
	return v.refuse("/login", errOver)
}

// errOver is for a form whose sign-in is over.
var errOver = fault.New(fault.NotAuthorized, "Invalid session for the user.")
