package userpool

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Pools keeps the pools and app clients of the deployment. Reads come from a
// cache of this node: changes made here are seen at once, those of other nodes
// within a second. Its methods may be called concurrently, but not inside a
// transaction.
type Pools struct {
	db          *store.DB
	ring        *keys.Ring
	accountID   string
	limits      PoolLimits
	strictTiers bool
	localLogout bool

	domainSuffix string

	pools       *cache[*Pool]
	clients     *cache[*Client]
	domains     *cache[*Domain]
	providers   *cache[*Provider]
	fetch       Fetch
	triggers    *trigger.Invoker
	scopes      *cache[bool] // by pool and name, whether a resource server has it
	provisioned *cache[map[string]int32]
	sizes       sizes
}

// PoolsOptions say how pools are named and how many there may be.
type PoolsOptions struct {
	// AccountID is the 12-digit account in ARNs; empty means 123456789012.
	AccountID string

	// Limits bound what can be created; zero members have the defaults.
	Limits PoolLimits

	// DomainSuffix is the host name below which prefix domains are: a pool with
	// the prefix p is served at p.auth.<suffix>. Empty means localhost.
	DomainSuffix string

	// StrictTiers refuses settings that a pool's feature tier does not have on
	// AWS. Otherwise every pool has all features, whatever its tier is called.
	StrictTiers bool

	// Fetch gets the metadata of identity providers; nil: nothing can be fetched.
	Fetch Fetch

	// LocalLogout lets clients have back-channel logout URIs by http on the loopback
	// interface, for development.
	LocalLogout bool

	// Triggers calls the functions that pools name; nil: none can be called.
	Triggers *trigger.Invoker
}

// PoolLimits are the quotas on pools and what they hold. A zero member means the
// most that Cognito grants.
type PoolLimits struct {
	Pools          int // in the deployment, default 10,000
	ClientsPerPool int // default 10,000
	GroupsPerPool  int // default 10,000
	GroupsPerUser  int // default 100

	ResourceServersPerPool int // default 300
}

const (
	defaultAccountID  = "123456789012"
	defaultPools      = 10_000
	defaultClients    = 10_000
	defaultGroups     = 10_000
	defaultUserGroups = 100
	defaultServers    = 300

	// A node keeps at most so many of each ready. A pool takes some 10 kB, a
	// client 2 kB, an identity provider up to some 200 kB and mostly 10.
	cachedPools     = 2_000
	cachedClients   = 10_000
	cachedProviders = 500
	cachedScopes    = 20_000
)

// NewPools returns the pools in db. It registers with db for changes and lives
// as long as db does.
func NewPools(db *store.DB, ring *keys.Ring, o PoolsOptions) *Pools {
	p := &Pools{
		db: db, ring: ring, accountID: o.AccountID, limits: o.Limits, strictTiers: o.StrictTiers, localLogout: o.LocalLogout,
		domainSuffix: cmp.Or(strings.ToLower(o.DomainSuffix), "localhost"),
		pools:        newCache[*Pool](cachedPools),
		clients:      newCache[*Client](cachedClients),
		domains:      newCache[*Domain](2 * cachedPools),
		providers:    newCache[*Provider](cachedProviders),
		fetch:        o.Fetch,
		triggers:     o.Triggers,
		scopes:       newCache[bool](cachedScopes),
		provisioned:  newCache[map[string]int32](1),
	}
	if p.accountID == "" {
		p.accountID = defaultAccountID
	}
	if p.limits.Pools == 0 {
		p.limits.Pools = defaultPools
	}
	if p.limits.ClientsPerPool == 0 {
		p.limits.ClientsPerPool = defaultClients
	}
	if p.limits.GroupsPerPool == 0 {
		p.limits.GroupsPerPool = defaultGroups
	}
	if p.limits.ResourceServersPerPool == 0 {
		p.limits.ResourceServersPerPool = defaultServers
	}
	if p.limits.GroupsPerUser == 0 {
		p.limits.GroupsPerUser = defaultUserGroups
	}
	db.OnConfigChange(func() {
		p.pools.drop()
		p.clients.drop()
		p.providers.drop()
		p.domains.drop()
		p.scopes.drop()
		p.provisioned.drop()
	})
	return p
}

// Pool returns a pool, or ResourceNotFoundException.
func (p *Pools) Pool(ctx context.Context, id string) (*Pool, error) {
	return p.pools.get(ctx, id, p.loadPool)
}

// Knows says whether Pool answers for an id without asking the database: the pool is
// in the cache of this node.
func (p *Pools) Knows(id string) bool {
	_, known := p.pools.peek(id)
	return known
}

