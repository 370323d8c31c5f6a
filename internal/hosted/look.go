package hosted

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A settings document of managed login becomes the custom properties of a style
// sheet, by one rule: the names on the way to a value, without the first (which
// only says "component" or "class") and without the mode, joined by hyphens. So
// components.primaryButton.lightMode.hover.textColor is
// --primaryButton-hover-textColor in the light scheme. static/app.css speaks of
// these names and of nothing else that has a color.

var (
	lookName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,40}$`)
	lookColor = regexp.MustCompile(`^[0-9A-Fa-f]{8}$`)
)

// maxRadius bounds rounded corners, in pixels.
const maxRadius = 100

// scheme is whether a look is light, dark, or what the visitor's system says.
type scheme string

const (
	schemeDynamic scheme = "DYNAMIC"
	schemeLight   scheme = "LIGHT"
	schemeDark    scheme = "DARK"
)

// layout is what a settings document says beside colors.
type layout struct {
	Scheme     scheme
	Horizontal string // START, CENTER or END
	Vertical   string
	Dense      bool

	Header, Footer                bool
	Logo, HeaderLogo, FooterLogo  bool
	LogoLocation                  string // START, CENTER or END
	LogoInside                    bool   // within the form
	FormImage, PageImage          bool
	ProviderIcons, LanguageChoice bool
}

type enabled struct{ Enabled bool }

type settings struct {
	Categories struct {
		Form struct {
			LanguageSelector enabled
			Location         struct{ Horizontal, Vertical string }
		}
		Global struct {
			ColorSchemeMode string
			PageHeader      enabled
			PageFooter      enabled
			SpacingDensity  string
		}
	}
	ComponentClasses struct{ IDPButtons struct{ Icons enabled } }
	Components       struct {
		Form struct {
			BackgroundImage enabled
			Logo            struct {
				Enabled       bool
				FormInclusion string
				Location      string
			}
		}
		PageBackground struct{ Image enabled }
		PageHeader     struct{ Logo enabled }
		PageFooter     struct{ Logo enabled }
	}
}

// readLayout reads a merged settings document.
func readLayout(doc json.RawMessage) (layout, error) {
	var s settings
	if err := json.Unmarshal(doc, &s); err != nil {
		return layout{}, fmt.Errorf("settings of managed login: %w", err)
	}
	form, global := s.Categories.Form, s.Categories.Global
	return layout{
		Scheme:     scheme(global.ColorSchemeMode),
		Horizontal: form.Location.Horizontal, Vertical: form.Location.Vertical,
		Dense:  global.SpacingDensity == "COMPACT",
		Header: global.PageHeader.Enabled, Footer: global.PageFooter.Enabled,
		Logo:       s.Components.Form.Logo.Enabled,
		HeaderLogo: s.Components.PageHeader.Logo.Enabled, FooterLogo: s.Components.PageFooter.Logo.Enabled,
		LogoLocation: s.Components.Form.Logo.Location, LogoInside: s.Components.Form.Logo.FormInclusion != "OUT",
		FormImage: s.Components.Form.BackgroundImage.Enabled, PageImage: s.Components.PageBackground.Image.Enabled,
		ProviderIcons: s.ComponentClasses.IDPButtons.Icons.Enabled, LanguageChoice: form.LanguageSelector.Enabled,
	}, nil
}

// properties is the style sheet that gives a merged settings document its effect.
func properties(doc json.RawMessage, mode scheme) (string, error) {
	var tree map[string]any
	if err := json.Unmarshal(doc, &tree); err != nil {
		return "", fmt.Errorf("settings of managed login: %w", err)
	}
	var both, light, dark strings.Builder
	for _, part := range []string{"componentClasses", "components"} {
		if names, ok := tree[part].(map[string]any); ok {
			writeProperties(names, nil, &both, &both, &light, &dark)
		}
	}
	switch mode {
	case schemeLight:
		return ":root{color-scheme:light;" + both.String() + light.String() + "}\n", nil
	case schemeDark:
		return ":root{color-scheme:dark;" + both.String() + dark.String() + "}\n", nil
	}
	return ":root{color-scheme:light dark;" + both.String() + light.String() + "}\n" +
		"@media (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n", nil
}

func writeProperties(tree map[string]any, path []string, to, both, light, dark *strings.Builder) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if !lookName.MatchString(name) {
			continue // what the schema does not know is let pass, and means nothing here
		}
		switch value := tree[name].(type) {
		case map[string]any:
			switch name {
			case "lightMode":
				writeProperties(value, path, light, both, light, dark)
			case "darkMode":
				writeProperties(value, path, dark, both, light, dark)
			default:
				writeProperties(value, append(slices.Clone(path), name), to, both, light, dark)
			}
		case string:
			if lookColor.MatchString(value) {
				fmt.Fprintf(to, "--%s:#%s;", strings.Join(append(slices.Clone(path), name), "-"), strings.ToLower(value))
			}
		case float64:
			if name == "borderRadius" && value >= 0 && value <= maxRadius {
				fmt.Fprintf(to, "--%s:%spx;", strings.Join(append(slices.Clone(path), name), "-"), strconv.FormatFloat(value, 'f', -1, 64))
			}
		}
	}
}
