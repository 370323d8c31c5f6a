package userpool

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Domain is where the login pages and OAuth endpoints of a pool are: a prefix
// below the deployment's suffix, or a host name of the owner's.
type Domain struct {
	PoolID     string
	Name       string // the prefix, or the host name
	CreatedAt  time.Time
	ModifiedAt time.Time
	DomainConfig
}

// DomainConfig is what an administrator sets on a domain. Its JSON has the names
// and the shape of the Cognito API; it is the doc column of the domain's row.
type DomainConfig struct {
	ManagedLoginVersion int                 `json:"ManagedLoginVersion"`         // 1: classic pages, 2: managed login
	CustomDomainConfig  *CustomDomainConfig `json:"CustomDomainConfig,omitzero"` // nil: a prefix
	Routing             *Routing            `json:"Routing,omitzero"`
}

// CustomDomainConfig says how AWS would serve TLS on a host name. Here that is up
// to whoever terminates TLS; it is kept and shown.
type CustomDomainConfig struct {
	CertificateArn string `json:"CertificateArn,omitzero"`
	SecurityPolicy string `json:"SecurityPolicy,omitzero"`
}

// Routing says where requests for a domain go.
type Routing struct {
	Failover *Failover `json:"Failover,omitzero"`
}

// Failover names the replica that takes over when a health check fails. It is
// kept and shown: what fails over here is the database.
type Failover struct {
	SecondaryRegion             string `json:"SecondaryRegion,omitzero"`
	PrimaryRoute53HealthCheckId string `json:"PrimaryRoute53HealthCheckId,omitzero"`
}

// The kinds of domains, of which a pool has at most one each.
const (
	prefixDomain = "prefix"
	customDomain = "custom"
)

// Custom says whether the domain is a host name of the owner's.
func (d *Domain) Custom() bool { return d.CustomDomainConfig != nil }

// Version is the time of the last change, as Cognito writes it:
// YYYYMMDDHHMMSS in UTC.
func (d *Domain) Version() string { return d.ModifiedAt.UTC().Format("20060102150405") }

// Region is that of the domain's pool.
func (d *Domain) Region() string { return (&Pool{ID: d.PoolID}).Region() }

// DomainHost is the host name at which a domain is served.
func (p *Pools) DomainHost(d *Domain) string {
	if d.Custom() {
		return d.Name
	}
	return d.Name + p.prefixEnd()
}

// prefixEnd is what follows the prefix in the host names of prefix domains.
func (p *Pools) prefixEnd() string { return ".auth." + p.domainSuffix }

// Distribution stands for the CloudFront distribution that AWS puts before a
// domain: a host name of this deployment, always the same for a domain, that a
// custom domain can be an alias of.
func (p *Pools) Distribution(domain string) string {
	sum := sha256.Sum256([]byte(domain))
	return "d" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:13]) + p.prefixEnd()
}

// AccountID is the account that everything belongs to, of 12 digits.
func (p *Pools) AccountID() string { return p.accountID }

func domainNotFound(name string) error {
	return fault.Errorf(fault.ResourceNotFound, "Domain %s does not exist.", name)
}

// maxHost is the longest host name there is, with a port behind it.
const maxHost = 253 + len(":65535")

// ByDomain returns the pool that is served at a host name (with or without a
// port) or has a domain prefix, and the domain, or ResourceNotFoundException. It
// answers from the cache of this node.
func (p *Pools) ByDomain(ctx context.Context, name string) (*Pool, *Domain, error) {
	if len(name) > maxHost {
		return nil, nil, domainNotFound(name[:maxHost] + "...")
	}
	d, err := p.domains.get(ctx, p.domainOf(name), p.loadDomain)
	if err != nil {
		return nil, nil, err
	}
	pool, err := p.Pool(ctx, d.PoolID)
	if err != nil {
		if fault.CodeOf(err) == fault.ResourceNotFound {
			err = domainNotFound(d.Name)
		}
		return nil, nil, err
	}
	return pool, d, nil
}

// KnowsDomain says whether ByDomain answers for a name without asking the database
// for the domain: it is in the cache of this node, or no name at all.
func (p *Pools) KnowsDomain(name string) bool {
	if len(name) > maxHost {
		return true
	}
	_, known := p.domains.peek(p.domainOf(name))
	return known
}

// domainOf is the domain that a host name stands for. Only what has a dot can be
// a custom domain, so that a prefix is itself.
func (p *Pools) domainOf(name string) string {
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if prefix, ok := strings.CutSuffix(name, p.prefixEnd()); ok && !strings.Contains(prefix, ".") {
		return prefix
	}
	return name
}

func (p *Pools) loadDomain(ctx context.Context, name string) (*Domain, error) {
	var row *store.Domain
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Domain(name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, domainNotFound(name)
	}
	if err != nil {
		return nil, fmt.Errorf("load domain: %w", err)
	}
	return readDomain(row)
}

// Domain returns a domain by the name it was made with, or
// ResourceNotFoundException.
func (p *Pools) Domain(ctx context.Context, name string) (*Domain, error) {
	return p.domains.get(ctx, name, p.loadDomain)
}

// DomainsOf returns the domains of a pool; nil for a kind it has none of.
func (p *Pools) DomainsOf(ctx context.Context, poolID string) (prefix, custom *Domain, err error) {
	var rows []*store.Domain
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.DomainsOf(poolID)
		return err
	}); err != nil {
		return nil, nil, fmt.Errorf("list domains: %w", err)
	}
	for _, row := range rows {
		d, err := readDomain(row)
		if err != nil {
			return nil, nil, err
		}
		if d.Custom() {
			custom = d
		} else {
			prefix = d
		}
	}
	return prefix, custom, nil
}

func readDomain(row *store.Domain) (*Domain, error) {
	d := &Domain{PoolID: row.PoolID, Name: row.Domain, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt}
	if err := json.Unmarshal([]byte(row.Doc), &d.DomainConfig); err != nil {
		return nil, fmt.Errorf("configuration of domain %s: %w", row.Domain, err)
	}
	return d, nil
}

// row is the domain as the store keeps it.
func (d *Domain) row() (*store.Domain, error) {
	doc, err := json.Marshal(&d.DomainConfig)
	if err != nil {
		return nil, fmt.Errorf("configuration of domain %s: %w", d.Name, err)
	}
	kind := prefixDomain
	if d.Custom() {
		kind = customDomain
	}
	return &store.Domain{PoolID: d.PoolID, Kind: kind, Domain: d.Name, Doc: string(doc),
		CreatedAt: d.CreatedAt, ModifiedAt: d.ModifiedAt}, nil
}
