package app

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/federation/fetch"
	"github.com/poolhouse/poolhouse/internal/identity"
	"github.com/poolhouse/poolhouse/internal/idp"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userimport"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// parts are what a server is put together of, beside the fields of App: each step
// of assemble adds its own.
type parts struct {
	registry *prometheus.Registry

	outbox  *message.Outbox
	users   *userpool.Users
	tokens  *token.Issuer
	guard   *threat.Guard
	machine *signin.Machine
	imports *userimport.Jobs

	proof   *accessKeyCache
	builtIn *credentials.BuiltIn
	api     *awsjson.Handler
}

// assemble puts the server together and starts what works in the background. What
// it has made when it fails, Close gives back.
func (a *App) assemble(ctx context.Context) error {
	if err := a.migrate(ctx); err != nil {
		return err
	}
	var err error
	if a.ring, err = keys.Open(ctx, a.db, a.options.MasterKey, a.log); err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	p := &parts{registry: prometheus.NewRegistry()}
	if err := a.openUserPools(ctx, p); err != nil {
		return err
	}
	if err := a.openAPI(p); err != nil {
		return err
	}
	if err := a.mount(p); err != nil {
		return err
	}
	if err := a.seed(ctx); err != nil {
		return err
	}
	a.importUsers(p.imports)
	a.deliver()
	a.tellClients(p.tokens, p.registry)
	return nil
}

// migrate brings the database up to date, if the options want that.
func (a *App) migrate(ctx context.Context) error {
	if !a.options.Migrate {
		return nil
	}
	from, to, err := a.db.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if from != to {
		a.log.InfoContext(ctx, "migrated the database", "from", from, "to", to)
	}
	return nil
}

// openUserPools makes what signs the users of pools in.
func (a *App) openUserPools(ctx context.Context, p *parts) error {
	o := a.options
	limits := userpool.DefaultLimits()
	if o.Dev {
		limits = userpool.NoLimits()
	}
	triggers, err := a.openFunctions()
	if err != nil {
		return err
	}
	if p.outbox, err = a.outbox(ctx, p.registry); err != nil {
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
	p.users = userpool.NewUsers(a.db, a.ring, p.outbox, limits)
	p.users.SetDomainURL(a.domainURL)
	p.tokens = token.NewIssuer(a.db, a.ring, a.pools, a.issuerURL)
	if p.guard, err = a.guardPools(p.users, p.outbox); err != nil {
		return err
	}
	p.machine = signin.New(a.db, a.ring, p.users, p.tokens)
	p.machine.Guard(p.guard)
	p.machine.LogTo(a.log)
	p.imports = userimport.New(a.db, a.ring, a.pools, p.users, o.PublicURL, a.log)
	return nil
}

// openAPI makes what answers the operations of user pools and identity pools.
func (a *App) openAPI(p *parts) error {
	o := a.options
	a.service = idp.New(idp.Parts{Pools: a.pools, Users: p.users, Tokens: p.tokens, SignIn: p.machine, Imports: p.imports, Guard: p.guard,
		Limits: o.RateLimits, PublicURL: o.PublicURL})
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.proof = newAccessKeyCache(a.db, a.ring, o.AccountID)
	a.roles = credentials.NewRoles(a.db, o.AccountID)
	p.builtIn = credentials.NewBuiltIn(credentials.Options{
		Ring: a.ring, Roles: a.roles, AccountID: o.AccountID,
		AccessKey: p.proof.find, AnyRole: o.SkipSignatures, Now: a.clock.Now,
	})
	var err error
	if a.identities, err = a.openIdentityPools(p.tokens, p.builtIn); err != nil {
		return err
	}
	p.api, err = awsjson.New(awsjson.Options{
		Region:         o.Region,
		AccountID:      o.AccountID,
		AccessKey:      p.proof.find,
		Session:        session(p.builtIn),
		SkipSignatures: o.SkipSignatures,
		TrustedProxies: o.TrustedProxies,
		Limits:         o.RateLimits,
		Provisioned:    a.provisioned,
		PoolOf:         a.service.PoolOf,
		Logger:         a.log,
		Registerer:     p.registry,
	}, a.service.API(), identity.New(a.identities).API())
	return err
}

// mount makes the handler of everything.
func (a *App) mount(p *parts) error {
	endpoints := a.oauth(p.tokens, p.api)
	mux := http.NewServeMux()
	mux.Handle("/", a.orSTS(p.api, p.builtIn, p.proof))
	a.mountOwn(mux, p, endpoints)
	pages, err := a.loginPages(endpoints, p.users, p.tokens, p.machine, p.guard)
	if err != nil {
		return err
	}
	a.mountWellKnown(mux, p, endpoints)
	if a.options.Dev {
		devserver.Mount(mux, devserver.Parts{DB: a.db, Outbox: p.outbox, Clock: a.clock, Seed: a.seed, Invocations: &a.invocations, Log: a.log})
	}
	a.handler = inLanguages(endpoints.Route(pages, mux))
	return nil
}

// mountOwn mounts what Cognito does not have, and what links and URLs that the API
// gives out lead to.
func (a *App) mountOwn(mux *http.ServeMux, p *parts, endpoints *oauth.Server) {
	signed := func(h http.Handler) http.Handler { // for who has an access key
		if a.options.SkipSignatures {
			return devserver.Local(h)
		}
		return h
	}
	mux.Handle("POST /_poolhouse/sigv4/key", signed(a.signingKeys(p.api, p.builtIn)))
	mux.HandleFunc("GET /_poolhouse/healthz", a.healthz)
	mux.HandleFunc("GET /_poolhouse/readyz", a.readyz)
	mux.Handle("GET /_poolhouse/metrics", a.metrics(p.registry))
	mux.Handle("GET /_poolhouse/revocations", signed(a.revocations(p.api)))
	mux.Handle("PUT /_poolhouse/import/{pool}/{job}", a.uploadImport(p.imports))
	mux.Handle("GET /_poolhouse/import/{pool}/{job}/log", signed(a.importLog(p.api, p.imports)))
	mux.Handle("GET /_poolhouse/images/{pool}/{image}", lookUps(endpoints, images(a.pools, a.log)))
	mux.Handle("GET /_poolhouse/clients/{pool}/{client}/oauth", signed(a.clientExtensions(p.api)))
	mux.Handle("PUT /_poolhouse/clients/{pool}/{client}/oauth", signed(a.clientExtensions(p.api)))
	mux.Handle(feedbackPath+"{pool}", lookUps(endpoints, feedback(a.pools, p.users, a.log)))
}

// mountWellKnown mounts the keys and discovery documents of the issuers.
func (a *App) mountWellKnown(mux *http.ServeMux, p *parts, endpoints *oauth.Server) {
	publicURL := a.options.PublicURL
	mux.Handle("GET "+identityPath+"/.well-known/{document}", identityWellKnown(a.identities, publicURL, a.log))
	discovery := wellKnown(a.pools, p.tokens, endpoints, publicURL, a.log)
	mux.Handle("/{pool}/.well-known/", discovery)
	mux.Handle("/.well-known/oauth-authorization-server/{pool}", discovery)
}
