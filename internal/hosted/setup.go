package hosted

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"

	"rsc.io/qr"

	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A user who must set up a second factor chooses one, unless there is but one. An
// app gets its key on the page; an address gets a code. What was chosen is in the
// progress, under these names beside the machine's own.
const (
	setUpFactor = "factor" // what is being set up
	setUpSecret = "secret" // the key of the app
)

// setUpChoices are the factors that can be set up on a page: numbers for text
// messages are an administrator's to add.
func setUpChoices(state *progress) []string {
	return slices.DeleteFunc(list(state.Values["MFAS_CAN_SETUP"]), func(f string) bool { return f == userpool.FactorSMS })
}

// fillSetUp fills in what the page of MFA_SETUP shows.
func (v *visit) fillSetUp(page *challengePage) error {
	page.Choices = setUpChoices(&page.progress)
	page.Secret = page.Values[setUpSecret]
	if page.Secret == "" {
		return nil
	}
	var err error
	page.QR, err = qrImage(v.App(), page.Name, page.Secret)
	return err
}

// qrImage is the key of an app as an image, a data URL.
func qrImage(app, name, secret string) (string, error) {
	code, err := qr.Encode(tokenURL(app, name, secret), qr.M)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	return svg(code), nil
}

// App is what the app shows that the codes are for.
func (v *visit) App() string {
	if v.client != nil {
		return v.client.Name
	}
	return v.pool.Name
}

// tokenURL is the key as authenticator apps scan it (the Key Uri Format of Google
// Authenticator).
func tokenURL(app, name, secret string) string {
	label := url.PathEscape(strings.ReplaceAll(app, ":", " ") + ":" + name)
	return "otpauth://totp/" + label + "?secret=" + secret + "&issuer=" + url.QueryEscape(app)
}

// QRSource is the QR code as an image that html/template lets pass: it is ours.
func (p *challengePage) QRSource() template.URL { return template.URL(p.QR) } //nolint:gosec // made by svg

// svg draws a QR code, as a data URL.
func svg(code *qr.Code) string {
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	image := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path d="%s"/></svg>`,
		code.Size, code.Size, path.String())
	return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(image))
}

// sendSetUp takes a choice, a code of the new app, or an address.
func (p *Pages) sendSetUp(v *visit, state *progress) error {
	choices := setUpChoices(state)
	if chosen := v.field("factor", maxCode); slices.Contains(choices, chosen) {
		return p.chooseSetUp(v, state, chosen)
	}
	switch state.Values[setUpFactor] {
	case userpool.FactorToken:
		code := v.answer("app")
		session, err := p.SignIn.VerifyToken(v.ctx(), v.setUp(state), code, v.field("name", maxName))
		if err != nil {
			return p.refuseAnswer(v, state, err)
		}
		return p.finishSetUp(v, state, session, map[string]string{})
	case userpool.FactorEmail:
		return p.finishSetUp(v, state, state.Session, map[string]string{"EMAIL": strings.TrimSpace(v.field("answer", maxValue))})
	}
	return v.see(v.path("/challenge"))
}

func (v *visit) setUp(state *progress) signin.SetUp {
	return signin.SetUp{Pool: v.pool, Client: v.client, Hosted: true, Session: state.Session}
}

// chooseSetUp notes what will be set up, and gets the key of an app.
func (p *Pages) chooseSetUp(v *visit, state *progress, factor string) error {
	next := *state
	next.Values = maps.Clone(state.Values)
	next.Values[setUpFactor] = factor
	if factor == userpool.FactorToken {
		secret, session, err := p.SignIn.AssociateToken(v.ctx(), v.setUp(state))
		if err != nil {
			return p.refuseAnswer(v, state, err)
		}
		next.Session, next.Values[setUpSecret] = session, secret
	}
	return v.goOnTo(next)
}

// finishSetUp answers MFA_SETUP.
func (p *Pages) finishSetUp(v *visit, state *progress, session string, responses map[string]string) error {
	done := *state
	done.Session = session
	outcome, err := p.respond(v, &done, responses)
	if err != nil {
		return p.refuseAnswer(v, state, err)
	}
	return v.goOn(outcome, state.Name)
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
