package apimodel

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Decode reads body, the JSON of the structure shape, into dst, a pointer to
// the struct generated for it; what dst held before is lost. An empty body
// counts as {}, null as an absent member (or map entry), unknown members are
// skipped, and of members named twice the last one counts.
//
// The error is a *SerializationError if body is not the JSON shape asks for, or
// else a *ValidationError if it breaks the model's constraints. Any other error
// tells that dst was not generated for shape. Nothing of dst refers to body.
// The caller bounds the body's size.
func Decode(shape *Shape, body []byte, dst any) error {
	fill, err := fillerFor(shape, dst)
	if err != nil {
		return err
	}
	root, err := parse(shape, body)
	if err != nil {
		return err
	}
	if err := validate(shape, &root); err != nil {
		return err
	}
	fill(dst, &root)
	return nil
}

// A node is a value that has its shape's type. Which fields it uses depends on
// that type. Only what is present has a node, so a tree grows with the body,
// not with the model.
type node struct {
	null  bool   // only for elements of a list
	index int    // in a structure: which of the shape's members
	key   string // in a map
	text  string // String; Blob (decoded); Document (JSON); Integer and Long as they came
	num   int64  // Integer, Long; Boolean (0 or 1)
	time  time.Time
	kids  []node // Structure, List, Map
}

func parse(shape *Shape, body []byte) (node, error) {
	if !utf8.Valid(body) {
		return node{}, malformed("Input is not valid UTF-8")
	}
	s := &scanner{data: body}
	if s.peek() == 0 && s.pos == len(body) {
		return node{}, nil
	}
	if s.peek() == 'n' { // a body is not a member: null is no request
		return node{}, errUnexpected
	}
	root, _, err := s.value(shape)
	if err != nil {
		return node{}, err
	}
	if s.peek(); s.pos < len(body) {
		return node{}, malformed("Unexpected content after the end of input")
	}
	return root, nil
}

// value consumes a value of shape's type. ok is false if it was null.
func (s *scanner) value(shape *Shape) (n node, ok bool, err error) {
	if s.values++; s.values > maxValues {
		return n, false, errValues
	}
	if s.peek() == 'n' {
		return n, false, s.literal("null")
	}
	switch shape.Type {
	case Structure:
		err = s.structure(shape, &n)
	case List:
		err = s.list(shape, &n)
	case Map:
		err = s.mapping(shape, &n)
	case Document:
		start := s.pos
		err = s.skip()
		n.text = string(s.data[start:s.pos])
	default:
		err = s.scalar(shape, &n)
	}
	return n, true, err
}

func (s *scanner) structure(shape *Shape, n *node) error {
	if s.peek() != '{' {
		return s.mismatch(shape.Type)
	}
	return s.each('}', func() error {
		name, err := s.name()
		if err != nil {
			return err
		}
		index := shape.member(name)
		if index < 0 {
			return s.skip()
		}
		kid, ok, err := s.value(shape.Members[index].Shape)
		if err != nil {
			return err
		}
		kid.index = index
		n.set(kid, ok)
		return nil
	})
}

// member returns the index of the member called name, or -1.
func (s *Shape) member(name string) int {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return i
		}
	}
	return -1
}

// set puts kid in the place of an earlier member of the same name; ok false
// takes that away.
func (n *node) set(kid node, ok bool) {
	for i := range n.kids {
		if n.kids[i].index != kid.index {
			continue
		}
		if ok {
			n.kids[i] = kid
		} else {
			n.kids = append(n.kids[:i], n.kids[i+1:]...)
		}
		return
	}
	if ok {
		n.kids = append(n.kids, kid)
	}
}

// child returns the member with that index, or nil if it is absent.
func (n *node) child(index int) *node {
	for i := range n.kids {
		if n.kids[i].index == index {
			return &n.kids[i]
		}
	}
	return nil
}

func (s *scanner) list(shape *Shape, n *node) error {
	if s.peek() != '[' {
		return s.mismatch(shape.Type)
	}
	return s.each(']', func() error {
		kid, ok, err := s.value(shape.Elem)
		if err != nil {
			return err
		}
		kid.null = !ok
		n.kids = append(n.kids, kid)
		return nil
	})
}

