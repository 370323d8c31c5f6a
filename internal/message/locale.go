package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed locales/*.json
var localeFiles embed.FS

// texts are the templates of one language: a file of locales, named by its tag.
type texts struct {
	Verification   Template `json:"verification"`
	Link           Template `json:"link"`
	Invitation     Template `json:"invitation"`
	Authentication Template `json:"authentication"`
}

var languages = readLanguages()

func readLanguages() map[string]texts {
	files, err := localeFiles.ReadDir("locales")
	if err != nil {
		panic(err) // it is part of the program
	}
	all := make(map[string]texts, len(files))
	for _, f := range files {
		data, err := localeFiles.ReadFile("locales/" + f.Name())
		var t texts
		if err == nil {
			err = json.Unmarshal(data, &t)
		}
		if err != nil {
			panic(fmt.Errorf("%s: %w", f.Name(), err))
		}
		all[strings.ToLower(strings.TrimSuffix(f.Name(), path.Ext(f.Name())))] = t
	}
	return all
}

// Kind is what a message is for.
type Kind int

// The kinds of messages.
const (
	Verification   Kind = iota // a code that verifies an address or sets a password
	Link                       // a link that confirms a sign-up
	Invitation                 // a temporary password
	Authentication             // a code of a sign-in
)

// english are the texts Cognito uses where a pool sets none (developer guide,
// "Configuring verification and invitation messages"). The trailing spaces are
// Cognito's.
const english = "en"

// Default is the deployment's text of a kind in the language of a locale, such as
// "de", "pt_BR" or "zh-Hant-TW"; in English where there is none.
func Default(k Kind, locale string) Template {
	name, ok := lookUp(locale)
	if !ok {
		name = english
	}
	t := languages[name]
	switch k {
	case Link:
		return t.Link
	case Invitation:
		return t.Invitation
	case Authentication:
		return t.Authentication
	}
	return t.Verification
}

// lookUp is the language of a locale that there are texts in, in lower case.
func lookUp(locale string) (name string, ok bool) {
	tag := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(locale), "_", "-"))
	tag, _, _ = strings.Cut(tag, ".") // de_DE.UTF-8
	if _, ok := languages[tag]; ok {
		return tag, true
	}
	base, rest, _ := strings.Cut(tag, "-")
	if _, ok := languages[base]; ok {
		return base, true
	}
	switch base {
	case "pt":
		return "pt-br", true
	case "in": // what Java calls Indonesian
		return "id", true
	case "zh":
		for part := range strings.SplitSeq(rest, "-") {
			switch part {
			case "hans":
				return "zh-cn", true
			case "hant", "tw", "hk", "mo":
				return "zh-tw", true
			}
		}
		return "zh-cn", true
	}
	return "", false
}
