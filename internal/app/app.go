package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/identitypool"
	"github.com/poolhouse/poolhouse/internal/idp"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/functions"
	"github.com/poolhouse/poolhouse/internal/userimport"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Options say what server to make.
type Options struct {
	DatabaseURL string         // as in store.Options
	MasterKey   keys.MasterKey // everything secret is sealed under it
	Migrate     bool           // bring the database up to date first

	PublicURL   string // base of the issuer, without a slash at the end
	IssuerStyle string // "url" or "aws"
	Region      string
	AccountID   string
	StrictTiers bool // refuse what a pool's tier lacks

	STSURL string // of the STS that gives identity pools' credentials; empty: Poolhouse itself does

	Functions     trigger.Functions // trigger functions of this process, by ARN
	FunctionsFile *functions.File   // how others are called; nil: there are none

	PrivateProviders bool // identity providers may be at private addresses, and speak http
	PrivateClients   bool // clients may hear of logouts at private addresses

	DomainSuffix   string         // of prefix domains, which are <prefix>.auth.<suffix>; empty means localhost
	DomainHosts    bool           // the host names of prefix domains lead here
	PrefixHosts    bool           // these names can be resolved: discovery gives them out
	ResourceLimits map[string]int // by the names of the fields of userpool.PoolLimits

	Messages MessageOptions

	Dev            bool // the conveniences of poolhouse dev
	SkipSignatures bool // accept administrative requests from anybody; only with Dev
	RateLimits     awsjson.Limits
	TrustedProxies []netip.Prefix
	MetricsFrom    []netip.Prefix // who may read the metrics
	Seed           *Seed          // nil: nothing
	Threat         Threat

	Logger *slog.Logger
}

// App is a server, put together but not yet listening.
type App struct {
	options Options
	log     *slog.Logger
	clock   *devserver.Clock
	db      *store.DB
	ring    *keys.Ring
	pools   *userpool.Pools
	service *idp.Service
	roles   *credentials.Roles

	functions   *functions.Set
	invocations devserver.Invocations // of functions, in development

	identities    *identitypool.Pools
	samlProviders *samlprovider.Providers

	handler http.Handler
	health  health

	carriers     map[string]message.Carrier
	deliverer    *message.Deliverer // nil: nothing carries messages
	stopDelivery func()             // ends it; nil: it does not run

	stopGuard   func() // writes the records of events that wait, and closes files; nil: none do
	stopImports func() // ends what imports users in the background; nil: nothing does
	stopNotices func() // ends what tells clients of logouts; nil: nothing does
}

// New puts a server together. It returns keys.ErrWrongMasterKey,
// store.ErrFuture or store.ErrBehind (wrapped) where the database does not fit.
func New(ctx context.Context, o Options) (*App, error) {
	if o.SkipSignatures && !o.Dev {
		return nil, errors.New("only a development server may skip signatures")
	}
	a := &App{options: o, log: o.Logger, clock: new(devserver.Clock)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	db, err := store.Open(ctx, store.Options{URL: o.DatabaseURL, Now: a.clock.Now, Logger: a.log, Migrate: o.Migrate})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	a.db = db
	if err := a.assemble(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// importUsers works on import jobs until Close.
func (a *App) importUsers(jobs *userimport.Jobs) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { jobs.Run(ctx) })
	a.stopImports = func() {
		cancel()
		running.Wait()
	}
}

// Handler serves everything.
func (a *App) Handler() http.Handler { return a.handler }

// Close gives everything back. The server must have stopped serving.
func (a *App) Close() error {
	if a.stopImports != nil {
		a.stopImports()
	}
	if a.stopDelivery != nil {
		a.stopDelivery()
	}
	if a.stopNotices != nil {
		a.stopNotices()
	}
	if a.functions != nil {
		if err := a.functions.Close(); err != nil {
			a.log.Warn("close functions", "err", err)
		}
	}
	if a.stopGuard != nil {
		a.stopGuard()
	}
	if a.ring != nil {
		a.ring.Close()
	}
	return a.db.Close()
}

// provisioned is the rate that was set for a category. While it cannot be read,
// that of the options holds; most requests will fail anyway then.
func (a *App) provisioned(ctx context.Context, c awsjson.Category) int32 {
	perSecond, _, err := a.pools.ProvisionedLimit(ctx, string(c))
	if err != nil {
		a.log.ErrorContext(ctx, "cannot read the provisioned limits", "err", err)
	}
	return perSecond
}

// issuerURL is the iss of a pool's tokens.
func (a *App) issuerURL(poolID string) string {
	if a.options.IssuerStyle == "aws" {
		region, _, _ := strings.Cut(poolID, "_")
		return "https://cognito-idp." + region + ".amazonaws.com/" + poolID
	}
	return a.options.PublicURL + "/" + poolID
}
