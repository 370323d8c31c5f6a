package hosted

import (
	"bytes"
	"image"
	"image/png"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// picturePNG is an image.
func picturePNG(t *testing.T, width int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var lookPattern = regexp.MustCompile(`href="/_domain/demo(/assets/look\.css\?[^"]+)"`)

// sheet shows the login page and returns it with its style sheet, as anybody sees
// both two seconds later.
func (b *browser) sheet() (page, sheet string) {
	b.t.Helper()
	b.advance(2 * time.Second)
	b.authorize()
	page = b.page.body
	found := lookPattern.FindStringSubmatch(page)
	if found == nil {
		b.t.Fatalf("no style sheet:\n%s", page)
	}
	b.get(strings.ReplaceAll(found[1], "&amp;", "&"))
	if got := b.page.header.Get("Content-Type"); b.page.status != 200 || got != "text/css; charset=utf-8" {
		b.t.Fatalf("%d %s", b.page.status, got)
	}
	return page, b.page.body
}

// wantImage checks that an image on the page is the one that was set.
func (b *browser) wantImage(pattern, text string, data []byte) {
	b.t.Helper()
	found := regexp.MustCompile(pattern + `"?\(?/_poolhouse/images/` + b.pool.ID + `/([^")]+)`).FindStringSubmatch(text)
	if found == nil {
		b.t.Errorf("no %s in\n%s", pattern, text)
		return
	}
	got, _, err := b.Pools.Image(b.t.Context(), b.pool.ID, found[1])
	b.must(err)
	if !bytes.Equal(got, data) {
		b.t.Errorf("%s is another image", pattern)
	}
}

// The classic customization: classes of Cognito's template, and a logo; of the
// client, or of all clients.
func TestClassicCustomization(t *testing.T) {
	b := newSite(t, setting{}).browser()
	_, err := b.Pools.UpdateDomain(t.Context(), b.pool.ID, "demo", userpool.DomainSettings{ManagedLoginVersion: new(1)})
	b.must(err)
	logo := picturePNG(t, 8)
	const css = ".submitButton-customizable { background-color: #123456; } .background-customizable { background-color: #fedcba; }"
	_, err = b.Pools.SetUICustomization(t.Context(), b.pool.ID, userpool.AllClients, css, logo)
	b.must(err)
	page, sheet := b.sheet()
	if !strings.Contains(sheet, css) {
		t.Errorf("the sheet lacks the customization:\n%s", sheet)
	}
	b.wantImage("logo-customizable [A-Z]+\" src=", page, logo)

	own := picturePNG(t, 16)
	_, err = b.Pools.SetUICustomization(t.Context(), b.pool.ID, b.client.ID, ".label-customizable { font-weight: 100; }", own)
	b.must(err)
	page, sheet = b.sheet()
	if strings.Contains(sheet, "#123456") || !strings.Contains(sheet, "font-weight: 100") {
		t.Errorf("the sheet is not the client's:\n%s", sheet)
	}
	b.wantImage("logo-customizable [A-Z]+\" src=", page, own)
}

// Every class that a classic style sheet may speak of, and that has something on
// our pages to speak of, is in the templates.
func TestClassicClassesAreThere(t *testing.T) {
	var all strings.Builder
	entries, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := pageFiles.ReadFile("page/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, class := range []string{
		"logo", "banner", "label", "textDescription", "legalText", "submitButton", "errorMessage", "inputField", "idpButton",
		"redirect", "background",
	} {
		if !strings.Contains(all.String(), class+"-customizable") {
			t.Errorf("%s-customizable is nowhere", class)
		}
	}
}

// A style of managed login: colors of both schemes, corners, where the form is, and
// images.
func TestManagedLoginBranding(t *testing.T) {
	b := newSite(t, setting{}).browser()
	_, err := b.Pools.UpdateDomain(t.Context(), b.pool.ID, "demo", userpool.DomainSettings{ManagedLoginVersion: new(2)})
	b.must(err)
	plain, sheet := b.sheet()
	if strings.Contains(sheet, "0a0b0cff") || !strings.Contains(plain, `class="h-CENTER v-CENTER"`) {
		t.Fatalf("the look of nobody:\n%s\n%s", plain, sheet)
	}
	light, dark, icon, behind := picturePNG(t, 1), picturePNG(t, 2), picturePNG(t, 3), picturePNG(t, 4)
	style, err := b.Pools.CreateBranding(t.Context(), b.pool.ID, b.client.ID, userpool.BrandingChange{
		Settings: []byte(`{
			"categories": {
				"form": {"location": {"horizontal": "START", "vertical": "END"}, "languageSelector": {"enabled": true}},
				"global": {"colorSchemeMode": "DYNAMIC", "spacingDensity": "COMPACT", "pageHeader": {"enabled": true}}
			},
			"components": {
				"primaryButton": {
					"lightMode": {"defaults": {"backgroundColor": "0A0B0CFF", "textColor": "FFFFFFFF"}},
					"darkMode": {"defaults": {"backgroundColor": "D0E0F0FF", "textColor": "000000FF"}}
				},
				"form": {"borderRadius": 21, "logo": {"enabled": true, "location": "END", "formInclusion": "IN"}},
				"pageBackground": {"image": {"enabled": true}},
				"pageHeader": {"logo": {"enabled": true}}
			}}`),
		Assets: []userpool.BrandingAsset{
			{Category: "FORM_LOGO", ColorMode: "LIGHT", Extension: "PNG", Bytes: light},
			{Category: "FORM_LOGO", ColorMode: "DARK", Extension: "PNG", Bytes: dark},
			{Category: "PAGE_HEADER_LOGO", ColorMode: "DYNAMIC", Extension: "PNG", Bytes: icon},
			{Category: "PAGE_BACKGROUND", ColorMode: "DYNAMIC", Extension: "PNG", Bytes: behind},
		},
	})
	b.must(err)
	page, sheet := b.sheet()
	first, second, ok := strings.Cut(sheet, "@media (prefers-color-scheme:dark)")
	if !ok || !strings.Contains(first, "--primaryButton-defaults-backgroundColor:#0a0b0cff") ||
		!strings.Contains(second, "--primaryButton-defaults-backgroundColor:#d0e0f0ff") || !strings.Contains(first, "--form-borderRadius:21px") {
		t.Errorf("sheet\n%s", sheet)
	}
	for _, want := range []string{`class="h-START v-END"`, `class="dense"`, `<header class="band">`, `logo-customizable END`, `<select id="lang"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s\n%s", want, page)
		}
	}
	b.wantImage(`<img class="logo logo-customizable END" src=`, page, light)
	b.wantImage(`<source srcset=`, page[strings.Index(page, "banner-customizable"):], dark)
	b.wantImage(`<img src=`, page, icon)
	b.wantImage(`body\{background-image:url`, sheet, behind)

	for mode, want := range map[string]string{"LIGHT": "#0a0b0cff", "DARK": "#d0e0f0ff"} {
		_, err := b.Pools.UpdateBranding(t.Context(), b.pool.ID, style.ID, userpool.BrandingChange{
			Settings: []byte(`{"categories": {"global": {"colorSchemeMode": "` + mode + `"}}}`)})
		b.must(err)
		page, sheet := b.sheet()
		if strings.Contains(sheet, "prefers-color-scheme") || !strings.Contains(sheet, "--primaryButton-defaults-backgroundColor:"+want) ||
			!strings.Contains(sheet, "color-scheme:"+strings.ToLower(mode)) {
			t.Errorf("%s: sheet\n%s", mode, sheet)
		}
		logo := light
		if mode == "DARK" {
			logo = dark
		}
		if strings.Contains(page, "prefers-color-scheme") {
			t.Errorf("%s: the page asks for the scheme of the system", mode)
		}
		b.wantImage(`<img class="logo logo-customizable END" src=`, page, logo)
	}
	b.Pools.DeleteBranding(t.Context(), b.pool.ID, style.ID)
	if page, sheet := b.sheet(); strings.Contains(sheet, "#0a0b0cff") || strings.Contains(page, "logo-customizable") {
		t.Error("the style is still there")
	}
}
