package userpool

import (
	"maps"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// checkUsername checks the form of a new user's name. In a pool of username
// attributes it returns the attribute whose value the name is, otherwise "". The
// errors are InvalidParameterException.
func (p *Pool) checkUsername(name string) (attribute string, err error) {
	email := slices.Contains(p.UsernameAttributes, "email")
	phone := slices.Contains(p.UsernameAttributes, "phone_number")
	switch {
	case email && isEmail(name):
		return "email", nil
	case phone && isPhoneNumber(name):
		return "phone_number", nil
	case email && phone:
		return "", fault.New(fault.InvalidParameter, "Username should be either an email or a phone number.")
	case email:
		return "", fault.New(fault.InvalidParameter, "Username should be an email.")
	case phone:
		return "", fault.New(fault.InvalidParameter, "Username should be a phone number.")
	case !p.LooksLikeAlias(name):
		return "", nil
	case slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@"):
		return "", fault.New(fault.InvalidParameter,
			"Username cannot be of email format, since user pool is configured for email alias.")
	}
	return "", fault.New(fault.InvalidParameter,
		"Username cannot be of phone number format, since user pool is configured for phone number alias.")
}

// fillUsername returns the attributes with the one that the username stands for,
// as checkUsername found it. Another value for it is an
// InvalidParameterException.
func (p *Pool) fillUsername(name, attribute string, attrs map[string]string) (map[string]string, error) {
	filled := make(map[string]string, len(attrs)+1)
	maps.Copy(filled, attrs)
	if attribute == "" {
		return filled, nil
	}
	if given := filled[attribute]; given != "" && p.Fold(given) != p.Fold(name) {
		return nil, fault.Errorf(fault.InvalidParameter, "Username and %s attribute must be the same.", attribute)
	}
	filled[attribute] = name
	return filled, nil
}
