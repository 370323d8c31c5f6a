package branding

// schema is what a settings document may say: the structure of the examples in
// the API reference of UpdateManagedLoginBranding. Nobody publishes it as such.
// The names of parts and components are closed; within a component others than
// the known are let pass.
var schema = closed(members{
	"categories": closed(members{
		"auth": open(members{
			"authMethodOrder": list{list{open(members{
				"display": oneOf("BUTTON", "INPUT"),
				"type":    word{},
			})}},
			"federation": open(members{
				"interfaceStyle": word{},
				"order":          list{name{}},
			}),
		}),
		"form": open(members{
			"displayGraphics":     boolean{},
			"instructions":        enabled,
			"languageSelector":    enabled,
			"location":            open(members{"horizontal": oneOf("START", "CENTER", "END"), "vertical": oneOf("START", "CENTER", "END")}),
			"sessionTimerDisplay": word{},
		}),
		"global": open(members{
			"colorSchemeMode": oneOf("LIGHT", "DARK", "DYNAMIC"),
			"pageFooter":      enabled,
			"pageHeader":      enabled,
			"spacingDensity":  word{},
		}),
		"signUp": open(members{
			"acceptanceElements": list{open(members{"enforcement": word{}, "textKey": name{}})},
		}),
	}),
	"componentClasses": closed(members{
		"buttons":          open(members{"borderRadius": radius{}}),
		"divider":          modes(members{"borderColor": color{}}),
		"dropDown":         rounded(modes(members{"defaults": item, "hover": item, "match": item})),
		"focusState":       modes(members{"borderColor": color{}}),
		"idpButtons":       open(members{"icons": enabled}),
		"input":            rounded(modes(members{"defaults": surface, "placeholderColor": color{}})),
		"inputDescription": modes(members{"textColor": color{}}),
		"inputLabel":       modes(members{"textColor": color{}}),
		"link":             modes(members{"defaults": surface, "hover": surface}),
		"optionControls":   modes(members{"defaults": surface, "selected": surface}),
		"statusIndicator":  modes(members{"error": surface, "pending": surface, "success": surface, "warning": surface}),
	}),
	"components": closed(members{
		"alert":   rounded(modes(members{"error": surface})),
		"favicon": open(members{"enabledTypes": list{oneOf("ICO", "SVG")}}),
		"form": rounded(with(modes(members{"backgroundColor": color{}, "borderColor": color{}}), members{
			"backgroundImage": enabled,
			"logo":            logo,
		})),
		"idpButton": open(members{
			"custom":   open(nil), // by the name of the provider
			"standard": modes(button),
		}),
		"pageBackground":      with(modes(members{"color": color{}}), members{"image": enabled}),
		"pageFooter":          band,
		"pageHeader":          band,
		"pageText":            modes(members{"bodyColor": color{}, "descriptionColor": color{}, "headingColor": color{}}),
		"phoneNumberSelector": open(members{"displayType": word{}}),
		"primaryButton":       modes(button),
		"secondaryButton":     modes(button),
	}),
})

type members map[string]rule

func closed(m members) object { return object{members: m, closed: true} }
func open(m members) object   { return object{members: m} }

func oneOf(words ...string) word { return word{oneOf: words} }

// modes is the same for light and for dark pages.
func modes(m members) object { return open(members{"lightMode": open(m), "darkMode": open(m)}) }

// with is an object with more members.
func with(o object, more members) object {
	all := members{}
	for name, r := range o.members {
		all[name] = r
	}
	for name, r := range more {
		all[name] = r
	}
	return object{members: all, closed: o.closed}
}

func rounded(o object) object { return with(o, members{"borderRadius": radius{}}) }

var (
	enabled = open(members{"enabled": boolean{}})

	surface = open(members{
		"backgroundColor": color{}, "foregroundColor": color{}, "borderColor": color{}, "textColor": color{}, "indicatorColor": color{},
	})

	item = open(members{"itemBackgroundColor": color{}, "itemBorderColor": color{}, "itemTextColor": color{}})

	button = members{"defaults": surface, "hover": surface, "active": surface, "disabled": surface}

	logo = open(members{
		"enabled":       boolean{},
		"formInclusion": oneOf("IN", "OUT"),
		"location":      oneOf("START", "CENTER", "END"),
		"position":      oneOf("TOP", "BOTTOM"),
	})

	// band is the header or the footer of a page.
	band = with(modes(members{"background": open(members{"color": color{}}), "borderColor": color{}}), members{
		"backgroundImage": enabled,
		"logo":            logo,
	})
)
