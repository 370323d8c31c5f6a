package userpool

import (
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// filter is the one condition a list of users can have. The zero filter lets all
// users pass.
type filter struct {
	attribute string
	prefix    bool // the value need only begin so
	value     string
}

// maxFilter is the most characters of a filter (UserFilterType of the API
// model). Every value of a filter is therefore shorter than indexedRunes, and
// what the search index cut off cannot decide.
const maxFilter = 256

var errFilter = fault.New(fault.InvalidParameter, "Error while parsing filter")

// parseFilter reads a filter of ListUsers (API reference, "ListUsers"):
//
//	[ attribute ( "=" | "^=" ) `"` value `"` ]
//
// with spaces allowed around each part. In the value a backslash stands before a
// quotation mark, and before a backslash where it is needed to tell the two
// apart; before anything else it stands for itself. The error is
// InvalidParameterException.
func parseFilter(text string) (filter, error) {
	if utf8.RuneCountInString(text) > maxFilter || !utf8.ValidString(text) {
		return filter{}, errFilter
	}
	rest := strings.TrimSpace(text)
	if rest == "" {
		return filter{}, nil
	}
	var f filter
	end := strings.IndexAny(rest, "=^\" \t\r\n")
	if end <= 0 {
		return filter{}, errFilter
	}
	f.attribute, rest = rest[:end], strings.TrimSpace(rest[end:])
	rest, f.prefix = strings.CutPrefix(rest, "^")
	rest, ok := strings.CutPrefix(rest, "=")
	if !ok {
		return filter{}, errFilter
	}
	rest, ok = strings.CutPrefix(strings.TrimSpace(rest), `"`)
	if !ok {
		return filter{}, errFilter
	}
	f.value, rest, ok = unquote(rest)
	if !ok || rest != "" {
		return filter{}, errFilter
	}
	return f, nil
}

// unquote reads up to the quotation mark that ends a value, and returns the
// value and what follows the mark.
func unquote(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// String is the filter in its plainest spelling, "" for the one that lets all
// pass.
func (f filter) String() string {
	if f.attribute == "" {
		return ""
	}
	op := "="
	if f.prefix {
		op = "^="
	}
	return f.attribute + op + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.value) + `"`
}

func (f filter) matches(value string) bool {
	return value == f.value || f.prefix && strings.HasPrefix(value, f.value)
}

// statuses are all states a user can be in.
var statuses = []string{
	StatusConfirmed, StatusExternalProvider, StatusForceChangePassword, StatusResetRequired, StatusUnconfirmed,
}

// queries turns a filter into the index look-ups whose answers, one after the
// other, are the users it lets pass; no user is in two of them. It returns
// InvalidParameterException for an attribute that cannot be searched. Cognito
// searches few attributes and no custom ones; here all of the schema are
// indexed.
func (p *Pool) queries(f filter) ([]userQuery, error) {
	by := func(field store.UserField, attribute, value string) userQuery {
		return userQuery{UserQuery: store.UserQuery{
			PoolID: p.ID, Field: field, Attribute: attribute, Value: value, Prefix: f.prefix,
		}}
	}
	switch f.attribute {
	case "":
		return []userQuery{by(store.AllUsers, "", "")}, nil
	case "sub":
		return []userQuery{by(store.BySub, "", f.value)}, nil
	case "username":
		// A username that is the sub is no name of its own.
		subs := by(store.BySub, "", f.value)
		subs.onlySubNamed = true
		return []userQuery{by(store.ByUsername, "", p.Fold(f.value)), subs}, nil
	case "status":
		var qs []userQuery
		if f.matches("Enabled") {
			qs = append(qs, by(store.ByEnabled, "", "1"))
		}
		if f.matches("Disabled") {
			qs = append(qs, by(store.ByEnabled, "", "0"))
		}
		return qs, nil
	case "cognito:user_status":
		f.value = strings.ToUpper(f.value)
		var qs []userQuery
		for _, status := range statuses {
			if f.matches(status) {
				qs = append(qs, by(store.ByStatus, "", status))
			}
		}
		return qs, nil
	case "email_verified", "phone_number_verified": // not indexed: nearly all users share a value
	default:
		if p.SchemaAttribute(f.attribute) != nil {
			return []userQuery{by(store.ByAttribute, f.attribute, p.indexValue(f.attribute, f.value))}, nil
		}
	}
	return nil, fault.Errorf(fault.InvalidParameter, "Invalid search attribute: %s", f.attribute)
}
