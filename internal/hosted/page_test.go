package hosted

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/store"
)

// TestTemplates fills in every page with all there is, and with nothing, so that a
// wrong name in a branch that is seldom taken does not hide.
func TestTemplates(t *testing.T) {
	w := newSite(t, setting{})
	user := &store.User{Sub: "s", Username: "ada", Attributes: map[string]string{"email": "ada@example.com"}}
	session := &oauth.Session{User: user, AuthTime: w.DB.Now()}
	newView := func(full bool) *view {
		v := &visit{pages: w.Pages, w: httptest.NewRecorder(), r: httptest.NewRequest("GET", "/login?a=1", nil), site: &oauth.Site{Pool: w.pool},
			pool: w.pool, client: w.client, owned: &owned{ClientID: w.client.ID, RedirectURI: callback, Session: session}, texts: w.locales.all[0]}
		if !full {
			v.owned.Session = &oauth.Session{User: user, AuthTime: w.DB.Now().Add(-time.Hour)}
			return &view{visit: v}
		}
		p := picture{Light: "/l", Dark: "/d"}
		return &view{visit: v, Failure: "f", Notice: "n", Wide: true, appearance: appearance{Favicon: "/f", Logo: p, HeaderLogo: p, FooterLogo: p,
			Layout: layout{Header: true, Footer: true, LanguageChoice: true, Dense: true}}}
	}
	fields := []field{{Name: "userAttributes.email", Label: "l", Hint: "h", Value: "v", Required: true, Wrong: true}, {}}
	rules := []string{"rule"}
	items := []item{{ID: "i", Name: "n", Detail: "d"}, {Kept: true}}
	pages := map[string][]func(bool) any{
		"login": {func(full bool) any {
			return &loginPage{view: newView(full), Name: "ada", Providers: []provider{{"P", "/p", "/i"}, {}}, CanSignUp: full}
		}, func(full bool) any { return &loginPage{view: newView(full), NameOnly: true} }},
		"accounts": {func(full bool) any { return &loginPage{view: newView(full), Session: session} }},
		"error":    {func(full bool) any { return newView(full) }},
		"signup": {func(full bool) any {
			return &signUpPage{view: newView(full), Fields: fields, Rules: rules, PasswordNeeded: full, TermsOfUse: "/t", PrivacyPolicy: "/p"}
		}, func(full bool) any { return &signUpPage{view: newView(full)} }},
		"confirm": {func(full bool) any { return &codePage{view: newView(full), Name: "ada", Destination: "d"} },
			func(full bool) any { return &codePage{view: newView(full)} }},
		"forgot": {func(full bool) any { return &forgotPage{view: newView(full), Name: "ada"} }},
		"reset": {func(full bool) any {
			return &codePage{view: newView(full), Name: "ada", Destination: "d", Rules: rules}
		},
			func(full bool) any { return &codePage{view: newView(full)} }},
		"passkey": {func(full bool) any { return &passkeyPage{view: newView(full), Options: "{}", Skip: true} },
			func(full bool) any { return &passkeyPage{view: newView(full)} }},
		"confirm_link": {func(full bool) any { return &confirmLinkPage{view: newView(full), Confirmed: true} },
			func(full bool) any { return &confirmLinkPage{view: newView(full), Username: "ada", Code: "1"} }},
		"signed_out": {func(full bool) any { return newView(full) }},
		"device":     {func(full bool) any { return &userCodePage{view: newView(full), UserCode: "WDJB-MJHT"} }},
		"account": {func(full bool) any {
			return &accountPage{view: newView(full), Name: "ada", Fields: fields, Unverified: []address{{"email", "Email", "a@b.example"}},
				Verifying: "email", HasPassword: full, SetPassword: true, Rules: rules, TakesPasskeys: true, Passkeys: items, TakesApp: true, HasApp: full,
				TracksDevices: true, Devices: items, TracksSessions: true, Sessions: items}
		}, func(full bool) any {
			return &accountPage{view: newView(full), TakesPasskeys: true, TakesApp: true, Secret: "S", QR: "data:,", TracksDevices: true, TracksSessions: true}
		}},
	}
	for _, state := range []store.DeviceState{store.DevicePending, store.DeviceAllowed, store.DeviceDenied, store.DeviceSpent} {
		pages["device_confirm"] = append(pages["device_confirm"], func(full bool) any {
			page := &consentPage{view: newView(full), Name: "ada", Scopes: []scopeText{{Name: "n", Text: "t"}, {Name: "n"}, {Text: "t"}}}
			page.pending = &oauth.Pending{Site: page.site, Device: &oauth.DeviceRequest{UserCode: "WDJB-MJHT", State: state}}
			return page
		})
	}
	for challenge, kind := range kinds {
		for _, resend := range []string{"", "first", "second"} {
			pages["challenge"] = append(pages["challenge"], func(full bool) any {
				return &challengePage{view: newView(full), Kind: kind.form, Resend: resend, Again: full, Remember: full, Choices: []string{"PASSWORD"},
					Fields: fields, Rules: rules, progress: progress{Challenge: challenge, Name: "ada", Values: map[string]string{"riddle": "r"}}}
			}, func(full bool) any {
				return &challengePage{view: newView(full), Kind: kind.form, Secret: "S", QR: "data:,", progress: progress{Challenge: challenge}}
			}, func(full bool) any {
				return &challengePage{view: newView(full), Kind: kind.form, progress: progress{Values: map[string]string{setUpFactor: "EMAIL_OTP"}}}
			})
		}
	}
	for name, template := range w.templates {
		if len(pages[name]) == 0 {
			t.Errorf("page %s is not tested", name)
		}
		for _, data := range pages[name] {
			for _, full := range []bool{true, false} {
				var out strings.Builder
				if err := template.ExecuteTemplate(&out, "layout", data(full)); err != nil {
					t.Errorf("page %s: %v", name, err)
				}
				for _, wrong := range []string{"ZgotmplZ", "%!", "<no value>"} {
					if strings.Contains(out.String(), wrong) {
						t.Errorf("page %s has %s:\n%s", name, wrong, out.String())
					}
				}
			}
		}
	}
}

// What is said of faults and of what went well has texts.
func TestSentences(t *testing.T) {
	w := newSite(t, setting{})
	english := w.locales.all[0].of
	for _, key := range slices.Concat(accountNotices, []string{"confirm.done", "reset.done", "sign_up.waits"}) {
		if english[key] == "" {
			t.Errorf("no text %s", key)
		}
	}
	for _, key := range sentences {
		if english[key] == "" {
			t.Errorf("no text %s", key)
		}
	}
	for _, key := range failures {
		if english[key] == "" {
			t.Errorf("no text %s", key)
		}
	}
}

// Every text is one that a page or a rule names.
func TestTextsAreNamed(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "page/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(source)
		}
	}
	made := regexp.MustCompile(`^((choose|mfa|setup)\.[A-Z_]+|label\..*|language)$`) // of parts
	all, err := readLocales()
	if err != nil {
		t.Fatal(err)
	}
	for key := range all.all[0].of {
		if !made.MatchString(key) && !strings.Contains(sources.String(), `"`+key+`"`) {
			t.Errorf("nothing says %s", key)
		}
	}
}
