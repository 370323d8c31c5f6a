package userpool

import (
	"context"
	"encoding/json"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	userPagePurpose keys.Purpose = "list-users"
	userPageTTL                  = time.Hour
)

var errUserPage = fault.New(fault.InvalidParameter, "Invalid pagination token.")

// UserPage asks for a page of a pool's users.
type UserPage struct {
	Filter string // as in ListUsers; "" for all users
	Limit  int    // 1 to 60; 0 means 60
	Token  string // from the page before with the same filter; "" for the first
}

// List returns a page of users and the token of the next one, "" after the last.
// Users come in the order of the filter's attribute, then of sub, so that users
// added between two pages neither repeat nor hide others. As in Cognito, a page
// may have fewer users than asked for although others follow, and a token lasts
// an hour. The errors are InvalidParameterException.
func (u *Users) List(ctx context.Context, pool *Pool, page UserPage) (users []*store.User, next string, err error) {
	f, err := parseFilter(page.Filter)
	if err != nil {
		return nil, "", err
	}
	queries, err := pool.queries(f)
	if err != nil {
		return nil, "", err
	}
	limit := page.Limit
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	var from userCursor
	if page.Token != "" {
		if from, err = u.openUserPage(pool, f, page.Token); err != nil {
			return nil, "", err
		}
	}
	var to userCursor
	var more bool
	err = u.db.View(ctx, func(tx *store.Tx) (err error) {
		users, to, err = readUsers(tx, queries, from, limit)
		if err == nil {
			more, err = hasUsers(tx, queries, to)
		}
		return err
	})
	if err != nil || !more {
		return users, "", err
	}
	next, err = u.sealUserPage(pool, f, to)
	return users, next, err
}

// userQuery is a look-up of the store, of whose answers only some may count.
type userQuery struct {
	store.UserQuery
	onlySubNamed bool // users whose username is their sub
}

// userCursor is a place in the answers of several look-ups.
type userCursor struct {
	Query int              `json:"q"`
	After store.UserCursor `json:"a"`
}

// readUsers reads up to limit users behind a place, and the place of the last.
func readUsers(tx *store.Tx, queries []userQuery, at userCursor, limit int) ([]*store.User, userCursor, error) {
	var users []*store.User
	for at.Query < len(queries) && limit > 0 {
		q := queries[at.Query]
		q.After, q.Limit = at.After, limit
		found, last, err := tx.ListUsers(q.UserQuery)
		if err != nil {
			return nil, at, err
		}
		limit -= len(found) // those that do not count make the page shorter
		for _, user := range found {
			if !q.onlySubNamed || user.Username == user.Sub {
				users = append(users, user)
			}
		}
		if limit == 0 {
			return users, userCursor{Query: at.Query, After: last}, nil
		}
		at = userCursor{Query: at.Query + 1}
	}
	return users, at, nil
}

// hasUsers says whether there is anything behind a place.
func hasUsers(tx *store.Tx, queries []userQuery, at userCursor) (bool, error) {
	for ; at.Query < len(queries); at = (userCursor{Query: at.Query + 1}) {
		q := queries[at.Query]
		q.After, q.Limit = at.After, 1
		found, _, err := tx.ListUsers(q.UserQuery)
		if err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
	}
	return false, nil
}

// sealedUserPage is what a token carries.
type sealedUserPage struct {
	userCursor
	Until int64 `json:"u"` // unix milliseconds
}

func (u *Users) sealUserPage(pool *Pool, f filter, at userCursor) (string, error) {
	doc, err := json.Marshal(sealedUserPage{at, u.db.Now().Add(userPageTTL).UnixMilli()})
	if err != nil {
		return "", err
	}
	return u.ring.Seal(userPagePurpose, doc, pool.ID, f.String())
}

func (u *Users) openUserPage(pool *Pool, f filter, token string) (userCursor, error) {
	doc, err := u.ring.Open(userPagePurpose, token, pool.ID, f.String())
	if err != nil {
		return userCursor{}, errUserPage
	}
	var page sealedUserPage
	if err := json.Unmarshal(doc, &page); err != nil || page.Until <= u.db.Now().UnixMilli() {
		return userCursor{}, errUserPage
	}
	return page.userCursor, nil
}
