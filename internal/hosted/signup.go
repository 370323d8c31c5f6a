package hosted

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// signUpPage is where people make an account of their own.
type signUpPage struct {
	*view
	Name           string
	NameType       string // of the field: text, email or tel
	NameFilled     string // what a browser may fill in there
	Fields         []field
	Rules          []string
	PasswordNeeded bool

	// TermsOfUse and PrivacyPolicy are links that are there both or not at all.
	TermsOfUse, PrivacyPolicy string
}

// showSignUp shows the form.
func (p *Pages) showSignUp(v *visit) error {
	if v.pool.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return v.fail(http.StatusForbidden, "error.no_sign_up")
	}
	base, err := v.view()
	if err != nil {
		return err
	}
	page := &signUpPage{
		view: base, Name: v.field("username", maxName), Fields: v.signUpFields(), Rules: v.passwordRules(),
		PasswordNeeded: !v.signsInByCode(),
	}
	page.NameType, page.NameFilled = v.nameForm()
	if page.TermsOfUse, page.PrivacyPolicy, err = v.terms(); err != nil {
		return err
	}
	return v.render(http.StatusOK, "signup", page)
}

// wrongField is the field that a fault is about, where that is known.
var wrongField = map[fault.Code]string{
	fault.UsernameExists: "username", fault.InvalidPassword: "password", fault.PasswordHistoryPolicyViolation: "password",
	fault.CodeMismatch: "code", fault.ExpiredCode: "code",
}

func wrongFieldOf(err error) string { return wrongField[fault.CodeOf(err)] }

// nameForm is the type of the field for the name that one signs up with, and what
// a browser may fill in.
func (v *visit) nameForm() (kind, filled string) {
	if len(v.pool.UsernameAttributes) == 1 {
		switch v.pool.UsernameAttributes[0] {
		case "email":
			return "email", "email"
		case "phone_number":
			return "tel", "tel"
		}
	}
	return "text", "username"
}

// SignUpLabel is what the name is that one signs up with. Aliases are for later.
func (p *signUpPage) SignUpLabel() string {
	if len(p.pool.UsernameAttributes) > 0 {
		return p.NameLabel()
	}
	return p.T("label.username")
}

// signsInByCode says whether an account can do without a password.
func (v *visit) signsInByCode() bool {
	return slices.ContainsFunc(v.pool.Policies.SignInPolicy.AllowedFirstAuthFactors, func(f string) bool {
		return f == userpool.FirstEmail || f == userpool.FirstSMS
	})
}

// signUpFields are the attributes that are asked for: those that the pool
// requires and, where none of them can get the code that confirms the account, the
// addresses that can.
func (v *visit) signUpFields() (fields []field) {
	var names []string
	reached := len(v.pool.AutoVerifiedAttributes) == 0
	for _, a := range v.pool.SchemaAttributes {
		if a.Required && a.Name != "sub" {
			names = append(names, a.Name)
		}
		reached = reached || slices.Contains(v.pool.AutoVerifiedAttributes, a.Name) &&
			(a.Required || slices.Contains(v.pool.UsernameAttributes, a.Name))
	}
	for _, name := range names {
		switch isName := slices.Contains(v.pool.UsernameAttributes, name); {
		case isName && len(v.pool.UsernameAttributes) == 1: // it is asked for already
		default:
			fields = append(fields, v.attributeField(name, !isName))
		}
	}
	if reached {
		return fields
	}
	only := len(v.pool.AutoVerifiedAttributes) == 1
	for _, name := range v.pool.AutoVerifiedAttributes {
		if v.client.Writes(name) {
			fields = append(fields, v.attributeField(name, only))
		}
	}
	return fields
}

// terms are the client's documents in the visitor's language.
func (v *visit) terms() (use, privacy string, err error) {
	if use, err = v.termsLink("terms-of-use"); err != nil || use == "" {
		return "", "", err
	}
	if privacy, err = v.termsLink("privacy-policy"); err != nil || privacy == "" {
		return "", "", err
	}
	return use, privacy, nil
}

// termsLanguages are the names of languages in the links of terms.
var termsLanguages = map[string]string{
	"de": "german", "en": "english", "es": "spanish", "fr": "french", "id": "bahasa-indonesia", "it": "italian", "ja": "japanese",
	"ko": "korean", "nl": "dutch", "pt-BR": "portuguese-brazil", "zh-CN": "chinese-simplified", "zh-TW": "chinese-traditional",
}

func (v *visit) termsLink(name string) (string, error) {
	terms, err := v.pages.Pools.TermsOf(v.r.Context(), v.pool.ID, v.client.ID, name)
	if isNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if link := terms.Links["cognito:"+termsLanguages[v.texts.Tag]]; link != "" {
		return link, nil
	}
	return terms.Links["cognito:default"], nil
}

// Terms says what one agrees to, with links to it.
func (p *signUpPage) Terms() template.HTML {
	return p.texts.linked("sign_up.terms", ` target="_blank" rel="noopener"`, p.TermsOfUse, p.PrivacyPolicy)
}

// sendSignUp makes the account.
func (p *Pages) sendSignUp(v *visit) error {
	up := userpool.SignUp{
		Pool: v.pool, Client: v.client, Username: strings.TrimSpace(v.field("username", maxName)),
		Password: v.field("password", maxWord), Attributes: map[string]string{},
	}
	most := map[string]int{"username": maxName, "password": maxWord}
	for _, f := range v.signUpFields() {
		most[f.Name] = maxValue
		if f.Value != "" {
			up.Attributes[strings.TrimPrefix(f.Name, attributePrefix)] = f.Value
		}
	}
	err := v.checkFields(most)
	if err == nil && up.Username == "" {
		err = fault.New(fault.InvalidParameter, "Username is required.")
	}
	var done *userpool.SignedUp
	if err == nil {
		done, err = p.Users.SignUp(v.ctx(), up)
	}
	if err != nil {
		return v.refuse("/signup", err)
	}
	v.note(userpool.EventSignUp, done.User.Sub, up.Password, nil)
	switch {
	case done.User.Status == userpool.StatusConfirmed && up.Password != "":
		return p.signInAfter(v, up.Username, "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": up.Password}, "", "confirm.done")
	case done.User.Status == userpool.StatusConfirmed:
		return v.see(v.pathWith("/login", map[string]string{"done": "confirm.done"}))
	case done.Delivery == nil:
		return v.see(v.pathWith("/login", map[string]string{"done": "sign_up.waits"}))
	}
	values := map[string]string{sentTo: done.Delivery.Destination}
	if up.Password != "" {
		if values[signedUp], err = p.SignIn.HostedSignedUp(v.ctx(), v.pool, v.client, done.User, up.Password); err != nil {
			return err
		}
	}
	return v.toConfirm(up.Username, values)
}

// signInAfter signs a user in who has just given a proof. If that does not do, the
// sign-in page tells what was achieved.
func (p *Pages) signInAfter(v *visit, name, flow string, parameters map[string]string, session, achieved string) error {
	relyingParty, err := v.relyingParty()
	if err != nil {
		return err
	}
	parameters["USERNAME"] = name
	outcome, err := p.SignIn.Start(v.ctx(), signin.Start{
		Pool: v.pool, Client: v.client, Hosted: true, Flow: flow, Parameters: parameters, Session: session,
		RelyingParty: relyingParty, Origin: p.Origin(v.r), Browsers: v.browsers(),
	})
	if err != nil {
		if text, _ := sentenceOf(err); text == "" {
			return err
		}
		v.forgetProgress()
		return v.see(v.pathWith("/login", map[string]string{"done": achieved}))
	}
	return v.goOn(outcome, name)
}
