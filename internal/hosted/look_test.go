package hosted

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/branding"
)

func TestProperties(t *testing.T) {
	const doc = `{
		"categories": {"global": {"colorSchemeMode": "DYNAMIC"}},
		"components": {
			"form": {"borderRadius": 8.5, "lightMode": {"backgroundColor": "FFFFFFFF"}, "darkMode": {"backgroundColor": "000000ff"}},
			"primaryButton": {"lightMode": {"hover": {"textColor": "01020304"}}},
			"idpButton": {"custom": {"x;}body{": {"lightMode": {"textColor": "ffffffff"}}}},
			"pageText": {"lightMode": {"bodyColor": "red;} body{", "headingColor": 7}}
		}}`
	for _, tt := range []struct {
		name string
		mode scheme
		want string
	}{
		{"dynamic", schemeDynamic, ":root{color-scheme:light dark;--form-borderRadius:8.5px;--form-backgroundColor:#ffffffff;" +
			"--primaryButton-hover-textColor:#01020304;}\n" +
			"@media (prefers-color-scheme:dark){:root{--form-backgroundColor:#000000ff;}}\n"},
		{"light", schemeLight, ":root{color-scheme:light;--form-borderRadius:8.5px;--form-backgroundColor:#ffffffff;" +
			"--primaryButton-hover-textColor:#01020304;}\n"},
		{"dark", schemeDark, ":root{color-scheme:dark;--form-borderRadius:8.5px;--form-backgroundColor:#000000ff;}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := properties(json.RawMessage(doc), tt.mode)
			if err != nil || got != tt.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}

// Every color and radius that the style sheet of the pages names is one of the
// defaults, in the light scheme and in the dark one.
func TestStyleSheetNamesKnownProperties(t *testing.T) {
	sheet, err := static.ReadFile("static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`var\((--[A-Za-z0-9-]+)`).FindAllStringSubmatch(string(sheet), -1)
	if len(used) < 20 {
		t.Fatalf("the sheet uses %d properties", len(used))
	}
	for _, mode := range []scheme{schemeLight, schemeDark} {
		known, err := properties(branding.Defaults(), mode)
		if err != nil {
			t.Fatal(err)
		}
		known += string(sheet) // and those of its own
		for _, name := range used {
			if !strings.Contains(known, name[1]+":") {
				t.Errorf("%s: %s is nowhere set", mode, name[1])
			}
		}
	}
}

func TestReadLayout(t *testing.T) {
	got, err := readLayout(branding.Defaults())
	want := layout{
		Scheme: schemeDynamic, Horizontal: "CENTER", Vertical: "CENTER",
		LogoLocation: "CENTER", LogoInside: true, ProviderIcons: true,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
