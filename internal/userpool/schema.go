package userpool

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// SchemaSettings describes an attribute as a request defines it, without the
// prefixes of custom attributes. An absent flag has its default: mutable, not
// required, not for developers only.
type SchemaSettings struct {
	Name                       string             `json:"Name"`
	AttributeDataType          string             `json:"AttributeDataType"`
	DeveloperOnlyAttribute     *bool              `json:"DeveloperOnlyAttribute"`
	Mutable                    *bool              `json:"Mutable"`
	Required                   *bool              `json:"Required"`
	NumberAttributeConstraints *NumberConstraints `json:"NumberAttributeConstraints"`
	StringAttributeConstraints *StringConstraints `json:"StringAttributeConstraints"`
}

const (
	customPrefix    = "custom:"
	developerPrefix = "dev:"

	maxCustomAttributes = 50
	maxAttributeLength  = 2048
)

// unwritable says whether an attribute is one that only administrators and
// Cognito itself ever set.
func unwritable(attribute string) bool {
	switch attribute {
	case "sub", "email_verified", "phone_number_verified", "identities":
		return true
	}
	return strings.HasPrefix(attribute, developerPrefix)
}

// standardSchema are the attributes each pool has, in Cognito's order.
func standardSchema() []SchemaAttribute {
	text := func(name, least, most string) SchemaAttribute {
		return SchemaAttribute{Name: name, AttributeDataType: "String", Mutable: true,
			StringAttributeConstraints: &StringConstraints{MinLength: least, MaxLength: most}}
	}
	flag := func(name string) SchemaAttribute {
		return SchemaAttribute{Name: name, AttributeDataType: "Boolean", Mutable: true}
	}
	sub := text("sub", "1", "2048")
	sub.Mutable, sub.Required = false, true
	return []SchemaAttribute{
		sub,
		text("name", "0", "2048"),
		text("given_name", "0", "2048"),
		text("family_name", "0", "2048"),
		text("middle_name", "0", "2048"),
		text("nickname", "0", "2048"),
		text("preferred_username", "0", "2048"),
		text("profile", "0", "2048"),
		text("picture", "0", "2048"),
		text("website", "0", "2048"),
		text("email", "0", "2048"),
		flag("email_verified"),
		text("gender", "0", "2048"),
		text("birthdate", "10", "10"),
		text("zoneinfo", "0", "2048"),
		text("locale", "0", "2048"),
		text("phone_number", "0", "2048"),
		flag("phone_number_verified"),
		text("address", "0", "2048"),
		{Name: "updated_at", AttributeDataType: "Number", Mutable: true,
			NumberAttributeConstraints: &NumberConstraints{MinValue: "0"}},
	}
}

// newSchema is the schema of a new pool: the standard attributes, some of them
// redefined, and the custom ones behind them in the order given.
func newSchema(settings []SchemaSettings) ([]SchemaAttribute, error) {
	schema := standardSchema()
	standard := len(schema)
	redefined := map[string]bool{}
	for n, s := range settings {
		i := slices.IndexFunc(schema[:standard], func(a SchemaAttribute) bool { return a.Name == s.Name })
		if i < 0 {
			if s.Name == "" {
				return nil, namelessAttribute("schema", n)
			}
			custom, err := s.custom()
			if err != nil {
				return nil, err
			}
			if hasAttribute(schema, custom.Name) {
				return nil, duplicateAttribute(custom.Name)
			}
			schema = append(schema, custom)
			continue
		}
		if redefined[s.Name] {
			return nil, duplicateAttribute(s.Name)
		}
		redefined[s.Name] = true
		var err error
		if schema[i], err = s.redefine(schema[i]); err != nil {
			return nil, err
		}
	}
	return schema, nil
}

func duplicateAttribute(name string) error {
	return invalid("Duplicate custom attribute names %s are not allowed in a user pool schema.", name)
}

// namelessAttribute is the error for item n, from 0, of a request's list. The API
// model does not require the name.
func namelessAttribute(list string, n int) error {
	return invalid("1 validation error detected: Value at '%s.%d.member.name' failed to satisfy constraint: Member must not be null", list, n+1)
}

