package userpool

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Terms is a document that the sign-up page of an app client links to. The
// values are those of the API.
type Terms struct {
	ID          string // a UUID of version 4
	PoolID      string
	ClientID    string
	Name        string // terms-of-use or privacy-policy
	Source      string // LINK
	Enforcement string // NONE
	// Links are URLs by language, such as cognito:french. cognito:default is for
	// the languages that are not there.
	Links      map[string]string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// maxTerms is how many documents a pool may have.
const maxTerms = 40

// defaultLanguage is the key that all links have.
const defaultLanguage = "cognito:default"

func termsNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "Terms %s do not exist.", id)
}

func termsExist(name, clientID string) error {
	return fault.Errorf(fault.TermsExists, "Terms with the name %s already exist for app client %s.", name, clientID)
}

// CreateTerms gives a client a document and returns it with its id. Errors:
// ResourceNotFoundException, InvalidParameterException, TermsExistsException,
// LimitExceededException.
func (p *Pools) CreateTerms(ctx context.Context, t Terms) (*Terms, error) {
	if err := checkLinks(t.Links); err != nil {
		return nil, err
	}
	t.ID = uuid.NewString()
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		if err := findClient(tx, t.PoolID, t.ClientID); err != nil {
			return err
		}
		if err := freeTerms(tx, t.PoolID, t.ClientID, t.Name); err != nil {
			return err
		}
		count, err := tx.CountTerms(t.PoolID)
		if err != nil {
			return err
		}
		if count >= maxTerms {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of terms documents, %d, is reached.", maxTerms)
		}
		t.CreatedAt, t.ModifiedAt = tx.Now(), tx.Now()
		row, err := t.row()
		if err != nil {
			return err
		}
		if err := tx.InsertTerms(row); errors.Is(err, store.ErrExists) {
			return termsExist(t.Name, t.ClientID)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// UpdateTerms changes the members of a document that are set in t and returns
// the whole. It stays with its client. Errors: ResourceNotFoundException,
// InvalidParameterException, TermsExistsException.
func (p *Pools) UpdateTerms(ctx context.Context, t Terms) (*Terms, error) {
	if t.Links != nil {
		if err := checkLinks(t.Links); err != nil {
			return nil, err
		}
	}
	var changed *Terms
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		old, err := findTerms(tx, t.PoolID, t.ID)
		if err != nil {
			return err
		}
		if t.Name != "" && t.Name != old.Name {
			if err := freeTerms(tx, t.PoolID, old.ClientID, t.Name); err != nil {
				return err
			}
		}
		old.Name = cmp.Or(t.Name, old.Name)
		old.Source = cmp.Or(t.Source, old.Source)
		old.Enforcement = cmp.Or(t.Enforcement, old.Enforcement)
		if t.Links != nil {
			old.Links = t.Links
		}
		old.ModifiedAt = tx.Now()
		changed = old
		row, err := old.row()
		if err != nil {
			return err
		}
		return tx.UpdateTerms(row)
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// DeleteTerms takes a document away, or returns ResourceNotFoundException.
func (p *Pools) DeleteTerms(ctx context.Context, poolID, id string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findTerms(tx, poolID, id); err != nil {
			return err
		}
		return tx.DeleteTerms(poolID, id)
	})
}

// Terms returns a document of a pool, or ResourceNotFoundException.
func (p *Pools) Terms(ctx context.Context, poolID, id string) (*Terms, error) {
	var found *Terms
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		found, err = findTerms(tx, poolID, id)
		return err
	})
	return found, err
}

// TermsOf returns the document of a client with a name, or
// ResourceNotFoundException.
func (p *Pools) TermsOf(ctx context.Context, poolID, clientID, name string) (*Terms, error) {
	var found *Terms
	err := p.db.View(ctx, func(tx *store.Tx) error {
		if err := findClient(tx, poolID, clientID); err != nil {
			return err
		}
		row, err := tx.TermsOf(poolID, clientID, name)
		if errors.Is(err, store.ErrNotFound) {
			return fault.Errorf(fault.ResourceNotFound, "Terms with the name %s do not exist for app client %s.", name, clientID)
		}
		if err != nil {
			return err
		}
		found, err = readTerms(row)
		return err
	})
	return found, err
}

// ListTerms returns up to limit documents of a pool, in the order of their ids,
// as List does. Errors: ResourceNotFoundException, InvalidParameterException.
func (p *Pools) ListTerms(ctx context.Context, poolID, token string, limit int) (all []*Terms, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	list := "terms " + poolID
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.Terms
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListTerms(poolID, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list terms: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken(list, rows[limit-1].ID)
	}
	for _, row := range rows {
		t, err := readTerms(row)
		if err != nil {
			return nil, "", err
		}
		all = append(all, t)
	}
	return all, next, nil
}

// checkLinks refuses what the sign-up page could not link to. The model has
// checked the languages.
func checkLinks(links map[string]string) error {
	if links[defaultLanguage] == "" {
		return invalid("Links must include a URL for %s.", defaultLanguage)
	}
	for language, link := range links {
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return invalid("The link for %s is not a valid URL.", language)
		}
	}
	return nil
}

// freeTerms returns TermsExistsException where a client has a document of the
// name.
func freeTerms(tx *store.Tx, poolID, clientID, name string) error {
	_, err := tx.TermsOf(poolID, clientID, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return termsExist(name, clientID)
}

func findTerms(tx *store.Tx, poolID, id string) (*Terms, error) {
	if _, err := findPool(tx, poolID); err != nil {
		return nil, err
	}
	row, err := tx.Terms(poolID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, termsNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	return readTerms(row)
}

func readTerms(row *store.Terms) (*Terms, error) {
	t := &Terms{
		ID: row.ID, PoolID: row.PoolID, ClientID: row.ClientID, Name: row.Name, Source: row.Source, Enforcement: row.Enforcement,
		CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt,
	}
	if err := json.Unmarshal([]byte(row.Links), &t.Links); err != nil {
		return nil, fmt.Errorf("links of terms %s: %w", row.ID, err)
	}
	return t, nil
}

// row is the document as the store keeps it.
func (t *Terms) row() (*store.Terms, error) {
	links, err := json.Marshal(t.Links)
	if err != nil {
		return nil, fmt.Errorf("links of terms %s: %w", t.ID, err)
	}
	return &store.Terms{
		PoolID: t.PoolID, ID: t.ID, ClientID: t.ClientID, Name: t.Name, Source: t.Source, Enforcement: t.Enforcement,
		Links: string(links), CreatedAt: t.CreatedAt, ModifiedAt: t.ModifiedAt,
	}, nil
}