// Client returns an app client and its pool, or ResourceNotFoundException.
func (p *Pools) Client(ctx context.Context, clientID string) (*Pool, *Client, error) {
	client, err := p.clients.get(ctx, clientID, p.loadClient)
	if err != nil {
		return nil, nil, err
	}
	pool, err := p.Pool(ctx, client.PoolID)
	if err != nil {
		if fault.CodeOf(err) == fault.ResourceNotFound {
			err = clientNotFound(clientID)
		}
		return nil, nil, err
	}
	return pool, client, nil
}

// PoolClient returns a pool and one of its clients. ResourceNotFoundException
// says which of them does not exist.
func (p *Pools) PoolClient(ctx context.Context, poolID, clientID string) (*Pool, *Client, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, nil, err
	}
	client, err := p.clients.get(ctx, clientID, p.loadClient)
	if err != nil {
		return nil, nil, err
	}
	if client.PoolID != pool.ID {
		return nil, nil, clientNotFound(clientID)
	}
	return pool, client, nil
}

// CachedPoolOf is the pool of an app client if this node has the client ready,
// else "". It never asks the database.
func (p *Pools) CachedPoolOf(clientID string) string {
	if client, ok := p.clients.peek(clientID); ok {
		return client.PoolID
	}
	return ""
}

func poolNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "User pool %s does not exist.", id)
}

func clientNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "User pool client %s does not exist.", id)
}

func (p *Pools) loadPool(ctx context.Context, id string) (*Pool, error) {
	if !isText(id) { // where the API model has no pattern for ids
		return nil, poolNotFound(strings.ToValidUTF8(id, "?"))
	}
	var row *store.UserPool
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.UserPool(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, poolNotFound(id)
	}
	if err != nil {
		return nil, fmt.Errorf("load user pool: %w", err)
	}
	pool, err := readPool(row)
	if err != nil {
		return nil, err
	}
	pool.triggers = p.triggers
	return pool, nil
}

// findPool reads a pool inside a transaction.
func findPool(tx *store.Tx, id string) (*Pool, error) {
	row, err := tx.UserPool(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, poolNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	return readPool(row)
}

// readPool reads a pool's row.
func readPool(row *store.UserPool) (*Pool, error) {
	pool := &Pool{ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt}
	if err := json.Unmarshal([]byte(row.Doc), &pool.PoolConfig); err != nil {
		return nil, fmt.Errorf("configuration of user pool %s: %w", row.ID, err)
	}
	return pool, nil
}

// row is the pool as the store keeps it.
func (p *Pool) row() (*store.UserPool, error) {
	doc, err := json.Marshal(&p.PoolConfig)
	if err != nil {
		return nil, fmt.Errorf("configuration of user pool %s: %w", p.ID, err)
	}
	return &store.UserPool{ID: p.ID, Name: p.Name, Doc: string(doc), CreatedAt: p.CreatedAt, ModifiedAt: p.ModifiedAt}, nil
}

// clientDoc is the doc column of a client's row.
type clientDoc struct {
	ClientConfig
	SeparateClientConfig
	Secrets []ClientSecret `json:"Secrets,omitzero"`
}

func (p *Pools) loadClient(ctx context.Context, id string) (*Client, error) {
	var row *store.UserPoolClient
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.UserPoolClient(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, clientNotFound(id)
	}
	if err != nil {
		return nil, fmt.Errorf("load user pool client: %w", err)
	}
	return p.readClient(row)
}

// readClient reads a client's row and opens its secrets.
func (p *Pools) readClient(row *store.UserPoolClient) (*Client, error) {
	doc, err := readClientDoc(row)
	if err != nil {
		return nil, err
	}
	client := &Client{
		PoolID: row.PoolID, ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt,
		ClientConfig: doc.ClientConfig, SeparateClientConfig: doc.SeparateClientConfig,
	}
	for _, s := range doc.Secrets {
		opened, err := p.openSecret(row.PoolID, row.ID, s)
		if err != nil {
			return nil, err
		}
		client.secrets = append(client.secrets, opened)
	}
	return client, nil
}

func readClientDoc(row *store.UserPoolClient) (*clientDoc, error) {
	var doc clientDoc
	if err := json.Unmarshal([]byte(row.Doc), &doc); err != nil {
		return nil, fmt.Errorf("configuration of user pool client %s: %w", row.ID, err)
	}
	return &doc, nil
}

func (d *clientDoc) encode() (string, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("configuration of user pool client: %w", err)
	}
	return string(b), nil
}
