package userpool

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// ImportedUser is a user as a file describes it. An empty attribute is none.
type ImportedUser struct {
	Username      string
	MFAEnabled    string // "" or a boolean
	Attributes    map[string]string
	PasswordHash  string // "" for none
	HashAlgorithm string // as in PasswordHashingAlgorithm; "" if there are no hashes
}

// ImportHeader are the columns that a file of users has (GetCSVHeader): the
// standard attributes, the custom ones, and what the columns below name.
func (p *Pool) ImportHeader() []string {
	var header []string
	for _, a := range p.SchemaAttributes {
		if a.Name != "sub" && a.Name != "identities" {
			header = append(header, a.Name)
		}
	}
	return append(header, ImportMFAColumn, ImportUsernameColumn)
}

// The columns of a file that are no attributes.
const (
	ImportUsernameColumn = "cognito:username"
	ImportMFAColumn      = "cognito:mfa_enabled"
	ImportHashColumn     = "password_hash" // of jobs with a hashing algorithm
)

// Imported makes a user of a row: RESET_REQUIRED, or CONFIRMED if there is a
// password or the pool lets the user sign in with codes. It checks all that can
// be checked without looking at other users. The errors are
// InvalidParameterException.
func (u *Users) Imported(pool *Pool, in ImportedUser) (*store.User, error) {
	if err := checkImportedName(in.Username); err != nil {
		return nil, err
	}
	attribute, err := pool.checkUsername(in.Username)
	if err != nil {
		return nil, err
	}
	attrs, err := pool.fillUsername(in.Username, attribute, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := pool.checkImported(attrs); err != nil {
		return nil, err
	}
	if err := pool.checkImportedMFA(in.MFAEnabled); err != nil {
		return nil, err
	}
	user := &store.User{
		PoolID: pool.ID, Sub: newSub(), Username: in.Username, Status: StatusResetRequired, Enabled: true,
		Attributes: make(map[string]string, len(attrs)),
	}
	if attribute != "" {
		user.Username = user.Sub
	}
	pool.SetAttributes(user, attrs)
	if in.PasswordHash != "" {
		if _, err := parsePasswordHash(in.HashAlgorithm, in.PasswordHash); err != nil {
			return nil, err
		}
		user.SealedPassword, err = u.ring.Seal(passwordPurpose, hashForm(in.HashAlgorithm, in.PasswordHash), pool.ID, user.Sub)
		if err != nil {
			return nil, err
		}
	}
	if in.PasswordHash != "" || pool.signsInWithCodes(user) {
		user.Status = StatusConfirmed
	}
	pool.derive(user)
	return user, nil
}

// namePattern is UsernameType of the API model.
var namePattern = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

func checkImportedName(name string) error {
	switch {
	case name == "":
		return fault.New(fault.InvalidParameter, "The username is required.")
	case utf8.RuneCountInString(name) > maxUsername:
		return fault.Errorf(fault.InvalidParameter, "The username is longer than %d characters.", maxUsername)
	case !namePattern.MatchString(name):
		return fault.New(fault.InvalidParameter, "The username must not contain white space.")
	}
	return nil
}

// checkImported checks the attributes of a new user. It brings birthdates from
// the form of files to that of attributes, and drops what says of an address that
// is not there that it is not verified.
func (p *Pool) checkImported(attrs map[string]string) error {
	maps.DeleteFunc(attrs, func(_, value string) bool { return value == "" })
	if text := attrs["birthdate"]; text != "" {
		date, err := time.Parse("01/02/2006", text)
		if err != nil {
			return fault.New(fault.InvalidParameter, "Invalid birthdate format, please use MM/DD/YYYY.")
		}
		attrs["birthdate"] = date.Format(time.DateOnly)
	}
	for _, attribute := range verifiable {
		if attrs[attribute] == "" && strings.EqualFold(attrs[attribute+"_verified"], "false") {
			delete(attrs, attribute+"_verified")
		}
	}
	var wrong nonconformities
	for _, s := range p.SchemaAttributes {
		if s.Required && s.Name != "sub" && attrs[s.Name] == "" {
			wrong.add(s.Name, "The attribute is required")
		}
	}
	if err := p.checkValues(attrs, wrong); err != nil {
		return err
	}
	if err := checkVerifiedFlags(nil, attrs); err != nil {
		return err
	}
	if !slices.ContainsFunc(p.AutoVerifiedAttributes, func(attribute string) bool {
		return strings.EqualFold(attrs[attribute+"_verified"], "true")
	}) {
		return fault.New(fault.InvalidParameter,
			"The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true).")
	}
	return nil
}

// checkImportedMFA holds cognito:mfa_enabled against what the pool requires.
func (p *Pool) checkImportedMFA(value string) error {
	text := ""
	switch normal := strings.ToLower(value); {
	case normal != "" && normal != "true" && normal != "false":
		text = "cognito:mfa_enabled must be true, false or empty."
	case normal == "false" && p.MfaConfiguration == "ON":
		text = "cognito:mfa_enabled must be true or empty, since the user pool requires MFA."
	case normal == "true" && p.MfaConfiguration == "OFF":
		text = "cognito:mfa_enabled must be false or empty, since the user pool has MFA turned off."
	}
	if text == "" {
		return nil
	}
	return fault.New(fault.InvalidParameter, text)
}

// InsertImported adds users that Imported made, but those of whose names one is
// taken, by a user of the pool or by one before in the list. For each it says
// what keeps it out: nil or a text for the log. It is made for many users, in few
// statements.
func (p *Pool) InsertImported(tx *store.Tx, users []*store.User) (skipped []string, err error) {
	taken, err := p.namesTaken(tx, users)
	if err != nil {
		return nil, err
	}
	skipped = make([]string, len(users))
	var added []*store.User
	for i, user := range users {
		if skipped[i] = taken.conflict(user); skipped[i] != "" {
			continue
		}
		for _, n := range user.Names {
			taken.add(n)
		}
		user.CreatedAt, user.ModifiedAt = tx.Now(), tx.Now()
		added = append(added, user)
	}
	return skipped, tx.InsertUsers(added)
}

// takenNames are names that new users must not have: usernames and
// preferred_usernames are one kind, since either names a user to sign in (see
// guardNames).
type takenNames map[store.UserName]bool

func (t takenNames) add(n store.UserName) {
	if n.Kind == store.NamePreferredUsername {
		n.Kind = store.NameUsername
	}
	t[n] = true
}

// conflict says which of the user's names is taken, as lines of a log do, or "".
func (t takenNames) conflict(user *store.User) string {
	for _, n := range user.Names {
		kind := n.Kind
		if kind == store.NamePreferredUsername {
			kind = store.NameUsername
		}
		if !t[store.UserName{Name: n.Name, Kind: kind}] {
			continue
		}
		if n.Kind == store.NameUsername {
			return "The user already exists."
		}
		return "An account with the given " + kindAttribute(n.Kind) + " already exists."
	}
	return ""
}

// namesTaken are those names of new users that others have.
func (p *Pool) namesTaken(tx *store.Tx, users []*store.User) (takenNames, error) {
	var names, subs []string
	for _, user := range users {
		for _, n := range user.Names {
			names = append(names, n.Name)
			if subPattern.MatchString(n.Name) {
				subs = append(subs, strings.ToLower(n.Name))
			}
		}
	}
	taken := takenNames{}
	found, err := tx.NamesTaken(p.ID, names)
	if err != nil {
		return nil, err
	}
	for _, n := range found {
		taken.add(n)
	}
	owners, err := tx.SubsTaken(p.ID, subs)
	if err != nil {
		return nil, err
	}
	for _, sub := range owners {
		for _, user := range users {
			for _, n := range user.Names {
				if strings.EqualFold(n.Name, sub) {
					taken.add(store.UserName{Name: n.Name})
				}
			}
		}
	}
	return taken, nil
}

// importRunning refuses what must not happen to a pool while users are imported
// into it: UserImportInProgressException.
func importRunning(tx *store.Tx, poolID string) error {
	_, err := tx.RunningUserImport(poolID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.UserImportInProgress, "A user import job is in progress for this user pool.")
}
