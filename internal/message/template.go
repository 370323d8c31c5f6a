package message

import (
	"cmp"
	"html"
	"regexp"
	"strings"
)

// The media of a message, as the Cognito API names them.
const (
	Email = "EMAIL"
	SMS   = "SMS"
)

// Template is the text of a message before its values are put in: {####}
// stands for the code or the temporary password, {username} for the name, and
// {##text##} for a link with that text. The body of an email is HTML, that of a
// text message is plain.
type Template struct {
	Subject string `json:"subject"` // of an email
	Body    string `json:"body"`
}

// Or fills the empty fields of t from the deployment's text of a kind: in the
// language of a locale where t is empty, and in English where it has a text of its
// own, so that a message has one language.
func (t Template) Or(k Kind, locale string) Template {
	if t.Subject != "" || t.Body != "" {
		locale = english
	}
	d := Default(k, locale)
	return Template{Subject: cmp.Or(t.Subject, d.Subject), Body: cmp.Or(t.Body, d.Body)}
}

// Render puts a code, or a temporary password, and a username into the
// template. Values that go into the HTML of an email are escaped, and none can
// break a subject line.
func (t Template) Render(medium, code, username string) (subject, body string) {
	if medium == SMS {
		return "", fill(t.Body, code, username)
	}
	subject = strings.NewReplacer("\r", " ", "\n", " ").Replace(fill(t.Subject, code, username))
	return subject, fill(t.Body, html.EscapeString(code), html.EscapeString(username))
}

var linkPattern = regexp.MustCompile(`\{##(.*?)##\}`)

// RenderLink is Render for an email with a link.
func (t Template) RenderLink(link, username string) (subject, body string) {
	subject, _ = t.Render(Email, "", username)
	var b strings.Builder
	end := 0
	for _, at := range linkPattern.FindAllStringSubmatchIndex(t.Body, -1) {
		b.WriteString(fill(t.Body[end:at[0]], "", html.EscapeString(username)))
		b.WriteString(`<a href="` + html.EscapeString(link) + `">` + t.Body[at[2]:at[3]] + `</a>`)
		end = at[1]
	}
	b.WriteString(fill(t.Body[end:], "", html.EscapeString(username)))
	return subject, b.String()
}

// fill replaces in one pass, so that a value that looks like a placeholder
// stays what it is.
func fill(text, code, username string) string {
	return strings.NewReplacer("{####}", code, "{username}", username).Replace(text)
}
