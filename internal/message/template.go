package message

import (
	"cmp"
	"html"
	"strings"
)

// The media of a message, as the Cognito API names them.
const (
	Email = "EMAIL"
	SMS   = "SMS"
)

// Template is the text of a message before its values are put in: {####}
// stands for the code or the temporary password, {username} for the name. The
// body of an email is HTML, that of a text message is plain.
type Template struct {
	Subject string // of an email
	Body    string
}

// The texts Cognito uses where a pool sets none (developer guide,
// "Configuring verification and invitation messages"). The trailing space is
// Cognito's.
var (
	DefaultVerification = Template{
		Subject: "Your verification code",
		Body:    "Your verification code is {####}. ",
	}
	DefaultInvitation = Template{
		Subject: "Your temporary password",
		Body:    "Your username is {username} and temporary password is {####}. ",
	}
	DefaultAuthentication = Template{
		Subject: "Your authentication code",
		Body:    "Your authentication code is {####}. ",
	}
)

// Or fills the empty fields of t from d.
func (t Template) Or(d Template) Template {
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

// fill replaces in one pass, so that a value that looks like a placeholder
// stays what it is.
func fill(text, code, username string) string {
	return strings.NewReplacer("{####}", code, "{username}", username).Replace(text)
}