// addAttributes is a schema with custom attributes added to it.
func addAttributes(schema []SchemaAttribute, settings []SchemaSettings) ([]SchemaAttribute, error) {
	schema = slices.Clone(schema)
	for n, s := range settings {
		if s.Name == "" {
			return nil, namelessAttribute("customAttributes", n)
		}
		custom, err := s.custom()
		if err != nil {
			return nil, err
		}
		if hasAttribute(schema, custom.Name) {
			return nil, invalid("%s: Existing attribute already has name %s.", customPrefix+s.Name, custom.Name)
		}
		schema = append(schema, custom)
	}
	count := 0
	for _, a := range schema {
		if isCustom(a.Name) {
			count++
		}
	}
	if count > maxCustomAttributes {
		return nil, invalid("A user pool can not have more than %d custom attributes.", maxCustomAttributes)
	}
	return schema, nil
}

func hasAttribute(schema []SchemaAttribute, name string) bool {
	return slices.ContainsFunc(schema, func(a SchemaAttribute) bool { return a.Name == name })
}

func isCustom(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, developerPrefix), customPrefix)
}

// custom is a new custom attribute.
func (s *SchemaSettings) custom() (SchemaAttribute, error) {
	a := SchemaAttribute{
		Name:                   customPrefix + s.Name,
		AttributeDataType:      s.AttributeDataType,
		DeveloperOnlyAttribute: isTrue(s.DeveloperOnlyAttribute),
		Mutable:                s.Mutable == nil || *s.Mutable,
	}
	if a.DeveloperOnlyAttribute {
		a.Name = developerPrefix + a.Name
	}
	switch {
	case isTrue(s.Required):
		return a, invalid("Required custom attributes are not supported currently.")
	case s.AttributeDataType == "":
		return a, invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
	}
	// A custom attribute shows its constraints even if it has none.
	a.constrain(s, &StringConstraints{}, &NumberConstraints{})
	return a, a.check()
}

// redefine is a standard attribute as the request wants it.
func (s *SchemaSettings) redefine(a SchemaAttribute) (SchemaAttribute, error) {
	if s.AttributeDataType != "" && s.AttributeDataType != a.AttributeDataType || isTrue(s.DeveloperOnlyAttribute) {
		return a, invalid("You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
	}
	if a.Name == "sub" {
		return a, nil // every user has one, and it never changes
	}
	a.Required = isTrue(s.Required)
	a.Mutable = s.Mutable == nil || *s.Mutable
	if s.AttributeDataType != "" { // Cognito passes over constraints without a type
		a.constrain(s, a.StringAttributeConstraints, a.NumberAttributeConstraints)
	}
	return a, a.check()
}

// constrain takes the constraints that belong to the attribute's type from a
// request, or those given.
func (a *SchemaAttribute) constrain(s *SchemaSettings, text *StringConstraints, number *NumberConstraints) {
	a.StringAttributeConstraints, a.NumberAttributeConstraints = nil, nil
	switch a.AttributeDataType {
	case "String":
		a.StringAttributeConstraints = cmp.Or(s.StringAttributeConstraints, text)
	case "Number":
		a.NumberAttributeConstraints = cmp.Or(s.NumberAttributeConstraints, number)
	}
}

// check refuses constraints that are no numbers or leave no room.
func (a *SchemaAttribute) check() error {
	if c := a.StringAttributeConstraints; c != nil {
		least, most, err := a.bounds("length", c.MinLength, c.MaxLength)
		switch {
		case err != nil:
			return err
		case least != nil && *least < 0 || most != nil && *most < 0:
			return invalid("user.%s: String attributes cannot have a negative length", a.Name)
		case least != nil && *least > maxAttributeLength || most != nil && *most > maxAttributeLength:
			return invalid("user.%s: String attributes cannot have a length of more than %d", a.Name, maxAttributeLength)
		case least != nil && most != nil && *most < *least:
			return invalid("user.%s: Max length cannot be less than min length.", a.Name)
		}
	}
	if c := a.NumberAttributeConstraints; c != nil {
		least, most, err := a.bounds("value", c.MinValue, c.MaxValue)
		switch {
		case err != nil:
			return err
		case least != nil && most != nil && *most < *least:
			return invalid("user.%s: Max value cannot be less than min value.", a.Name)
		}
	}
	return nil
}

// bounds reads the two ends of a constraint; an end that is not set is nil.
func (a *SchemaAttribute) bounds(what, least, most string) (from, to *int64, err error) {
	for _, end := range []struct {
		name, text string
		value      **int64
	}{{"Min", least, &from}, {"Max", most, &to}} {
		if end.text == "" {
			continue
		}
		n, err := strconv.ParseInt(end.text, 10, 64)
		if err != nil {
			return nil, nil, invalid("user.%s: %s %s must be a whole number.", a.Name, end.name, what)
		}
		*end.value = &n
	}
	return from, to, nil
}

func isTrue(b *bool) bool { return b != nil && *b }
