package apimodel

import (
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep arrays and objects nest. The deepest shape of the
// models is below 10; documents and unknown members may be deeper.
const maxDepth = 64

// maxValues bounds how many values a body may give to the model's members. Each
// costs some hundred bytes of memory, while "{}," costs the sender three; the
// largest sensible request, a user pool, has a few hundred.
const maxValues = 1 << 13

// A scanner reads JSON tokens (RFC 8259) from a body known to be UTF-8.
type scanner struct {
	data   []byte
	pos    int
	depth  int
	values int // kept so far
}

func malformed(msg string) error { return &SerializationError{Message: msg} }

var (
	errEnd        = malformed("Unexpected end of input")
	errUnexpected = malformed("Unexpected character in input")
	errString     = malformed("Invalid string in input")
	errNumber     = malformed("Invalid number in input")
	errDepth      = malformed("Input is nested too deeply")
	errValues     = malformed("Input has too many values")
)

// peek skips white space and returns the next byte without consuming it, or 0
// at the end. (A NUL in the body is not a token either, so 0 is unambiguous.)
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) unexpected() error {
	if s.pos >= len(s.data) {
		return errEnd
	}
	return errUnexpected
}

func (s *scanner) enter() error {
	s.pos++
	s.depth++
	if s.depth > maxDepth {
		return errDepth
	}
	return nil
}

func (s *scanner) leave() {
	s.pos++
	s.depth--
}

// literal consumes word, one of true, false and null.
func (s *scanner) literal(word string) error {
	if len(s.data)-s.pos < len(word) {
		return s.prefixError(word)
	}
	if string(s.data[s.pos:s.pos+len(word)]) != word {
		return errUnexpected
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) prefixError(word string) error {
	rest := string(s.data[s.pos:])
	if word[:len(rest)] == rest {
		return errEnd
	}
	return errUnexpected
}

// text consumes a string and returns its value.
func (s *scanner) text() (string, error) {
	s.pos++ // the opening quote
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			v := string(s.data[start:s.pos])
			s.pos++
			return v, nil
		case c == '\\':
			return s.escapedText(start)
		case c < ' ':
			return "", errString
		default:
			s.pos++
		}
	}
	return "", errEnd
}

// escapedText goes on with a string from its first backslash.
func (s *scanner) escapedText(start int) (string, error) {
	buf := append(make([]byte, 0, 64), s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return string(buf), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			buf = utf8.AppendRune(buf, r)
		case c < ' ':
			return "", errString
		default:
			buf = append(buf, c)
			s.pos++
		}
	}
	return "", errEnd
}

// escape consumes one escape sequence. Half a surrogate pair is refused: it is
// no character, and replacing it would make two names equal that were not.
func (s *scanner) escape() (rune, error) {
	s.pos++ // the backslash
	if s.pos >= len(s.data) {
		return 0, errEnd
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
	default:
		return 0, errString
	}
	r, err := s.hex4()
	if err == nil && r == 0 { // no name or text has it, and PostgreSQL cannot hold it
		err = errString
	}
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if len(s.data)-s.pos < 2 {
		return 0, errEnd
	}
	if s.data[s.pos] != '\\' || s.data[s.pos+1] != 'u' {
		return 0, errString
	}
	s.pos += 2
	low, err := s.hex4()
	if err != nil {
		return 0, err
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, errString
	}
	return r, nil
}

func (s *scanner) hex4() (rune, error) {
	if len(s.data)-s.pos < 4 {
		return 0, errEnd
	}
	var r rune
	for range 4 {
		c := s.data[s.pos]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errString
		}
		r = r<<4 | rune(c)
		s.pos++
	}
	return r, nil
}

// number consumes a number and returns its text.
func (s *scanner) number() (string, error) {
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return "", errNumber
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if s.digits() == 0 {
			return "", errNumber
		}
	}
	if s.pos < len(s.data) && (s.data[s.pos] == 'e' || s.data[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return "", errNumber
		}
	}
	return string(s.data[start:s.pos]), nil
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// each consumes the array or object that closes with end, calling item before
// each element or member.
func (s *scanner) each(end byte, item func() error) error {
	if err := s.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		c := s.peek()
		switch {
		case c == end && first:
			s.leave()
			return nil
		case c == 0:
			return s.unexpected()
		}
		if err := item(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case end:
			s.leave()
			return nil
		default:
			return s.unexpected()
		}
	}
}

// name consumes an object member's name and the colon after it.
func (s *scanner) name() (string, error) {
	if s.peek() != '"' {
		return "", s.unexpected()
	}
	name, err := s.text()
	if err != nil {
		return "", err
	}
	if s.peek() != ':' {
		return "", s.unexpected()
	}
	s.pos++
	return name, nil
}

// skip consumes any value.
func (s *scanner) skip() error {
	switch c := s.peek(); {
	case c == '{':
		return s.each('}', func() error {
			if _, err := s.name(); err != nil {
				return err
			}
			return s.skip()
		})
	case c == '[':
		return s.each(']', s.skip)
	case c == '"':
		_, err := s.text()
		return err
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	case c == '-', '0' <= c && c <= '9':
		_, err := s.number()
		return err
	}
	return s.unexpected()
}
