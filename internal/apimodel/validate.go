package apimodel

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxViolations bounds a ValidationError: a body of a megabyte can break
// hundreds of thousands of constraints, and nobody reads past the first few.
const maxViolations = 64

func validate(shape *Shape, root *node) error {
	var v validator
	v.value(shape, root)
	if len(v.found) == 0 {
		return nil
	}
	return &ValidationError{Violations: v.found}
}

// A validator walks a tree in model order, keeping the path as steps because
// its text is rarely needed.
type validator struct {
	path  []step
	found []Violation
}

// A step is a member or map key, or, if name is empty, an element of a list.
type step struct {
	name  string
	index int
}

func (v *validator) pathText() string {
	var b strings.Builder
	for i, s := range v.path {
		if i > 0 {
			b.WriteByte('.')
		}
		if s.name == "" {
			b.WriteString(strconv.Itoa(s.index + 1))
			b.WriteString(".member")
		} else {
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func (v *validator) add(value, constraint string) {
	if !v.full() {
		v.found = append(v.found, Violation{Path: v.pathText(), Value: value, Constraint: constraint})
	}
}

func (v *validator) full() bool { return len(v.found) >= maxViolations }

func (v *validator) inside(s step, shape *Shape, n *node) {
	v.path = append(v.path, s)
	v.value(shape, n)
	v.path = v.path[:len(v.path)-1]
}

func (v *validator) value(shape *Shape, n *node) {
	if n.null {
		v.missing(shape)
		return
	}
	for _, constraint := range broken(shape, n) {
		v.add(quote(shape, n), constraint)
	}
	switch shape.Type {
	case Structure:
		v.structure(shape, n)
	case List:
		v.list(shape, n)
	case Map:
		v.mapping(shape, n)
	}
}

// missing reports a required value that is absent.
//
// Which of the two forms AWS uses follows the shape's sensitive mark. Seen in
// public reports from live services: "Value null at 'sub'" (a challenge
// response) and "Value null at 'allowUnauthenticatedIdentities'"
// (CreateIdentityPool), neither sensitive; "Value at 'username'" and
// "Value at 'password'", both sensitive.
func (v *validator) missing(shape *Shape) {
	value := "null"
	if shape.Sensitive {
		value = ""
	}
	v.add(value, notNull)
}

const notNull = "Member must not be null"

func (v *validator) structure(shape *Shape, n *node) {
	for i := range shape.Members {
		if v.full() {
			return
		}
		m := &shape.Members[i]
		kid := n.child(i)
		if kid == nil && !m.Required {
			continue
		}
		if kid == nil {
			kid = &node{null: true}
		}
		v.inside(step{name: lowerCamel(m.Name)}, m.Shape, kid)
	}
}

// lowerCamel is how AWS's services print a member's name: only the first letter
// changes (KMSKeyID becomes kMSKeyID).
func lowerCamel(name string) string {
	if c := name[0]; 'A' <= c && c <= 'Z' {
		return string(c+'a'-'A') + name[1:]
	}
	return name
}

func (v *validator) list(shape *Shape, n *node) {
	if shape.Elem.composite() {
		for i := range n.kids {
			if v.full() {
				return
			}
			v.inside(step{index: i}, shape.Elem, &n.kids[i])
		}
		return
	}
	// Coral reports a list of scalars once, as a whole, and names every
	// constraint of its elements, broken or not.
	bad, null := false, false
	for i := range n.kids {
		null = null || n.kids[i].null
		bad = bad || null || len(broken(shape.Elem, &n.kids[i])) > 0
	}
	if bad {
		all := constraints(shape.Elem)
		if null {
			all = append(all, notNull)
		}
		v.add(quote(shape, n), "Member must satisfy constraint: ["+strings.Join(all, ", ")+"]")
	}
}

func (v *validator) mapping(shape *Shape, n *node) {
	badKey, badValue := false, false
	for i := range n.kids {
		kid := &n.kids[i]
		badKey = badKey || len(broken(shape.Key, &node{text: kid.key})) > 0
		badValue = badValue || len(broken(shape.Elem, kid)) > 0
	}
	if badKey {
		v.add(quote(shape, n), "Map keys must satisfy constraint: ["+strings.Join(constraints(shape.Key), ", ")+"]")
	}
	if !shape.Elem.composite() {
		if badValue {
			v.add(quote(shape, n), "Map value must satisfy constraint: ["+strings.Join(constraints(shape.Elem), ", ")+"]")
		}
		return
	}
	for i := range n.kids {
		if v.full() {
			return
		}
		v.inside(step{name: cut(strings.Map(printable, n.kids[i].key))}, shape.Elem, &n.kids[i])
	}
}

// composite reports whether values of the shape have members or elements.
func (s *Shape) composite() bool {
	return s.Type == Structure || s.Type == List || s.Type == Map
}

// broken lists the constraints that n itself breaks. The order is the one most
// often seen from Cognito for an empty username: pattern, then length.
func broken(shape *Shape, n *node) []string {
	var found []string
	if shape.Pattern != nil && !shape.Pattern.Match(n.text) {
		found = append(found, patternText(shape))
	}
	if l := shape.Limits; l != nil {
		size := measure(shape, n)
		if size > l.Max {
			found = append(found, maxText(shape))
		}
		if size < l.Min {
			found = append(found, minText(shape))
		}
	}
	if shape.Enum != nil && !slices.Contains(shape.Enum, n.text) {
		found = append(found, enumText(shape))
	}
	return found
}

// constraints lists all constraints of a scalar shape, in the order AWS's
// bracketed form has them.
func constraints(shape *Shape) []string {
	var all []string
	if l := shape.Limits; l != nil {
		if l.Max != NoMax {
			all = append(all, maxText(shape))
		}
		if l.Min != NoMin {
			all = append(all, minText(shape))
		}
	}
	if shape.Pattern != nil {
		all = append(all, patternText(shape))
	}
	if shape.Enum != nil {
		all = append(all, enumText(shape))
	}
	return all
}

func measure(shape *Shape, n *node) int64 {
	switch shape.Type {
	case String:
		return int64(utf8.RuneCountInString(n.text))
	case Blob:
		return int64(len(n.text))
	case List, Map:
		return int64(len(n.kids))
	}
	return n.num
}

func (s *Shape) measured() string {
	if s.Type == Integer || s.Type == Long {
		return "value"
	}
	return "length"
}

func maxText(s *Shape) string {
	return "Member must have " + s.measured() + " less than or equal to " + strconv.FormatInt(s.Limits.Max, 10)
}

func minText(s *Shape) string {
	return "Member must have " + s.measured() + " greater than or equal to " + strconv.FormatInt(s.Limits.Min, 10)
}

func patternText(s *Shape) string {
	return "Member must satisfy regular expression pattern: " + s.Pattern.Text
}

func enumText(s *Shape) string {
	return "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]"
}

// maxQuoted bounds, in code points, how much of a value a message repeats. AWS
// repeats all of it; a body of a megabyte should not come back in its own
// refusal, and no valid identifier of the models is longer than 256.
const maxQuoted = 256

// quote shows a value as a message has it: 'x', or nothing if any part of it is
// sensitive.
func quote(shape *Shape, n *node) string {
	if shape.holdsSensitive() {
		return ""
	}
	var b strings.Builder
	appendText(&b, shape, n)
	return "'" + cut(b.String()) + "'"
}

func cut(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	count := 0
	for i := range text {
		if count == maxQuoted {
			return text[:i] + "..."
		}
		count++
	}
	return text
}

func (s *Shape) holdsSensitive() bool {
	if s == nil {
		return false
	}
	if s.Sensitive || s.Key.holdsSensitive() || s.Elem.holdsSensitive() {
		return true
	}
	return slices.ContainsFunc(s.Members, func(m Member) bool { return m.Redact || m.Shape.holdsSensitive() })
}

// appendText writes a value as Java's toString does, and stops soon after the
// part that cut keeps.
func appendText(b *strings.Builder, shape *Shape, n *node) {
	if n.null {
		b.WriteString("null")
		return
	}
	switch shape.Type {
	case Structure:
		appendAll(b, "{}", n.kids, func(kid *node) {
			m := &shape.Members[kid.index]
			b.WriteString(lowerCamel(m.Name) + "=")
			appendText(b, m.Shape, kid)
		})
	case List:
		appendAll(b, "[]", n.kids, func(kid *node) { appendText(b, shape.Elem, kid) })
	case Map:
		appendAll(b, "{}", n.kids, func(kid *node) {
			b.WriteString(strings.Map(printable, kid.key) + "=")
			appendText(b, shape.Elem, kid)
		})
	case Integer, Long:
		b.WriteString(strconv.FormatInt(n.num, 10))
	case Boolean:
		b.WriteString(strconv.FormatBool(n.num != 0))
	case Timestamp:
		b.WriteString(n.time.Format("2006-01-02T15:04:05.000Z07:00"))
	case Blob:
		size := strconv.Itoa(len(n.text))
		b.WriteString("java.nio.HeapByteBuffer[pos=0 lim=" + size + " cap=" + size + "]")
	default:
		b.WriteString(strings.Map(printable, n.text))
	}
}

// printable keeps control characters of a value out of logs and terminals.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return '?'
	}
	return r
}

func appendAll(b *strings.Builder, brackets string, kids []node, write func(*node)) {
	b.WriteByte(brackets[0])
	for i := range kids {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxQuoted*utf8.UTFMax {
			break
		}
		write(&kids[i])
	}
	b.WriteByte(brackets[1])
}
