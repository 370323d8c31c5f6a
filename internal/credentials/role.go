package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/store"
)

// A Role is what credentials are for. It does not change.
type Role struct {
	Name   string
	ARN    string
	trust  *iam.TrustPolicy
	policy *iam.RolePolicy // nil: the role may do nothing
}

// Roles finds roles without asking the database each time: what another node
// changes is seen here within a second.
type Roles struct {
	db        *store.DB
	accountID string

	mu         sync.Mutex
	generation int
	known      map[string]*Role // nil: there is none of that name
}

// maxKnownRoles bounds the cache, names that do not exist included.
const maxKnownRoles = 1000

// NewRoles reads the roles of an open database.
func NewRoles(db *store.DB, accountID string) *Roles {
	r := &Roles{db: db, accountID: accountID, known: make(map[string]*Role)}
	db.OnConfigChange(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.generation++
		clear(r.known)
	})
	return r
}

var (
	roleName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`) // as IAM has it
	rolePath = regexp.MustCompile(`^/([!-.0-~]+/)*$`)
	roleARN  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role(/[!-~]*/|/)([A-Za-z0-9_+=,.@-]{1,64})$`)
)

const maxRoleARN = 2048 // bytes, as the API has it

// find returns the role of an ARN, or nil if there is none. One that is known by its
// name is held against the whole ARN, which need not be taken apart for that: each
// request with credentials of a role comes here.
func (r *Roles) find(ctx context.Context, name string) (*Role, error) {
	r.mu.Lock()
	role, known := r.known[name[strings.LastIndexByte(name, '/')+1:]]
	generation := r.generation
	r.mu.Unlock()
	if !known {
		account, _, short, ok := parseRoleARN(name)
		if !ok || account != r.accountID {
			return nil, nil
		}
		var err error
		if role, err = r.read(ctx, short); err != nil {
			return nil, err
		}
		r.mu.Lock()
		if r.generation == generation {
			if len(r.known) >= maxKnownRoles {
				clear(r.known) // anybody with a token may ask for names that do not exist
			}
			r.known[short] = role
		}
		r.mu.Unlock()
	}
	if role == nil || role.ARN != name {
		return nil, nil
	}
	return role, nil
}

func (r *Roles) read(ctx context.Context, name string) (*Role, error) {
	var row store.Role
	err := r.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Role(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	role := &Role{Name: row.Name, ARN: r.arn(row)}
	if role.trust, err = iam.ParseTrustPolicy([]byte(row.Trust)); err != nil {
		return nil, fmt.Errorf("role %s: %w", name, err)
	}
	if row.Policy != "" {
		if role.policy, err = iam.ParseRolePolicy([]byte(row.Policy)); err != nil {
			return nil, fmt.Errorf("role %s: %w", name, err)
		}
	}
	return role, nil
}

func (r *Roles) arn(row store.Role) string {
	return arn.New("iam", "", r.accountID, "role"+row.Path+row.Name)
}

// A Definition is a role as an administrator writes it.
type Definition struct {
	Name   string // 1 to 64 letters, digits and _+=,.@-
	Path   string // begins and ends with a slash; empty means /
	Trust  string // see iam.ParseTrustPolicy
	Policy string // see iam.ParseRolePolicy; empty: the role may do nothing
}

// Put makes a role, or replaces one, and returns its ARN. A path that changes
// changes the ARN: identity pools that name the old one give nothing any more.
func (r *Roles) Put(ctx context.Context, d Definition) (string, error) {
	return r.write(ctx, d, true)
}

// Ensure makes a role if there is none of its name.
func (r *Roles) Ensure(ctx context.Context, d Definition) error {
	_, err := r.write(ctx, d, false)
	return err
}

func (r *Roles) write(ctx context.Context, d Definition, replace bool) (string, error) {
	if d.Path == "" {
		d.Path = "/"
	}
	if !roleName.MatchString(d.Name) {
		return "", fmt.Errorf("%q is no name for a role: 1 to 64 letters, digits and _+=,.@-", d.Name)
	}
	if len(d.Path) > 512 || !rolePath.MatchString(d.Path) {
		return "", fmt.Errorf("%q is no path for a role: it begins and ends with a slash", d.Path)
	}
	if _, err := iam.ParseTrustPolicy([]byte(d.Trust)); err != nil {
		return "", err
	}
	if d.Policy != "" {
		if _, err := iam.ParseRolePolicy([]byte(d.Policy)); err != nil {
			return "", err
		}
	}
	row := store.Role{Name: d.Name, Path: d.Path, Trust: d.Trust, Policy: d.Policy}
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		if !replace {
			if _, err := tx.Role(d.Name); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		return tx.PutRole(row)
	})
	return r.arn(row), err
}

// List returns all roles by name, and their ARNs.
func (r *Roles) List(ctx context.Context) (rows []store.Role, arns []string, err error) {
	err = r.db.View(ctx, func(tx *store.Tx) error {
		rows, err = tx.Roles()
		return err
	})
	for _, row := range rows {
		arns = append(arns, r.arn(row))
	}
	return rows, arns, err
}

// Delete removes a role. Credentials it was given out with are worth nothing then.
func (r *Roles) Delete(ctx context.Context, name string) error {
	err := r.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteRole(name) })
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no role %s", name)
	}
	return err
}

// parseRoleARN takes an ARN apart; path begins and ends with a slash.
func parseRoleARN(text string) (account, path, name string, ok bool) {
	if len(text) > maxRoleARN {
		return "", "", "", false
	}
	m := roleARN.FindStringSubmatch(text)
	if m == nil {
		return "", "", "", false
	}
	return m[1], m[2], m[3], true
}

// IsRoleARN reports whether a text is the ARN of a role.
func IsRoleARN(text string) bool {
	_, _, _, ok := parseRoleARN(text)
	return ok
}

// roleID is the unique id that AWS would give a role: the same for the same ARN.
func roleID(role string) string {
	sum := sha256.Sum256([]byte(role))
	return "AROA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// sessionARN is whom the sessions of a role call themselves.
func sessionARN(account, role, session string) string {
	return arn.New("sts", "", account, strings.Join([]string{"assumed-role", role, session}, "/"))
}
