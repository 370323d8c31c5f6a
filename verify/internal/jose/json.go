package jose

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// encoding/json lets duplicate names win over one another, takes "SUB" for a
// field "sub" and mends broken Unicode. A token is read by what is here instead:
// one pass that accepts RFC 8259's grammar, refuses all of that, and keeps the
// members of the outermost object as they were written.

// maxDepth is how deep arrays and objects may be nested. Cognito's own claims
// reach 3; claims of a pre token generation trigger may go deeper.
const maxDepth = 16

// fewNames is up to how many names comparing each with each is faster than
// sorting them.
const fewNames = 32

// Member is a member of an object: its name, unescaped, and its value as
// written. Both are part of the text that was parsed.
type Member struct{ Name, Value string }

// Object is a JSON object whose names are distinct.
type Object []Member

// ParseObject reads text that is a JSON object and nothing else.
func ParseObject(text string) (Object, bool) {
	if !utf8.ValidString(text) {
		return nil, false
	}
	s := scanner{text: text, names: make([]string, 0, fewNames)}
	members := make(Object, 0, fewNames)
	s.space()
	if !s.object(1, &members) {
		return nil, false
	}
	s.space()
	return members, s.at == len(text)
}

// scanner is a position in a JSON text. Its methods move over what they are
// named after and report whether it was there.
type scanner struct {
	text  string
	at    int
	names []string // of the objects that are open, the innermost last
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// object adds the members to out unless that is nil.
func (s *scanner) object(depth int, out *Object) bool {
	if depth > maxDepth || !s.take('{') {
		return false
	}
	s.space()
	if s.take('}') {
		return true
	}
	first := len(s.names)
	for {
		start := s.at
		escaped, ok := s.string()
		if !ok {
			return false
		}
		name := s.text[start+1 : s.at-1]
		if escaped {
			name = unquote(s.text[start:s.at])
		}
		s.names = append(s.names, name)
		s.space()
		if !s.take(':') {
			return false
		}
		s.space()
		start = s.at
		if !s.value(depth) {
			return false
		}
		if out != nil {
			*out = append(*out, Member{name, s.text[start:s.at]})
		}
		s.space()
		if s.take('}') {
			break
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
	ok := distinct(s.names[first:])
	s.names = s.names[:first]
	return ok
}

// distinct may change the order of names.
func distinct(names []string) bool {
	if len(names) > fewNames {
		slices.Sort(names)
		return len(slices.Compact(names)) == len(names)
	}
	for i, name := range names {
		for _, other := range names[:i] {
			if name == other {
				return false
			}
		}
	}
	return true
}

func (s *scanner) array(depth int) bool {
	if depth > maxDepth || !s.take('[') {
		return false
	}
	s.space()
	if s.take(']') {
		return true
	}
	for {
		if !s.value(depth) {
			return false
		}
		s.space()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.space()
	}
}

// value is inside of depth arrays and objects.
func (s *scanner) value(depth int) bool {
	if s.at == len(s.text) {
		return false
	}
	switch s.text[s.at] {
	case '"':
		_, ok := s.string()
		return ok
	case '{':
		return s.object(depth+1, nil)
	case '[':
		return s.array(depth + 1)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		return s.number()
	}
}

func (s *scanner) literal(word string) bool {
	ok := strings.HasPrefix(s.text[s.at:], word)
	s.at += len(word)
	return ok
}

func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

// digits is one digit or more.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// string is a string with its quotes.
func (s *scanner) string() (escaped, ok bool) {
	if !s.take('"') {
		return false, false
	}
	text := s.text
	for i := s.at; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			s.at = i + 1
			return escaped, true
		case c < ' ':
			return false, false
		case c == '\\':
			escaped = true
			n := escapeLen(text[i:])
			if n == 0 {
				return false, false
			}
			i += n - 1
		}
	}
	return false, false
}

// escapeLen is the length of the escape that text begins with, 0 if it is none.
// Half of a surrogate pair is none: it stands for no character.
func escapeLen(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		return 0
	}
	switch unit, ok := hex4(text); {
	case !ok, unit >= 0xdc00 && unit < 0xe000:
		return 0
	case unit < 0xd800 || unit >= 0xe000:
		return 6
	}
	if low, ok := hex4(text[6:]); !ok || low < 0xdc00 || low >= 0xe000 {
		return 0
	}
	return 12
}

// hex4 is the number in an escape of a backslash, u and four digits that text
// begins with.
func hex4(text string) (unit rune, ok bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

// unquote is what a JSON string stands for that the scanner has accepted.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	if json.Unmarshal([]byte(quoted), &s) != nil {
		return ""
	}
	return s
}

// Get is a value as written, "" if there is none.
func (o Object) Get(name string) string {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return ""
}

// Text is a member that is a string. An absent one is "" and right; one of
// another type is wrong.
func (o Object) Text(name string) (value string, ok bool) {
	switch raw := o.Get(name); {
	case raw == "":
		return "", true
	case raw[0] == '"':
		return unquote(raw), true
	}
	return "", false
}

// MaxSeconds is the last time that is read: the end of the year 9999.
const MaxSeconds = 253402300799

// Seconds is a member that is a time, in whole seconds since 1970; absent if
// there is none, not ok if it is anything else.
func (o Object) Seconds(name string) (value int64, absent, ok bool) {
	raw := o.Get(name)
	if raw == "" {
		return 0, true, true
	}
	for i := range len(raw) {
		if raw[i] < '0' || raw[i] > '9' {
			return 0, false, false
		}
		if value = value*10 + int64(raw[i]-'0'); value > MaxSeconds {
			return 0, false, false
		}
	}
	return value, false, true
}

// List is a member that is an array of strings. An absent one is empty.
func (o Object) List(name string) (values []string, ok bool) {
	raw := o.Get(name)
	if raw == "" {
		return nil, true
	}
	s := scanner{text: raw}
	if !s.take('[') {
		return nil, false
	}
	s.space()
	if s.take(']') {
		return nil, true
	}
	for {
		start := s.at
		if _, ok := s.string(); !ok {
			return nil, false
		}
		values = append(values, unquote(raw[start:s.at]))
		s.space()
		if s.take(']') {
			return values, true
		}
		s.take(',') // the text was accepted: there is one
		s.space()
	}
}

// Strings is a member that is a string or an array of strings, as aud may be.
func (o Object) Strings(name string) (values []string, ok bool) {
	if raw := o.Get(name); raw != "" && raw[0] == '"' {
		return []string{unquote(raw)}, true
	}
	return o.List(name)
}
