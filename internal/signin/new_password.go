package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const newPasswordRequired = "NEW_PASSWORD_REQUIRED"

// attributePrefix marks the responses that set attributes.
const attributePrefix = "userAttributes."

// askNewPassword asks a user whose password was set by an administrator for one
// of his own and for the required attributes he lacks.
func (a *attempt) askNewPassword() error {
	required := []string{}
	for _, name := range a.missingAttributes(a.user.Attributes) {
		required = append(required, attributePrefix+name)
	}
	requiredJSON, err := json.Marshal(required)
	if err != nil {
		return err
	}
	shown := maps.Clone(a.user.Attributes)
	delete(shown, "sub")
	shownJSON, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	a.ask = newPasswordRequired
	a.session.Password = passwordDigest(a.user)
	a.params = map[string]string{
		"USER_ID_FOR_SRP":    a.user.Username,
		"requiredAttributes": string(requiredJSON),
		"userAttributes":     string(shownJSON),
	}
	return nil
}

// missingAttributes are the pool's required attributes without a value, in the
// schema's order.
func (a *attempt) missingAttributes(have map[string]string) []string {
	var names []string
	for _, s := range a.pool.SchemaAttributes {
		if s.Required && s.Name != "sub" && have[s.Name] == "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// setNewPassword is the answer to NEW_PASSWORD_REQUIRED.
func (m *Machine) setNewPassword(ctx context.Context, a *attempt) error {
	password, err := a.require("NEW_PASSWORD")
	if err != nil {
		return err
	}
	if a.user.Status != userpool.StatusForceChangePassword || !a.user.Enabled {
		return errInvalidSession
	}
	if !bytes.Equal(a.session.Password, passwordDigest(a.user)) {
		return errInvalidSession // what was proven is not the password any more
	}
	set, err := a.givenAttributes()
	if err != nil {
		return err
	}
	if err := m.users.CheckLeaked(a.pool, a.client, password, userpool.LeakPasswordChange); err != nil {
		return err
	}
	sealed, err := m.users.NewPassword(a.pool, a.user, password, false)
	if err != nil {
		return err
	}
	changed, err := m.users.Modify(ctx, a.pool, a.user.Sub, func(tx *store.Tx, u *store.User) error {
		if u.Status != userpool.StatusForceChangePassword || u.SealedPassword != a.user.SealedPassword {
			return errInvalidSession // an administrator was faster
		}
		if err := a.spend(tx); err != nil {
			return err
		}
		sealed.Apply(u)
		u.Status = userpool.StatusConfirmed
		return a.pool.WriteAttributes(u, set)
	})
	if fault.CodeOf(err) == fault.UserNotFound { // deleted meanwhile
		return errInvalidSession
	}
	if err != nil {
		return err
	}
	for name := range set {
		if codeFactors[name] != "" && a.user.Attributes[name] != set[name] {
			a.session.Given = append(a.session.Given, name)
		}
	}
	a.user = changed
	return nil
}

// getsCodesAt says whether codes of a second factor can go to the user's address.
func (a *attempt) getsCodesAt(attribute string) bool {
	for factor := range secondMethods {
		if userpool.FactorAttribute(factor) == attribute && a.pool.CanUse(a.user, factor) {
			return true
		}
	}
	return false
}

// passwordDigest names the password that a user has, so that a session which
// rests on it ends with it. It tells nothing of the password: what is digested
// is ciphertext.
func passwordDigest(u *store.User) []byte {
	sum := sha256.Sum256([]byte(u.SealedPassword))
	return sum[:16]
}

// givenAttributes are the attributes a response brings, checked: they must be
// missing so far, writable by the client, and together with what the user has
// complete. An address that changes only once it is verified cannot be changed
// here, where no code is sent, nor one that codes of second factors go to, which
// are still to be asked for.
func (a *attempt) givenAttributes() (map[string]string, error) {
	set := make(map[string]string)
	for key, value := range a.parameters {
		name, ok := strings.CutPrefix(key, attributePrefix)
		if !ok {
			continue
		}
		s := a.pool.SchemaAttribute(name)
		if s != nil && a.user.Attributes[name] != "" && (s.Required || a.pool.VerifiesBeforeUpdate(name) || a.getsCodesAt(name)) {
			if a.user.Attributes[name] == value {
				continue // echoed unchanged, as several clients do
			}
			return nil, fault.Errorf(fault.InvalidParameter, "Cannot modify an already provided %s", name)
		}
		set[name] = value
	}
	if err := a.pool.CheckChangedAttributes(a.user, set, userpool.Writer{Client: a.client}); err != nil {
		return nil, err
	}
	have := maps.Clone(a.user.Attributes)
	maps.Copy(have, set)
	for _, name := range a.missingAttributes(have) {
		return nil, fault.Errorf(fault.InvalidParameter, "Invalid attributes given, %s is missing", name)
	}
	return set, nil
}
