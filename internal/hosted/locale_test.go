package hosted

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The languages of Cognito's managed login.
var languages = []string{"de", "en", "es", "fr", "id", "it", "ja", "ko", "nl", "pt-BR", "zh-CN", "zh-TW"}

// readLocale reads a file of texts as a translator left it.
func readLocale(t *testing.T, tag string) map[string]string {
	t.Helper()
	data, err := localeFiles.ReadFile(path.Join("locale", tag+".json"))
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string)
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	if keys := bytes.Count(data, []byte(`": "`)); keys != len(texts) {
		t.Errorf("%d lines, %d keys: one is there twice", keys, len(texts))
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}|##`)

// Every file has a text for each key, with the same values and the same link in
// it, and nothing that is markup.
func TestLocalesAreComplete(t *testing.T) {
	english := readLocale(t, fallbackLanguage)
	entries, err := localeFiles.ReadDir("locale")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(languages) {
		t.Errorf("%d files for %d languages", len(entries), len(languages))
	}
	for _, tag := range languages {
		t.Run(tag, func(t *testing.T) {
			texts := readLocale(t, tag)
			for _, key := range slices.Sorted(maps.Keys(english)) {
				text, ok := texts[key]
				if !ok {
					t.Errorf("%s is missing", key)
					continue
				}
				got, want := placeholder.FindAllString(text, -1), placeholder.FindAllString(english[key], -1)
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s has %v, English has %v", key, got, want)
				}
				if strings.TrimSpace(text) != text || text == "" || strings.ContainsAny(text, "<>&\n") || !utf8.ValidString(text) {
					t.Errorf("%s is %q", key, text)
				}
			}
			for key := range texts {
				if _, ok := english[key]; !ok {
					t.Errorf("%s is not in English", key)
				}
			}
		})
	}
}

func TestLanguageOfRequest(t *testing.T) {
	all, err := readLocales()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, query, cookie, header, want string }{
		{"nothing", "", "", "", "en"},
		{"unknown", "", "", "el", "en"},
		{"broken", "?lang=%00%ff", "\x01", ";;;q=x", "en"},
		{"browser", "", "", "fr-CH, fr;q=0.9, en;q=0.8", "fr"},
		{"second wish", "", "", "el, ko;q=0.5", "ko"},
		{"Brazil", "", "", "pt", "pt-BR"},
		{"simplified by region", "", "", "zh-SG", "zh-CN"},
		{"traditional by script", "", "", "zh-Hant-HK", "zh-TW"},
		{"cookie before browser", "", "de", "fr", "de"},
		{"parameter before cookie", "?lang=ja", "de", "fr", "ja"},
		{"unknown parameter", "?lang=el", "de", "fr", "de"},
		{"too long", "?lang=" + strings.Repeat("a", 300), "", "nl", "nl"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/login"+tt.query, nil)
			r.Header.Set("Accept-Language", tt.header)
			if tt.cookie != "" {
				r.Header.Set("Cookie", languageCookie+"="+tt.cookie)
			}
			if got := all.match(r); got.Tag != tt.want {
				t.Errorf("got %s, want %s", got.Tag, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	texts := &texts{Tag: "en", of: map[string]string{
		"named": "{a} and {b}, {a}", "link": `<Go> to ##"here"##, & back`, "half": "no ##link", "two": "##One## & ##two##",
	}}
	for _, tt := range []struct{ got, want string }{
		{texts.text("named", "a", "<1>", "b", "{a}"), "<1> and {a}, <1>"}, // values are not looked into
		{texts.text("absent"), "absent"},
		{string(texts.linked("link", "", `/p?a=1&b="`)), `&lt;Go&gt; to <a href="/p?a=1&amp;b=&#34;">&#34;here&#34;</a>, &amp; back`},
		{string(texts.linked("half", "", "/p")), "no ##link"},
		{string(texts.linked("two", ` rel="noopener"`, "/1", "/2")), `<a rel="noopener" href="/1">One</a> &amp; <a rel="noopener" href="/2">two</a>`},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func FuzzLanguageOfRequest(f *testing.F) {
	all, err := readLocales()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("de", "fr;q=0.1,*")
	f.Add("x-y", "zh-Hant-TW;q=-1")
	f.Fuzz(func(t *testing.T, chosen, header string) {
		r := &http.Request{Header: http.Header{"Accept-Language": {header}, "Cookie": {languageCookie + "=" + chosen}}}
		r.URL = httptest.NewRequest(http.MethodGet, "/", nil).URL
		r.URL.RawQuery = "lang=" + chosen
		if got := all.match(r); got == nil || !slices.Contains(languages, got.Tag) {
			t.Errorf("got %v", got)
		}
	})
}
