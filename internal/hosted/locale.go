package hosted

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// The texts of the pages are in locale/, one file for each language, as pairs of a
// key and a text. A text may name values in braces. A language that lacks a text
// shows the English one; a test says which do.

//go:embed locale/*.json
var localeFiles embed.FS

// texts are the texts of one language.
type texts struct {
	Tag  string // as in the lang attribute of HTML
	Name string // of the language, in it
	of   map[string]string
}

// locales are all languages; the first is the one to fall back on.
type locales struct {
	all     []*texts
	matcher language.Matcher
}

const fallbackLanguage = "en"

// readLocales reads the embedded files.
func readLocales() (*locales, error) {
	entries, err := localeFiles.ReadDir("locale")
	if err != nil {
		return nil, err
	}
	byTag := make(map[string]*texts)
	for _, e := range entries {
		data, err := localeFiles.ReadFile("locale/" + e.Name())
		if err != nil {
			return nil, err
		}
		t := &texts{Tag: strings.TrimSuffix(e.Name(), ".json")}
		if err := json.Unmarshal(data, &t.of); err != nil {
			return nil, fmt.Errorf("locale/%s: %w", e.Name(), err)
		}
		t.Name = t.of["language"]
		byTag[t.Tag] = t
	}
	english := byTag[fallbackLanguage]
	if english == nil {
		return nil, fmt.Errorf("locale/%s.json is missing", fallbackLanguage)
	}
	delete(byTag, fallbackLanguage)
	l := &locales{all: []*texts{english}}
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		t := byTag[tag]
		for key, text := range english.of {
			if _, ok := t.of[key]; !ok {
				t.of[key] = text
			}
		}
		l.all = append(l.all, t)
	}
	tags := make([]language.Tag, len(l.all))
	for i, t := range l.all {
		if tags[i], err = language.Parse(t.Tag); err != nil {
			return nil, fmt.Errorf("locale/%s.json: %w", t.Tag, err)
		}
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

// languageCookie remembers what the visitor chose, as Cognito's does.
const languageCookie = "lang"

// maxLanguages bounds what is read of a request's wishes, in bytes.
const maxLanguages = 256

// match is the language for a request: what its lang parameter says, else what
// was chosen before, else what the browser asks for.
func (l *locales) match(r *http.Request) *texts {
	wishes := []string{r.URL.Query().Get("lang")}
	if c, err := r.Cookie(languageCookie); err == nil {
		wishes = append(wishes, c.Value)
	}
	wishes = append(wishes, r.Header.Get("Accept-Language"))
	for _, wish := range wishes {
		if wish == "" || len(wish) > maxLanguages {
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil {
			continue
		}
		if _, i, confidence := l.matcher.Match(tags...); confidence > language.No {
			return l.all[i]
		}
	}
	return l.all[0]
}

// find is the language with exactly this tag, or nil.
func (l *locales) find(tag string) *texts {
	for _, t := range l.all {
		if t.Tag == tag {
			return t
		}
	}
	return nil
}

// text is the text of a key with its values, given as pairs of name and value, in
// place. A key that there is not reads as itself.
func (t *texts) text(key string, pairs ...any) string {
	text, ok := t.of[key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return text
	}
	with := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		with = append(with, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(with...).Replace(text)
}

// linked is a text with parts of it, in double hashes as in Cognito's messages
// (##this##), made links, in their order. attributes are of each link's element.
func (t *texts) linked(key, attributes string, addresses ...string) template.HTML {
	parts := strings.Split(t.text(key), "##")
	if len(parts) != 2*len(addresses)+1 {
		return template.HTML(template.HTMLEscapeString(t.text(key))) //nolint:gosec // escaped
	}
	var b strings.Builder
	for i, part := range parts {
		text := template.HTMLEscapeString(part)
		if i%2 == 1 {
			text = `<a` + attributes + ` href="` + template.HTMLEscapeString(addresses[i/2]) + `">` + text + `</a>`
		}
		b.WriteString(text)
	}
	return template.HTML(b.String()) //nolint:gosec // escaped
}
