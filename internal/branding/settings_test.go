package branding

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	for _, tc := range []struct{ name, base, patch, want string }{
		{"nothing into nothing", ``, ``, `{}`},
		{"a member is added", `{"a":1}`, `{"b":{"c":2}}`, `{"a":1,"b":{"c":2}}`},
		{"objects are merged", `{"a":{"b":1,"c":2}}`, `{"a":{"c":3}}`, `{"a":{"b":1,"c":3}}`},
		{"lists are replaced", `{"a":[1,2]}`, `{"a":[3]}`, `{"a":[3]}`},
		{"null takes away", `{"a":{"b":1,"c":2}}`, `{"a":{"b":null},"d":null}`, `{"a":{"c":2}}`},
		{"null in a new object", `{}`, `{"a":{"b":null}}`, `{"a":{}}`},
		{"an object replaces a value", `{"a":1}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{"numbers keep their digits", `{"a":8.0}`, `{"b":1e1}`, `{"a":8.0,"b":1e1}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Merge(json.RawMessage(tc.base), json.RawMessage(tc.patch))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}

// The defaults say all that the schema knows, for light and for dark, and pass it.
func TestDefaults(t *testing.T) {
	if _, err := Apply(nil, Defaults()); err != nil {
		t.Fatal(err)
	}
	doc, err := parse(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	light, dark := paths("", doc, "lightMode"), paths("", doc, "darkMode")
	if !slices.Equal(light, dark) || len(light) < 60 {
		t.Errorf("light has %d values %q, dark %d %q", len(light), light, len(dark), dark)
	}
	for part, r := range schema.members {
		for component := range r.(object).members {
			if members, ok := doc[part].(map[string]any); !ok || members[component] == nil {
				t.Errorf("%s.%s has no default", part, component)
			}
		}
	}
}

// paths are the paths of the values below mode, without it.
func paths(path string, value any, mode string) []string {
	members, ok := value.(map[string]any)
	if !ok {
		if strings.Contains(path, "."+mode+".") {
			return []string{strings.Replace(path, mode+".", "", 1)}
		}
		return nil
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		found = append(found, paths(path+"."+name, members[name], mode)...)
	}
	return found
}

func TestApply(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)
	long := fmt.Sprintf(`{"components":{"form":{"note":%q}}}`, strings.Repeat("x", 128<<10))
	for _, tc := range []struct{ name, change, want string }{
		{"nothing", `{}`, ""},
		{"a color", `{"components":{"pageBackground":{"lightMode":{"color":"FFffFF00"}}}}`, ""},
		{"a short color", `{"components":{"pageBackground":{"lightMode":{"color":"ffffff"}}}}`,
			"components.pageBackground.lightMode.color must be a color of eight hexadecimal digits, RRGGBBAA."},
		{"a color with a sign", `{"components":{"pageBackground":{"darkMode":{"color":"#fffffff"}}}}`,
			"components.pageBackground.darkMode.color must be a color of eight hexadecimal digits, RRGGBBAA."},
		{"a color that breaks out", `{"componentClasses":{"divider":{"darkMode":{"borderColor":"red;}a{"}}}}`,
			"componentClasses.divider.darkMode.borderColor must be a color of eight hexadecimal digits, RRGGBBAA."},
		{"an unknown color", `{"components":{"form":{"lightMode":{"shadowColor":"red"}}}}`,
			"components.form.lightMode.shadowColor must be a color of eight hexadecimal digits, RRGGBBAA."},
		{"an unknown member of a component", `{"components":{"form":{"shadow":{"enabled":true,"size":3}}}}`, ""},
		{"an unknown switch", `{"components":{"form":{"shadow":{"enabled":"yes"}}}}`, "components.form.shadow.enabled must be true or false."},
		{"an unknown component", `{"components":{"banner":{}}}`, "components.banner is not a known setting."},
		{"an unknown part", `{"colorScheme":"dark"}`, "colorScheme is not a known setting."},
		{"a radius", `{"componentClasses":{"buttons":{"borderRadius":8.5}}}`, ""},
		{"a radius below 0", `{"componentClasses":{"buttons":{"borderRadius":-1}}}`, "componentClasses.buttons.borderRadius must be a number from 0 to 100."},
		{"a radius beyond numbers", `{"componentClasses":{"buttons":{"borderRadius":1e999}}}`, "componentClasses.buttons.borderRadius must be a number from 0 to 100."},
		{"a mode", `{"categories":{"global":{"colorSchemeMode":"BRIGHT"}}}`, "categories.global.colorSchemeMode must be one of [LIGHT, DARK, DYNAMIC]."},
		{"a word", `{"categories":{"global":{"spacingDensity":"COMPACT"}}}`, ""},
		{"a small word", `{"categories":{"global":{"spacingDensity":"compact"}}}`, "categories.global.spacingDensity must be a word in capital letters."},
		{"an object for a switch", `{"categories":{"form":{"displayGraphics":{}}}}`, "categories.form.displayGraphics must be true or false."},
		{"a value for an object", `{"categories":{"form":true}}`, "categories.form must be an object."},
		{"an order", `{"categories":{"auth":{"federation":{"order":["COGNITO","Google"]}}}}`, ""},
		{"an order of numbers", `{"categories":{"auth":{"federation":{"order":["Google",1]}}}}`,
			"categories.auth.federation.order[1] must be a text of 1 to 256 bytes."},
		{"a display", `{"categories":{"auth":{"authMethodOrder":[[{"display":"X","type":"FEDERATED"}]]}}}`,
			"categories.auth.authMethodOrder[0][0].display must be one of [BUTTON, INPUT]."},
		{"a list", `[]`, "the document must be an object."},
		{"a text", `"x"`, "the document must be an object."},
		{"no JSON", `{"a"}`, "the document is not JSON."},
		{"two documents", `{}{}`, "the document is not JSON."},
		{"deep", deep, "the document is nested too deeply."},
		{"long", long, "the document is longer than 131072 bytes."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := ""
			if tc.want != "" {
				want = "InvalidParameterException: Invalid Settings: " + tc.want
			}
			if _, err := Apply(nil, json.RawMessage(tc.change)); text(err) != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What Apply lets pass, it lets pass again, and it is JSON.
func FuzzApply(f *testing.F) {
	f.Add([]byte(`{}`), []byte(defaultsText))
	f.Add([]byte(`{"components":{"form":{"x":{"y":[1]}}}}`), []byte(`{"components":{"form":{"x":null}}}`))
	f.Fuzz(func(t *testing.T, old, change []byte) {
		before, err := Apply(nil, old)
		if err != nil {
			return
		}
		after, err := Apply(before, change)
		if err != nil {
			return
		}
		again, err := Apply(after, []byte(`{}`))
		if err != nil || string(again) != string(after) {
			t.Errorf("%s becomes %s, %v", after, again, err)
		}
		if _, err := Merge(Defaults(), after); err != nil {
			t.Error(err)
		}
	})
}
