package hosted

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// accountPage is where users look after their account. What it shows and takes of
// their attributes is what the client may read and write.
type accountPage struct {
	*view
	Name        string
	Fields      []field
	Unverified  []address
	Verifying   string // the attribute that a code was sent for, or ""
	HasPassword bool
	SetPassword bool // or another one
	Rules       []string

	TakesPasskeys bool
	Passkeys      []item

	TakesApp, HasApp bool
	Secret, QR       string // of an app that is being set up

	TracksDevices bool
	Devices       []item

	TracksSessions bool
	Sessions       []item
}

// address is an attribute that codes can go to.
type address struct{ Attribute, Label, Value string }

// item is a row of a list from which things can be removed.
type item struct {
	ID, Name, Detail string
	Kept             bool // it cannot be removed here
}

// notices of the account page, by the parameter done.
var accountNotices = []string{"account.saved", "account.password_changed", "account.verified", "account.app_on", "account.app_off",
	"account.removed", "passkey.added"}

// showAccount shows the page.
func (p *Pages) showAccount(v *visit) error {
	base, err := v.view()
	if err != nil {
		return err
	}
	base.Wide = true
	u := v.user()
	page := &accountPage{view: base, Name: shownName(u.Attributes, u.Username), HasPassword: u.SealedPassword != "", Rules: v.passwordRules()}
	page.SetPassword = page.HasPassword || v.Fresh() && u.Status == userpool.StatusConfirmed
	if done := v.r.URL.Query().Get("done"); slices.Contains(accountNotices, done) && page.Failure == "" {
		page.Notice = v.texts.text(done)
	}
	page.fillProfile()
	for _, fill := range []func(context.Context) error{page.fillPasskeys, page.fillApp, page.fillDevices, page.fillSessions} {
		if err := fill(v.r.Context()); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, "account", page)
}

// editable says whether the user may change an attribute here.
func (v *visit) editable(a userpool.SchemaAttribute) bool {
	return a.Mutable && v.client.Writes(a.Name) && v.client.Reads(a.Name) && a.Name != "updated_at"
}

// fillProfile fills in the attributes: as they are, or as they were typed.
func (p *accountPage) fillProfile() {
	have := p.user().Attributes
	for _, a := range p.pool.SchemaAttributes {
		if !p.editable(a) {
			continue
		}
		f := p.attributeField(a.Name, a.Required && have[a.Name] != "")
		if !p.wasTyped(f.Name) {
			f.Value = have[a.Name]
		}
		p.Fields = append(p.Fields, f)
	}
	for _, name := range []string{"email", "phone_number"} {
		if have[name] != "" && have[name+"_verified"] != "true" && p.client.Reads(name) {
			p.Unverified = append(p.Unverified, address{name, p.attributeLabel(name), have[name]})
		}
	}
	if verifying := p.r.URL.Query().Get("verify"); verifying == "email" || verifying == "phone_number" {
		p.Verifying = verifying
	}
}

// fillPasskeys lists the user's passkeys.
func (p *accountPage) fillPasskeys(ctx context.Context) error {
	if p.TakesPasskeys = p.pool.SignsInWithPasskeys(); !p.TakesPasskeys {
		return nil
	}
	rows, _, err := p.pages.Users.Passkeys(ctx, p.pool, p.user(), "", userpool.MaxPasskeyPage)
	for _, row := range rows {
		p.Passkeys = append(p.Passkeys, item{ID: row.ID, Name: row.Name, Detail: p.T("account.since", "time", day(row.CreatedAt))})
	}
	return err
}

// fillApp shows the authenticator app, or the one that is being set up.
func (p *accountPage) fillApp(context.Context) error {
	u := p.user()
	p.HasApp = slices.Contains(u.MFA.Enabled, userpool.FactorToken)
	if _, err := p.pool.NewToken(); err == nil {
		p.TakesApp = true
	}
	state, err := p.progressOf(addingApp)
	if err != nil || state == nil || !p.TakesApp || !p.Fresh() || state.Values["sub"] != u.Sub || !p.r.URL.Query().Has("app") {
		return err
	}
	p.Secret = state.Values[setUpSecret]
	p.QR, err = qrImage(p.App(), p.Name, p.Secret)
	return err
}

// fillDevices lists the devices that are known of the user.
func (p *accountPage) fillDevices(ctx context.Context) error {
	if p.TracksDevices = p.pool.TracksDevices(); !p.TracksDevices {
		return nil
	}
	rows, _, err := p.pages.Users.ListDevices(ctx, p.pool, p.user().Sub, "", userpool.MaxDevicePage)
	slices.SortFunc(rows, func(a, b *store.Device) int { return b.AuthenticatedAt.Compare(a.AuthenticatedAt) })
	for _, row := range rows {
		name := row.Name
		if name == "" {
			name = row.Key
		}
		p.Devices = append(p.Devices, item{ID: row.Key, Name: name, Detail: p.T("account.last_used", "time", day(row.AuthenticatedAt))})
	}
	return err
}

// fillSessions lists the user's sessions, in pools that keep records of them.
func (p *accountPage) fillSessions(ctx context.Context) error {
	if p.TracksSessions = p.pool.TracksSessions(); !p.TracksSessions {
		return nil
	}
	rows, err := p.pages.Tokens.Sessions(ctx, p.pool, p.user(), "")
	for _, row := range rows {
		p.Sessions = append(p.Sessions, item{ID: row.ID, Name: row.DeviceType,
			Detail: p.T("account.last_used", "time", day(row.LastActiveAt)), Kept: p.isThisSession(row)})
	}
	return err
}

// isThisSession says whether a session is the browser's own.
func (v *visit) isThisSession(s token.Session) bool {
	return s.Kind == store.SSOSession && s.ID == token.SSOSessionID(v.owned.Session.ID)
}

// day is a time as pages show it: the same in all languages.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// row is an item of a list with the page around it.
type row struct {
	*accountPage
	Item   item
	Action string // what the button asks for
}

// Row puts an item into the page.
func (p *accountPage) Row(i item, action string) row { return row{p, i, action} }

// AddPasskey is the page that adds one and leads back here.
func (p *accountPage) AddPasskey() string {
	return p.pathWith("/passkeys/add", map[string]string{"from": "account"})
}

// QRSource is the QR code of a new app.
func (p *accountPage) QRSource() template.URL { return template.URL(p.QR) } //nolint:gosec // made by qrImage

// BackTo is the application that the user came from, if it has a web page.
func (p *accountPage) BackTo() string {
	if to := p.owned.RedirectURI; strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://") {
		return to
	}
	return ""
}
