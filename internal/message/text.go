package message

import (
	"strings"

	"golang.org/x/net/html"
)

// longestText bounds the plain form of an email, in bytes.
const longestText = 100_000

// plainText is the HTML of an email for those who read plain text: without marks,
// scripts and styles, a line for each block, and the addresses of links behind
// their texts.
func plainText(body string) string {
	var t textWriter
	tokens := html.NewTokenizer(strings.NewReader(body))
	for t.b.Len() < longestText {
		switch tokens.Next() {
		case html.ErrorToken: // the end: a string has no other error
			return t.text()
		case html.TextToken:
			t.words(tokens.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			t.start(tokens.Token())
		case html.EndTagToken:
			t.end(tokens.Token())
		}
	}
	return t.text()
}

type textWriter struct {
	b      strings.Builder
	breaks int    // line breaks that are due before the next word
	space  bool   // a space is due
	hidden string // the element whose content is left out, or ""
	link   string // the address of the link under way
	shown  int    // where its text begins
}

func (t *textWriter) words(text string) {
	if t.hidden != "" {
		return
	}
	for i, word := range strings.Fields(text) {
		if i > 0 || strings.ContainsAny(text[:1], " \t\r\n\f") {
			t.space = true
		}
		t.word(word)
	}
	if text != "" && strings.ContainsAny(text[len(text)-1:], " \t\r\n\f") {
		t.space = true
	}
}

func (t *textWriter) word(word string) {
	if t.b.Len() > 0 {
		if t.breaks > 0 {
			t.b.WriteString(strings.Repeat("\n", t.breaks))
		} else if t.space {
			t.b.WriteByte(' ')
		}
	}
	t.breaks, t.space = 0, false
	t.b.WriteString(word)
}

func (t *textWriter) start(tag html.Token) {
	switch tag.Data {
	case "script", "style", "title":
		if t.hidden == "" && tag.Type == html.StartTagToken {
			t.hidden = tag.Data
		}
	case "a":
		t.link, t.shown = "", t.b.Len()
		for _, a := range tag.Attr {
			if a.Key == "href" && (strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "http://")) {
				t.link = strings.TrimSpace(a.Val)
			}
		}
	default:
		t.block(tag.Data)
	}
}

func (t *textWriter) end(tag html.Token) {
	switch {
	case tag.Data == t.hidden:
		t.hidden = ""
	case tag.Data == "a":
		if t.link != "" && !strings.Contains(t.b.String()[min(t.shown, t.b.Len()):], t.link) {
			t.space = true
			t.word(t.link)
		}
		t.link = ""
	default:
		t.block(tag.Data)
	}
}

// block begins new lines around the elements that are blocks.
func (t *textWriter) block(name string) {
	switch name {
	case "br":
		t.breaks = min(2, t.breaks+1)
	case "tr", "li", "div":
		t.breaks = max(1, t.breaks)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr":
		t.breaks = 2
	case "td", "th":
		t.space = true
	}
}

func (t *textWriter) text() string { return strings.TrimSpace(t.b.String()) + "\n" }
