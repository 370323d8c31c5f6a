package apimodel

import (
	"math"
	"regexp"
	"sync"
)

// A Type is the kind of a Shape.
type Type uint8

// The types of shapes in AWS's API models. Document is any JSON value.
const (
	Structure Type = iota + 1
	List
	Map
	String
	Integer // 32 bits, signed
	Long    // 64 bits, signed
	Boolean
	Timestamp
	Blob
	Document
)

// A Shape describes one shape of an API model. Shapes are data: they are
// written by tools/apigen and must not be changed, and a shape does not contain
// itself.
type Shape struct {
	Type Type
	Name string // as in the model

	// Limits bounds the length of a string (in Unicode code points), of a blob
	// (bytes), of a list or map (entries), or the value of a number. Nil is no
	// bound.
	Limits *Limits
	// Pattern is what a string matches as a whole. Nil matches all.
	Pattern *Pattern
	// Enum lists the values of a string, in model order. Nil allows all.
	Enum []string
	// Sensitive values are neither quoted in messages nor logged.
	Sensitive bool

	Members []Member // of a Structure, in model order
	Elem    *Shape   // the element of a List, or the value of a Map
	Key     *Shape   // the key of a Map, of type String
}

// A Member is one member of a structure.
type Member struct {
	Name     string // as on the wire
	Shape    *Shape
	Required bool
	// Redact keeps the member out of logs although its shape is not marked
	// sensitive in the model.
	Redact bool
}

// Limits are inclusive bounds.
type Limits struct {
	Min, Max int64
}

// NoMin and NoMax leave one side of Limits open.
const (
	NoMin = math.MinInt64
	NoMax = math.MaxInt64
)

// A Pattern is a regular expression of the model. It is compiled when it is
// first used, so that declaring one costs nothing at startup.
type Pattern struct {
	Text string // as in the model, in Java's syntax; quoted in messages
	RE2  string // the same language in RE2's syntax; empty if Text is already that

	once sync.Once
	re   *regexp.Regexp
}

// Match reports whether the whole of s matches, as Java's String.matches does.
// It panics if the expression is not one RE2 accepts; tools/apigen sees to that.
func (p *Pattern) Match(s string) bool {
	p.once.Do(func() {
		expr := p.RE2
		if expr == "" {
			expr = p.Text
		}
		p.re = regexp.MustCompile(`\A(?:` + expr + `)\z`)
	})
	return p.re.MatchString(s)
}

// An Operation describes one operation of an API.
type Operation struct {
	Name   string
	Public bool // callable without a signature (the model's authtype is none)
	Input  *Shape
	Output *Shape   // a structure without members if the model names none
	Errors []string // codes the model lists, in model order
}
