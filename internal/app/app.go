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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/federation/fetch"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/identity"
	"github.com/poolhouse/poolhouse/internal/identitypool"
	"github.com/poolhouse/poolhouse/internal/idp"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
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

func (a *App) assemble(ctx context.Context) error {
	o := a.options
	if o.Migrate {
		from, to, err := a.db.Migrate(ctx)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if from != to {
			a.log.InfoContext(ctx, "migrated the database", "from", from, "to", to)
		}
	}
	var err error
	if a.ring, err = keys.Open(ctx, a.db, o.MasterKey, a.log); err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	limits := userpool.DefaultLimits()
	if o.Dev {
		limits = userpool.NoLimits()
	}
	triggers, err := a.openFunctions()
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	outbox, err := a.outbox(ctx, registry)
	if err != nil {
		return err
	}
	a.pools = userpool.NewPools(a.db, a.ring, userpool.PoolsOptions{
		AccountID: o.AccountID, StrictTiers: o.StrictTiers, DomainSuffix: o.DomainSuffix,
		Triggers: triggers, LocalLogout: o.Dev,
		Fetch: fetch.New(fetch.Options{Anywhere: o.Dev || o.PrivateProviders}).Get,
		Limits: userpool.PoolLimits{
			Pools: o.ResourceLimits["Pools"], ClientsPerPool: o.ResourceLimits["ClientsPerPool"],
			GroupsPerPool: o.ResourceLimits["GroupsPerPool"], GroupsPerUser: o.ResourceLimits["GroupsPerUser"],
			ResourceServersPerPool: o.ResourceLimits["ResourceServersPerPool"],
		},
	})
	users := userpool.NewUsers(a.db, a.ring, outbox, limits)
	users.SetDomainURL(a.domainURL)
	tokens := token.NewIssuer(a.db, a.ring, a.pools, a.issuerURL)
	guard, err := a.guardPools(users, outbox)
	if err != nil {
		return err
	}
	machine := signin.New(a.db, a.ring, users, tokens)
	machine.Guard(guard)
	machine.LogTo(a.log)
	imports := userimport.New(a.db, a.ring, a.pools, users, o.PublicURL, a.log)
	a.service = idp.New(idp.Parts{Pools: a.pools, Users: users, Tokens: tokens, SignIn: machine, Imports: imports, Guard: guard, Limits: o.RateLimits, PublicURL: o.PublicURL})

	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	proof := newAccessKeyCache(a.db, a.ring, o.AccountID)
	a.roles = credentials.NewRoles(a.db, o.AccountID)
	builtIn := credentials.NewBuiltIn(credentials.Options{
		Ring: a.ring, Roles: a.roles, AccountID: o.AccountID,
		AccessKey: proof.find, AnyRole: o.SkipSignatures, Now: a.clock.Now,
	})
	if a.identities, err = a.openIdentityPools(tokens, builtIn); err != nil {
		return err
	}
	api, err := awsjson.New(awsjson.Options{
		Region:         o.Region,
		AccountID:      o.AccountID,
		AccessKey:      proof.find,
		Session:        session(builtIn),
		SkipSignatures: o.SkipSignatures,
		TrustedProxies: o.TrustedProxies,
		Limits:         o.RateLimits,
		Provisioned:    a.provisioned,
		PoolOf:         a.service.PoolOf,
		Logger:         a.log,
		Registerer:     registry,
	}, a.service.API(), identity.New(a.identities).API())
	if err != nil {
		return err
	}

	signed := func(h http.Handler) http.Handler { // for who has an access key
		if o.SkipSignatures {
			return devserver.Local(h)
		}
		return h
	}
	endpoints := a.oauth(tokens, api)
	mux := http.NewServeMux()
	mux.Handle("/", a.orSTS(api, builtIn, proof))
	mux.Handle("POST /_poolhouse/sigv4/key", signed(a.signingKeys(api, builtIn)))
	mux.HandleFunc("GET /_poolhouse/healthz", a.healthz)
	mux.HandleFunc("GET /_poolhouse/readyz", a.readyz)
	mux.Handle("GET /_poolhouse/metrics", a.metrics(registry))
	mux.Handle("GET /_poolhouse/revocations", signed(a.revocations(api)))
	mux.Handle("PUT /_poolhouse/import/{pool}/{job}", a.uploadImport(imports))
	mux.Handle("GET /_poolhouse/import/{pool}/{job}/log", signed(a.importLog(api, imports)))
	mux.Handle("GET /_poolhouse/images/{pool}/{image}", lookUps(endpoints, images(a.pools, a.log)))
	mux.Handle("GET /_poolhouse/clients/{pool}/{client}/oauth", signed(a.clientExtensions(api)))
	mux.Handle("PUT /_poolhouse/clients/{pool}/{client}/oauth", signed(a.clientExtensions(api)))
	pages, err := a.loginPages(endpoints, users, tokens, machine, guard)
	if err != nil {
		return err
	}
	mux.Handle("GET "+identityPath+"/.well-known/{document}", identityWellKnown(a.identities, o.PublicURL, a.log))
	mux.Handle(feedbackPath+"{pool}", lookUps(endpoints, feedback(a.pools, users, a.log)))
	discovery := wellKnown(a.pools, tokens, endpoints, o.PublicURL, a.log)
	mux.Handle("/{pool}/.well-known/", discovery)
	mux.Handle("/.well-known/oauth-authorization-server/{pool}", discovery)
	if o.Dev {
		devserver.Mount(mux, devserver.Parts{DB: a.db, Outbox: outbox, Clock: a.clock, Seed: a.seed, Invocations: &a.invocations, Log: a.log})
	}
	a.handler = inLanguages(endpoints.Route(pages, mux))
	if err := a.seed(ctx); err != nil {
		return err
	}
	a.importUsers(imports)
	a.deliver()
	a.tellClients(tokens, registry)
	return nil
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
