package message

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
	for _, tt := range []struct{ name, html, want string }{
		{"plain already", "Your verification code is 012345. ", "Your verification code is 012345.\n"},
		{"entities", "a &lt;b&gt; &amp; c", "a <b> & c\n"},
		{"inline", "Your <b>code</b>: <i>1</i>2", "Your code: 12\n"},
		{"blocks", "<h1>Hi</h1><p>one</p><div>two</div><div>three</div>four<br>five<br><br>six", "Hi\n\none\n\ntwo\nthree\nfour\nfive\n\nsix\n"},
		{"link", `<p>Click <a href="https://x.example/?a=1&amp;b=2">here</a>.</p>`, "Click here https://x.example/?a=1&b=2.\n"},
		{"link that shows itself", `<a href="https://x.example">https://x.example</a>`, "https://x.example\n"},
		{"other schemes", `<a href="javascript:x">here</a>`, "here\n"},
		{"hidden", "<html><head><title>t</title><style>p{}</style></head><script>x</script>seen</html>", "seen\n"},
		{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"},
		{"broken", "<p>a<b", "a\n"},
		{"nothing", "", "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := plainText(tt.html); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzPlainText(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", "<a href=https://x>y</a>", "<style>", "&lt;", "<a href='http://\n'>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		text := plainText(body)
		if !strings.HasSuffix(text, "\n") || utf8.ValidString(body) && !utf8.ValidString(text) {
			t.Errorf("%q gives %q", body, text)
		}
	})
}

func TestLanguage(t *testing.T) {
	for locale, want := range map[string]string{
		"": "en", "en-US": "en", "de": "de", "de_AT": "de", "de_DE.UTF-8": "de", " FR ": "fr", "pt": "pt-br", "pt-PT": "pt-br",
		"pt_BR": "pt-br", "zh": "zh-cn", "zh-Hans-HK": "zh-cn", "zh-Hant": "zh-tw", "zh_TW": "zh-tw", "zh-HK": "zh-tw",
		"zh-CN": "zh-cn", "in": "id", "tlh": "en", "-": "en", "../../etc": "en", "xx-de": "en",
	} {
		if got := Default(Verification, locale); got != languages[want].Verification {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
}

func TestLocaleFrom(t *testing.T) {
	for accepted, want := range map[string]string{
		"": "", "de-AT,de;q=0.9,en;q=0.8": "de", "en;q=0.5, fr": "fr", "tlh, ja;q=0.1": "ja", "tlh": "", "*": "", "en-GB,de": "en",
		"zh-TW": "zh-tw", "pt": "pt-br", "de;q=0": "", "de;q=x": "", "\x00": "", strings.Repeat("de,", 100) + "de": "",
	} {
		if got := LocaleFrom(WithLanguages(t.Context(), accepted)); got != want {
			t.Errorf("%q: %q, want %q", accepted, got, want)
		}
	}
}

func FuzzLocaleFrom(f *testing.F) {
	f.Add("de-AT,de;q=0.9,en;q=0.8")
	f.Add("zh-Hant-TW, *;q=0.1")
	f.Fuzz(func(t *testing.T, accepted string) {
		name := LocaleFrom(WithLanguages(t.Context(), accepted))
		if _, ok := languages[name]; !ok && name != "" {
			t.Errorf("%q gives %q", accepted, name)
		}
	})
}

// Each language has each text, with the placeholders that it needs and no others,
// short enough for a text message.
func TestLocales(t *testing.T) {
	for _, tag := range strings.Fields("de en es fr id it ja ko nl pt-br zh-cn zh-tw") {
		if _, ok := languages[tag]; !ok {
			t.Errorf("%s is not there", tag)
		}
	}
	for tag := range languages {
		for kind, needed := range map[Kind][]string{
			Verification: {"{####}"}, Link: {"{##", "##}"}, Invitation: {"{username}", "{####}"}, Authentication: {"{####}"},
		} {
			d := Default(kind, tag)
			if d.Subject == "" || utf8.RuneCountInString(d.Subject) > 140 || strings.ContainsAny(d.Subject, "{}\n") {
				t.Errorf("%s, %d: subject %q", tag, kind, d.Subject)
			}
			for _, placeholder := range needed {
				if strings.Count(d.Body, placeholder) != 1 {
					t.Errorf("%s, %d: %q has not one %s", tag, kind, d.Body, placeholder)
				}
			}
			if strings.Count(d.Body, "{") != strings.Count(strings.Join(needed, " "), "{") ||
				strings.ContainsAny(d.Body, "<>&") || kind != Link && utf8.RuneCountInString(d.Body) > 140 {
				t.Errorf("%s, %d: body %q", tag, kind, d.Body)
			}
		}
	}
}

func TestRenderLink(t *testing.T) {
	link := `https://x.example/confirmUser?a=1&b="`
	subject, body := Default(Link, "").RenderLink(link, "ann")
	if want := `Please click the link below to verify your email address. <a href="https://x.example/confirmUser?a=1&amp;b=&#34;">Verify Email</a> `; body != want || subject != "Your verification link" {
		t.Errorf("%q, %q\nwant %q", subject, body, want)
	}
	_, body = Template{Body: "{username} {##a##} {##b##} {##}"}.RenderLink("https://l", "<i>{##x##}")
	if want := `&lt;i&gt;{##x##} <a href="https://l">a</a> <a href="https://l">b</a> {##}`; body != want {
		t.Errorf("%q\nwant %q", body, want)
	}
}

// What the inbox shows has not changed by what travels with a message.
func TestLetterCarriesEverything(t *testing.T) {
	m := Message{UserPoolID: "p", Code: "1", Sub: "s", ClientID: "c", ClientMetadata: map[string]string{"a": "b"}}
	doc, err := json.Marshal(letter{Message: m, Sub: m.Sub, ClientID: m.ClientID, ClientMetadata: m.ClientMetadata})
	if err != nil {
		t.Fatal(err)
	}
	var l letter
	if err := json.Unmarshal(doc, &l); err != nil || l.Sub != "s" || l.ClientID != "c" || l.ClientMetadata["a"] != "b" || l.Code != "1" {
		t.Errorf("%+v, %v", l, err)
	}
}
