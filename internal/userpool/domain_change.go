package userpool

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// DomainSettings is what a request sets of a domain. Its JSON is that of the
// CreateUserPoolDomain and UpdateUserPoolDomain inputs; nil members are left out.
type DomainSettings struct {
	ManagedLoginVersion *int                `json:"ManagedLoginVersion"`
	CustomDomainConfig  *CustomDomainConfig `json:"CustomDomainConfig"`
	Routing             *Routing            `json:"Routing"`
}

var (
	errNoDomain    = fault.New(fault.InvalidParameter, "No such domain or user pool exists.")
	errDomainTaken = fault.New(fault.InvalidParameter, "Domain already associated with another user pool.")
	errHasDomain   = fault.New(fault.InvalidParameter, "User pool already has a domain configured.")
	errHostTaken   = fault.New(fault.InvalidParameter,
		"One or more of the CNAMEs you provided are already associated with a different resource.")
	errNoSubdomain = fault.New(fault.InvalidParameter, "Custom domain is not a valid subdomain: "+
		"Was not able to resolve a DNS A record for the parent domain or domain parent is a top-level domain.")
	errDomainForm = fault.New(fault.InvalidParameter, "The domain name contains an invalid character. "+
		"Domain names can only contain lower-case letters, numbers, and hyphens. "+
		`Please enter a different name that follows this format: ^[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?$`)
	errCertificate = fault.New(fault.InvalidParameter, "The specified SSL certificate doesn't exist, "+
		"isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
)

// CreateDomain gives a pool a domain. Errors: ResourceNotFoundException,
// InvalidParameterException, FeatureUnavailableInTierException.
func (p *Pools) CreateDomain(ctx context.Context, poolID, name string, s DomainSettings) (*Domain, error) {
	d := &Domain{PoolID: poolID, Name: name, DomainConfig: DomainConfig{
		ManagedLoginVersion: 1, CustomDomainConfig: s.CustomDomainConfig}}
	if err := p.checkDomainName(d); err != nil {
		return nil, err
	}
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		if err := p.setDomain(tx, pool, d, s); err != nil {
			return err
		}
		d.CreatedAt, d.ModifiedAt = tx.Now(), tx.Now()
		row, err := d.row()
		if err != nil {
			return err
		}
		has, err := tx.DomainsOf(poolID)
		if err != nil {
			return err
		}
		for _, other := range has {
			if other.Kind == row.Kind {
				return errHasDomain
			}
		}
		err = tx.InsertDomain(row)
		if errors.Is(err, store.ErrExists) {
			return errDomainTaken
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// UpdateDomain changes what the settings say of a domain and keeps what they
// leave out; a Routing without Failover ends the failover. Errors:
// ResourceNotFoundException, InvalidParameterException,
// FeatureUnavailableInTierException.
func (p *Pools) UpdateDomain(ctx context.Context, poolID, name string, s DomainSettings) (*Domain, error) {
	var d *Domain
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		row, err := tx.Domain(name)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.PoolID != poolID {
			return errNoDomain
		}
		if err != nil {
			return err
		}
		if d, err = readDomain(row); err != nil {
			return err
		}
		if s.CustomDomainConfig != nil {
			if !d.Custom() {
				return invalid("CustomDomainConfig can not be set on a prefix domain.")
			}
			d.CustomDomainConfig = s.CustomDomainConfig
		}
		if err := p.setDomain(tx, pool, d, s); err != nil {
			return err
		}
		d.ModifiedAt = tx.Now()
		if row, err = d.row(); err != nil {
			return err
		}
		return tx.UpdateDomain(row)
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// DeleteDomain takes a domain from its pool. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) DeleteDomain(ctx context.Context, poolID, name string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, poolID); err != nil {
			return err
		}
		err := tx.DeleteDomain(poolID, name)
		if errors.Is(err, store.ErrNotFound) {
			return errNoDomain
		}
		return err
	})
}

// setDomain puts the settings that both kinds of domains have into d.
func (p *Pools) setDomain(tx *store.Tx, pool *Pool, d *Domain, s DomainSettings) error {
	if c := d.CustomDomainConfig; c != nil && !isCertificate(c.CertificateArn) {
		return errCertificate
	}
	if v := s.ManagedLoginVersion; v != nil {
		const text = "1 validation error detected: Value '%d' at 'managedLoginVersion' failed to satisfy constraint: "
		switch {
		case *v < 1:
			return invalid(text+"Member must have value greater than or equal to 1", *v)
		case *v > 2:
			return invalid(text+"Member must have value less than or equal to 2", *v)
		case *v == 2 && p.strictTiers && pool.UserPoolTier == "LITE":
			return pool.errTier(fault.FeatureUnavailableInTier, "Managed Login")
		}
		d.ManagedLoginVersion = *v
	}
	if s.Routing == nil {
		return nil
	}
	d.Routing = nil
	f := s.Routing.Failover
	if f == nil {
		return nil
	}
	if !d.Custom() {
		return invalid("Failover can only be configured for a custom domain.")
	}
	_, err := tx.Replica(pool.ID, f.SecondaryRegion)
	if errors.Is(err, store.ErrNotFound) {
		return invalid("User pool %s has no replica in %s to fail over to.", pool.ID, f.SecondaryRegion)
	}
	d.Routing = s.Routing
	return err
}

var (
	domainLabel = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	onlyDigits  = regexp.MustCompile(`^[0-9]+$`)
)

// checkDomainName refuses a name that cannot be a domain of its kind. Any host
// name will do for a custom domain, but for those that are served already.
func (p *Pools) checkDomainName(d *Domain) error {
	labels := []string{d.Name}
	if d.Custom() {
		labels = strings.Split(d.Name, ".")
	}
	for _, label := range labels {
		if !domainLabel.MatchString(label) {
			return errDomainForm
		}
	}
	if d.Custom() {
		switch {
		case len(labels) < 2 || onlyDigits.MatchString(labels[len(labels)-1]): // an address has digits there
			return errNoSubdomain
		case d.Name == p.domainSuffix || strings.HasSuffix(d.Name, p.prefixEnd()):
			return errHostTaken
		}
		return nil
	}
	for _, word := range []string{"aws", "amazon", "cognito"} {
		if strings.Contains(d.Name, word) {
			return invalid("Domain cannot contain reserved word: %s", word)
		}
	}
	return nil
}

// isCertificate says whether an ARN is one of a certificate, of ACM or IAM.
func isCertificate(arn string) bool {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:service:region:account:resource
	if len(parts) != 6 || parts[0] != "arn" {
		return false
	}
	return parts[2] == "acm" && strings.HasPrefix(parts[5], "certificate/") ||
		parts[2] == "iam" && strings.HasPrefix(parts[5], "server-certificate/")
}
