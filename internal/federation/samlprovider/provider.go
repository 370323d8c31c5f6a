// Package samlprovider keeps the SAML providers of the deployment, which on AWS are
// IAM's: the metadata that an administrator was given by each, and for whom its
// assertions must be.
package samlprovider

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/federation/metadata"
	"github.com/poolhouse/poolhouse/internal/federation/saml"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	maxAudiences = 20 // and as many recipients
	maxAudience  = 1024
	maxKnown     = 1000 // providers in the cache, names that do not exist included
)

var (
	// As IAM has names, which may be longer there; but Logins have keys of up to 128
	// characters, and the ARN is one.
	providerName = regexp.MustCompile(`^[\w.-]{1,88}$`)
	providerARN  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):saml-provider/([\w.-]{1,88})$`)
)

// A Definition is a provider as an administrator writes it.
type Definition struct {
	Name       string // 1 to 88 letters, digits and ._-
	Metadata   string // XML, see metadata.ParseSAML
	Audiences  []string
	Recipients []string // URLs
}

// doc is what the store keeps of a Definition beside the metadata.
type doc struct {
	Audiences  []string `json:"Audiences,omitzero"`
	Recipients []string `json:"Recipients,omitzero"`
}

// A Provider is what assertions are checked by. It does not change.
type Provider struct {
	saml.Provider
	Name       string
	ARN        string
	Audiences  []string // those configured, or else the deployment's
	Recipients []string
	ValidUntil time.Time // of the metadata; zero: no end
	ModifiedAt time.Time
	Metadata   string
}

// Options are of the deployment.
type Options struct {
	AccountID string // in ARNs

	// Audiences and Recipients are what assertions of providers must be for that
	// have none of their own.
	Audiences, Recipients []string
}

// Providers finds providers without asking the database each time: what another
// node changes is seen here within a second.
type Providers struct {
	db      *store.DB
	options Options

	mu         sync.Mutex
	generation int
	known      map[string]*Provider // nil: there is none of that name
}

// New reads the providers of an open database.
func New(db *store.DB, o Options) *Providers {
	p := &Providers{db: db, options: o, known: make(map[string]*Provider)}
	db.OnConfigChange(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.generation++
		clear(p.known)
	})
	return p
}

// Find returns the provider of an ARN, or nil if there is none.
func (p *Providers) Find(ctx context.Context, name string) (*Provider, error) {
	m := providerARN.FindStringSubmatch(name)
	if m == nil || m[1] != p.options.AccountID {
		return nil, nil
	}
	short := m[2]
	p.mu.Lock()
	found, known := p.known[short]
	generation := p.generation
	p.mu.Unlock()
	if known {
		return named(found, name), nil
	}
	var row store.SAMLProvider
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.SAMLProvider(short)
		return err
	})
	if err == nil {
		found, err = p.read(row)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// What was loaded beside a change may be what the change replaced.
	if p.generation == generation && len(p.known) < maxKnown {
		p.known[short] = found
	}
	return named(found, name), nil
}

// named is a provider if the ARN is its own, with the partition.
func named(found *Provider, name string) *Provider {
	if found == nil || found.ARN != name {
		return nil
	}
	return found
}

func (p *Providers) read(row store.SAMLProvider) (*Provider, error) {
	m, err := metadata.ParseSAML([]byte(row.Metadata))
	if err != nil && !errors.Is(err, metadata.ErrNoRedirect) { // it is the application that sends users there
		return nil, fmt.Errorf("SAML provider %s: %w", row.Name, err)
	}
	var d doc
	if err := json.Unmarshal([]byte(row.Doc), &d); err != nil {
		return nil, fmt.Errorf("SAML provider %s: %w", row.Name, err)
	}
	found := &Provider{
		Provider: saml.Provider{EntityID: m.EntityID}, Name: row.Name, ARN: arn.New("iam", "", p.options.AccountID, "saml-provider/"+row.Name),
		Audiences: d.Audiences, Recipients: d.Recipients, ValidUntil: m.ValidUntil, ModifiedAt: row.ModifiedAt, Metadata: row.Metadata,
	}
	if len(d.Audiences) == 0 {
		found.Audiences = p.options.Audiences
	}
	if len(d.Recipients) == 0 {
		found.Recipients = p.options.Recipients
	}
	for _, der := range m.SigningCertificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("SAML provider %s: %w", row.Name, err)
		}
		found.Certificates = append(found.Certificates, c)
	}
	return found, nil
}

// Put makes a provider, or replaces the metadata of one, and returns its ARN. The
// audiences and the recipients of one stay where none are given: metadata is put
// again with each certificate, and should not so open the provider to assertions
// for others.
func (p *Providers) Put(ctx context.Context, d Definition) (string, error) {
	return p.write(ctx, d, true)
}

// Ensure makes a provider if there is none of its name. What is there stays, even
// where d could not be put any more: its metadata may have ended since.
func (p *Providers) Ensure(ctx context.Context, d Definition) error {
	err := p.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.SAMLProvider(d.Name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		_, err = p.write(ctx, d, false)
	}
	return err
}

func (p *Providers) write(ctx context.Context, d Definition, replace bool) (string, error) {
	if !providerName.MatchString(d.Name) {
		return "", fmt.Errorf("%q is no name for a SAML provider: 1 to 88 letters, digits and ._-", d.Name)
	}
	if len(d.Audiences) > maxAudiences || len(d.Recipients) > maxAudiences {
		return "", fmt.Errorf("SAML provider %s: more than %d audiences or recipients", d.Name, maxAudiences)
	}
	for _, audience := range d.Audiences {
		if audience == "" || len(audience) > maxAudience {
			return "", fmt.Errorf("SAML provider %s: an audience has 1 to %d characters", d.Name, maxAudience)
		}
	}
	for _, recipient := range d.Recipients {
		if !metadata.IsURL(recipient) {
			return "", fmt.Errorf("SAML provider %s: the recipient %q is no http or https URL", d.Name, recipient)
		}
	}
	row := store.SAMLProvider{Name: d.Name, Metadata: d.Metadata, Doc: "{}"}
	read, err := p.read(row)
	if err != nil {
		return "", err
	}
	if err := read.check(p.db.Now()); err != nil {
		return "", err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		there, err := tx.SAMLProvider(d.Name)
		switch {
		case err == nil && !replace:
			return nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		if row.Doc, err = d.doc(there.Doc); err != nil {
			return err
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		return tx.PutSAMLProvider(row)
	})
	return read.ARN, err
}

// doc is the doc of a definition that takes the place of one with the doc before,
// "" for none.
func (d Definition) doc(before string) (string, error) {
	var all doc
	if before != "" {
		if err := json.Unmarshal([]byte(before), &all); err != nil {
			return "", fmt.Errorf("SAML provider %s: %w", d.Name, err)
		}
	}
	if len(d.Audiences) > 0 {
		all.Audiences = d.Audiences
	}
	if len(d.Recipients) > 0 {
		all.Recipients = d.Recipients
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// check refuses metadata that nobody could sign in with.
func (f *Provider) check(now time.Time) error {
	if f.Ended(now) {
		return fmt.Errorf("SAML provider %s: the metadata ended on %s", f.Name, f.ValidUntil.Format(time.RFC3339))
	}
	usable := false
	for _, c := range f.Certificates {
		usable = usable || saml.Usable(c) && !now.After(c.NotAfter)
	}
	if !usable {
		return fmt.Errorf("SAML provider %s: no signing certificate is valid, with an RSA key of 2048 to 8192 bits or one on P-256 or larger", f.Name)
	}
	return nil
}

// Ended says whether the metadata says of itself that it counts no more.
func (f *Provider) Ended(now time.Time) bool {
	return !f.ValidUntil.IsZero() && !now.Before(f.ValidUntil)
}

// Until is when nobody can sign in any more: the end of the metadata, or of the
// last certificate.
func (f *Provider) Until() time.Time {
	var last time.Time
	for _, c := range f.Certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	if !f.ValidUntil.IsZero() && f.ValidUntil.Before(last) {
		return f.ValidUntil
	}
	return last
}

// List returns all providers by name.
func (p *Providers) List(ctx context.Context) ([]*Provider, error) {
	var rows []store.SAMLProvider
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.SAMLProviders()
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []*Provider
	for _, row := range rows {
		found, err := p.read(row)
		if err != nil {
			return nil, err
		}
		list = append(list, found)
	}
	return list, nil
}

// Delete removes a provider. Its assertions are worth nothing then; the identities
// that it gave logins to stay, for it may come back.
func (p *Providers) Delete(ctx context.Context, name string) error {
	err := p.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteSAMLProvider(name) })
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no SAML provider %s", name)
	}
	return err
}
