package userpool

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// checkValues checks the form of values, "" being none. What does not conform
// to the schema is added to wrong and told all at once.
func (p *Pool) checkValues(attrs map[string]string, wrong nonconformities) error {
	names := slices.Sorted(maps.Keys(attrs))
	for _, name := range names {
		s := p.SchemaAttribute(name)
		if s == nil {
			wrong.add(name, "Attribute does not exist in the schema.")
			continue
		}
		if text := s.nonconformity(attrs[name]); text != "" {
			wrong.add(name, text)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	for _, name := range names {
		if err := checkFormat(name, attrs[name]); err != nil {
			return err
		}
	}
	return nil
}

// nonconformity says in Cognito's manner what is wrong with a value, "" if
// nothing is.
func (a *SchemaAttribute) nonconformity(value string) string {
	if value == "" {
		return ""
	}
	switch a.AttributeDataType {
	case "Number":
		return a.numberNonconformity(value)
	case "Boolean":
		if normal := strings.ToLower(value); normal != "true" && normal != "false" {
			return "Boolean must be true or false"
		}
	case "DateTime":
		if !isDateTime(value) {
			return "DateTime must be in ISO 8601 format"
		}
	default:
		return a.stringNonconformity(value)
	}
	return ""
}

func (a *SchemaAttribute) stringNonconformity(value string) string {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "String must be valid UTF-8 text"
	}
	low, high := 0, maxAttributeLength
	if c := a.StringAttributeConstraints; c != nil {
		low = bound(c.MinLength, low)
		high = min(bound(c.MaxLength, high), maxAttributeLength)
	}
	switch n := utf8.RuneCountInString(value); {
	case n < low:
		return fmt.Sprintf("String must be no shorter than %d chars", low)
	case n > high:
		return fmt.Sprintf("String must be no longer than %d chars", high)
	}
	return ""
}

func (a *SchemaAttribute) numberNonconformity(value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return "Number must be a whole number"
	}
	c := a.NumberAttributeConstraints
	if c == nil {
		return ""
	}
	if low, err := strconv.ParseInt(c.MinValue, 10, 64); err == nil && n < low {
		return fmt.Sprintf("Number must be no less than %d", low)
	}
	if high, err := strconv.ParseInt(c.MaxValue, 10, 64); err == nil && n > high {
		return fmt.Sprintf("Number must be no greater than %d", high)
	}
	return ""
}

// bound is a constraint of the schema, which the API keeps as text.
func bound(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return fallback
}

func isDateTime(value string) bool {
	return slices.ContainsFunc([]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly}, func(layout string) bool {
		_, err := time.Parse(layout, value)
		return err == nil
	})
}

// checkFormat checks the standard attributes that have a form of their own.
func checkFormat(name, value string) error {
	if value == "" {
		return nil
	}
	switch name {
	case "email":
		if !isEmail(value) {
			return fault.New(fault.InvalidParameter, "Invalid email address format.")
		}
	case "phone_number":
		if !isPhoneNumber(value) {
			return fault.New(fault.InvalidParameter, "Invalid phone number format.")
		}
	case "birthdate":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return fault.New(fault.InvalidParameter, "Invalid birthdate format, please use YYYY-MM-DD.")
		}
	}
	return nil
}

var (
	// phonePattern is ITU-T E.164: a plus and at most 15 digits.
	phonePattern = regexp.MustCompile(`^\+[0-9]{2,15}$`)

	// emailPattern is RFC 5321's address without quoted local parts, comments
	// and address literals, and with RFC 6531's letters beyond ASCII. It is
	// lenient about dots in the local part, which some mail systems misuse.
	emailPattern = regexp.MustCompile("^[\\pL\\pM\\pN.!#$%&'*+/=?^_`{|}~-]{1,64}" +
		`@[\pL\pM\pN](?:[\pL\pM\pN-]{0,61}[\pL\pM\pN])?(?:\.[\pL\pM\pN](?:[\pL\pM\pN-]{0,61}[\pL\pM\pN])?)*$`)
)

// maxEmail is the most bytes of an address: RFC 5321's local part, @ and domain.
const maxEmail = 64 + 1 + 255

func isEmail(s string) bool { return len(s) <= maxEmail && emailPattern.MatchString(s) }

func isPhoneNumber(s string) bool { return phonePattern.MatchString(s) }

// normal is a checked value as it is kept: booleans in lower case, since many
// callers are written in Python.
func (p *Pool) normal(name, value string) string {
	if s := p.SchemaAttribute(name); s != nil && s.AttributeDataType == "Boolean" {
		return strings.ToLower(value)
	}
	return value
}