func (s *scanner) mapping(shape *Shape, n *node) error {
	if s.peek() != '{' {
		return s.mismatch(shape.Type)
	}
	err := s.each('}', func() error {
		key, err := s.name()
		if err != nil {
			return err
		}
		kid, ok, err := s.value(shape.Elem)
		if err != nil {
			return err
		}
		kid.key, kid.null = key, !ok
		n.kids = append(n.kids, kid)
		return nil
	})
	if err == nil {
		n.kids = lastOfEachKey(n.kids)
	}
	return err
}

// lastOfEachKey drops overridden entries and then those that are null. Maps
// come from outside and may be large, hence no nested loop.
func lastOfEachKey(kids []node) []node {
	last := make(map[string]int, len(kids))
	for i := range kids {
		last[kids[i].key] = i
	}
	kept := kids[:0]
	for i := range kids {
		if last[kids[i].key] == i && !kids[i].null {
			kept = append(kept, kids[i])
		}
	}
	return kept
}

// typeNames are the words, with Coral's article ("an Boolean"), for scalars.
var typeNames = map[Type]string{
	String:    "a String",
	Integer:   "an Integer",
	Long:      "a Long",
	Boolean:   "an Boolean",
	Timestamp: "a Timestamp",
	Blob:      "a Blob",
}

func (s *scanner) scalar(shape *Shape, n *node) error {
	switch c := s.peek(); {
	case c == '"' && shape.Type != Integer && shape.Type != Long && shape.Type != Boolean:
		text, err := s.text()
		if err != nil {
			return err
		}
		return n.fromText(shape.Type, text)
	case (c == 't' || c == 'f') && shape.Type == Boolean:
		if c == 'f' {
			return s.literal("false")
		}
		n.num = 1
		return s.literal("true")
	case (c == '-' || '0' <= c && c <= '9') && (shape.Type == Integer || shape.Type == Long || shape.Type == Timestamp):
		text, err := s.number()
		if err != nil {
			return err
		}
		return n.fromNumber(shape.Type, text)
	}
	return s.mismatch(shape.Type)
}

func (n *node) fromText(t Type, text string) error {
	switch t {
	case Blob:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return malformed("Invalid base64 in input")
		}
		n.text = string(raw)
	case Timestamp:
		at, err := parseISO8601(text)
		if err != nil {
			return malformed("STRING_VALUE can not be converted to a Timestamp")
		}
		n.time = at
	default:
		n.text = text
	}
	return nil
}

func (n *node) fromNumber(t Type, text string) error {
	bad := malformed("NUMBER_VALUE can not be converted to " + typeNames[t])
	if t == Timestamp {
		at, err := parseEpoch(text)
		if err != nil {
			return bad
		}
		n.time = at
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		// Clients without integers write 5.0 or 5e0.
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 || !bytes.ContainsAny([]byte(text), ".eE") {
			return bad
		}
		v = int64(f)
	}
	if t == Integer && (v < math.MinInt32 || v > math.MaxInt32) {
		return bad
	}
	n.num = v
	return nil
}

// mismatch is the error for a value that is not what the model wants, in the
// words AWS's services use, or for what is no value at all.
func (s *scanner) mismatch(want Type) error {
	c := s.peek()
	start := s.pos
	if err := s.skip(); err != nil {
		return err
	}
	s.pos = start
	switch c {
	case '[':
		return malformed("Start of list found where not expected")
	case '{':
		return malformed("Start of structure or map found where not expected.")
	}
	switch want {
	case List:
		return malformed("Expected list or null")
	case Structure, Map:
		return malformed("Expected null")
	}
	token := "NUMBER_VALUE"
	switch c {
	case '"':
		token = "STRING_VALUE"
	case 't':
		token = "TRUE_VALUE"
	case 'f':
		token = "FALSE_VALUE"
	}
	return malformed(token + " can not be converted to " + typeNames[want])
}
