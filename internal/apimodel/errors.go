package apimodel

import (
	"strconv"
	"strings"
)

// A SerializationError tells that a body is not the JSON its shape asks for.
// It is AWS's SerializationException.
type SerializationError struct {
	Message string
}

func (e *SerializationError) Error() string { return e.Message }

// A ValidationError tells which constraints of the model a body breaks. It has
// at least one violation and at most maxViolations, in model order.
type ValidationError struct {
	Violations []Violation
}

// Error is the message AWS gives.
func (e *ValidationError) Error() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(len(e.Violations)))
	if len(e.Violations) == 1 {
		b.WriteString(" validation error detected: ")
	} else {
		b.WriteString(" validation errors detected: ")
	}
	for i, v := range e.Violations {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(v.String())
	}
	return b.String()
}

// A Violation is one broken constraint.
type Violation struct {
	// Path leads to the member in lowerCamel names: "policies.passwordPolicy",
	// "schema.1.member.name".
	Path string
	// Value is how the message shows the value: "null", "'x'", or empty for a
	// sensitive one.
	Value string
	// Constraint is AWS's wording, beginning with "Member must".
	Constraint string
}

func (v Violation) String() string {
	if v.Value == "" {
		return "Value at '" + v.Path + "' failed to satisfy constraint: " + v.Constraint
	}
	return "Value " + v.Value + " at '" + v.Path + "' failed to satisfy constraint: " + v.Constraint
}
