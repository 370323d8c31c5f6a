package hosted

import (
	"strings"
)

// field is an attribute in a form.
type field struct {
	Name, Label, Type, Autocomplete, Hint, Value string
	Required, Wrong                              bool
}

// attributeForms are how attributes are asked for: the type of the field, and what
// a browser may fill in.
var attributeForms = map[string]struct{ kind, autocomplete, hint string }{
	"email":              {"email", "email", ""},
	"phone_number":       {"tel", "tel", "hint.phone_number"},
	"name":               {"text", "name", ""},
	"given_name":         {"text", "given-name", ""},
	"family_name":        {"text", "family-name", ""},
	"middle_name":        {"text", "additional-name", ""},
	"nickname":           {"text", "nickname", ""},
	"preferred_username": {"text", "username", ""},
	"birthdate":          {"date", "bday", ""},
	"gender":             {"text", "sex", ""},
	"locale":             {"text", "language", ""},
	"address":            {"text", "street-address", ""},
	"website":            {"url", "url", ""},
	"picture":            {"url", "photo", ""},
	"profile":            {"url", "url", ""},
}

// attributeField is the field of an attribute, with what was typed before.
func (v *visit) attributeField(name string, required bool) field {
	f := field{Name: attributePrefix + name, Type: "text", Autocomplete: "off", Required: required, Value: v.attributeValue(name)}
	if form, ok := attributeForms[name]; ok {
		f.Type, f.Autocomplete = form.kind, form.autocomplete
		if form.hint != "" {
			f.Hint = v.texts.text(form.hint)
		}
	}
	f.Label = v.attributeLabel(name)
	return f
}

// attributeLabel is what an attribute is called: a custom one by its own name.
func (v *visit) attributeLabel(name string) string {
	if custom, ok := strings.CutPrefix(name, "custom:"); ok {
		return custom
	}
	return v.texts.text("label." + name)
}

// attributeValue is what was typed for an attribute.
func (v *visit) attributeValue(name string) string {
	return strings.TrimSpace(v.field(attributePrefix+name, maxValue))
}

// passwordRules are what the pool wants of passwords.
func (v *visit) passwordRules() []string {
	policy := v.pool.Policies.PasswordPolicy
	rules := []string{v.texts.text("password.length", "n", policy.MinimumLength)}
	for _, rule := range []struct {
		wanted bool
		key    string
	}{
		{policy.RequireLowercase, "password.lower"},
		{policy.RequireUppercase, "password.upper"},
		{policy.RequireNumbers, "password.number"},
		{policy.RequireSymbols, "password.symbol"},
	} {
		if rule.wanted {
			rules = append(rules, v.texts.text(rule.key))
		}
	}
	return rules
}

// NameLabel is what one signs in with: the username, and the addresses that are
// as good.
func (v *visit) NameLabel() string {
	key := "label.username"
	names := v.pool.UsernameAttributes
	if len(names) == 0 {
		names = v.pool.AliasAttributes
	} else {
		key = ""
	}
	for _, name := range []string{"email", "phone_number"} {
		for _, has := range names {
			if has == name {
				key += "_or_" + name
			}
		}
	}
	switch key {
	case "_or_email":
		key = "label.email"
	case "_or_phone_number":
		key = "label.phone_number"
	case "_or_email_or_phone_number":
		key = "label.email_or_phone_number"
	case "label.username_or_email_or_phone_number":
		key = "label.username_email_or_phone_number"
	}
	return v.texts.text(key)
}

// shownName is how a page addresses a user: by an address or the name that was
// chosen, never by the made-up one.
func shownName(user map[string]string, username string) string {
	for _, attribute := range []string{"email", "phone_number", "preferred_username", "name"} {
		if value := user[attribute]; value != "" {
			return value
		}
	}
	return username
}

// ShownName is how the page addresses the user of the browser's session.
func (p *loginPage) ShownName() string {
	return shownName(p.Session.User.Attributes, p.Session.User.Username)
}

// Initial is the first letter of that.
func (p *loginPage) Initial() string {
	for _, letter := range p.ShownName() {
		return strings.ToUpper(string(letter))
	}
	return ""
}

// Other is the page for signing in as somebody else.
func (p *loginPage) Other() string { return p.pathWith("/login", map[string]string{"other": "1"}) }

// Shown are the public parameters of a custom challenge.
func (p *challengePage) Shown() (pairs []pair) {
	for _, name := range sortedKeys(p.Values) {
		if name != "USERNAME" && p.Values[name] != "" {
			pairs = append(pairs, pair{name, p.Values[name]})
		}
	}
	return pairs
}
