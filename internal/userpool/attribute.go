package userpool

import (
	"maps"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Writer is who sets attributes: a user through an app client, or, with no
// Client, an administrator, who may set more.
type Writer struct{ Client *Client }

func (w Writer) administrator() bool { return w.Client == nil }

var errUnwritable = fault.New(fault.NotAuthorized, "A client attempted to write unauthorized attribute")

// checkNewAttributes checks the attributes of a user about to be made. Those
// who sign up must give all required ones; an administrator may leave them to
// the user's first sign-in. The attribute filled, if any, came with the
// username, so that no write list counts for it. The errors are
// InvalidParameterException and, for attributes the writer may not set,
// NotAuthorizedException.
func (p *Pool) checkNewAttributes(attrs map[string]string, w Writer, filled string) error {
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		if name == filled {
			continue
		}
		if err := p.checkWritable(name, w); err != nil {
			return err
		}
	}
	var wrong nonconformities
	if !w.administrator() {
		for _, s := range p.SchemaAttributes {
			if s.Required && s.Name != "sub" && attrs[s.Name] == "" {
				wrong.add(s.Name, "The attribute is required")
			}
		}
	}
	if err := p.checkValues(attrs, wrong); err != nil {
		return err
	}
	return checkVerifiedFlags(nil, attrs)
}

// CheckChangedAttributes checks values that are to be written over those of a
// user, "" deleting one. The errors are InvalidParameterException and, for
// attributes the writer may not set, NotAuthorizedException.
func (p *Pool) CheckChangedAttributes(u *store.User, set map[string]string, w Writer) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if err := p.checkWritable(name, w); err != nil {
			return err
		}
		s := p.SchemaAttribute(name)
		switch {
		case s == nil: // checkValues tells
		case !s.Mutable:
			return errImmutable(name)
		case s.Required && set[name] == "" && u.Attributes[name] != "":
			return errUndeletable(name)
		}
	}
	if err := p.checkValues(set, nil); err != nil {
		return err
	}
	return checkVerifiedFlags(u.Attributes, set)
}

// checkDeletedAttributes checks attributes that are to be deleted, in the same
// way.
func (p *Pool) checkDeletedAttributes(names []string, w Writer) error {
	for _, name := range names {
		if err := p.checkWritable(name, w); err != nil {
			return err
		}
		s := p.SchemaAttribute(name)
		switch {
		case s == nil:
			var wrong nonconformities
			wrong.add(name, "Attribute does not exist in the schema.")
			return wrong.err()
		case unwritable(name) && !strings.HasPrefix(name, developerPrefix):
			return errFixed(name)
		case !s.Mutable:
			return errImmutable(name)
		case s.Required:
			return errUndeletable(name)
		}
	}
	return nil
}

// checkWritable says whether the writer may set an attribute at all. One that
// does not exist passes, to be refused for that.
func (p *Pool) checkWritable(name string, w Writer) error {
	if w.administrator() {
		if p.SchemaAttribute(name) == nil {
			return fault.Errorf(fault.InvalidParameter,
				"Attributes did not conform to the schema: Type for attribute {%s} could not be determined", name)
		}
		if name == "sub" || name == "identities" {
			return errFixed(name)
		}
		return nil
	}
	if p.SchemaAttribute(name) != nil && (unwritable(name) || !w.Client.Writes(name)) {
		return errUnwritable
	}
	return nil
}

// checkVerifiedFlags refuses to mark an address verified, or not, that the user
// does not have once set is written over have.
func checkVerifiedFlags(have, set map[string]string) error {
	for _, c := range []struct{ attribute, text string }{
		{"email", "Email is required to verify/un-verify an email"},
		{"phone_number", "Phone Number is required to verify/un-verify a phone number"},
	} {
		value, given := set[c.attribute]
		if !given {
			value = have[c.attribute]
		}
		if set[c.attribute+"_verified"] != "" && value == "" {
			return fault.New(fault.InvalidParameter, c.text)
		}
	}
	return nil
}

func errFixed(name string) error {
	return fault.Errorf(fault.InvalidParameter, "Cannot modify the non-mutable attribute %s", name)
}

func errImmutable(name string) error {
	return fault.Errorf(fault.InvalidParameter, "user.%s: Attribute cannot be updated.", name)
}

func errUndeletable(name string) error {
	return fault.Errorf(fault.InvalidParameter, "user.%s: Attribute cannot be deleted.", name)
}

// nonconformities collects what is wrong with attributes. Cognito ends each
// with a line break.
type nonconformities []string

func (n *nonconformities) add(name, text string) { *n = append(*n, name+": "+text+"\n") }

func (n nonconformities) err() error {
	if len(n) == 0 {
		return nil
	}
	return fault.New(fault.InvalidParameter, "Attributes did not conform to the schema: "+strings.Join(n, ""))
}
