package signin

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/passkey"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Machine runs sign-ins. It is safe for concurrent use.
type Machine struct {
	db     *store.DB
	ring   *keys.Ring
	users  *userpool.Users
	tokens *token.Issuer
	turns  turns
	log    *slog.Logger

	decoyKey []byte // of a passkey that nobody has
	guard    *threat.Guard
}

// New returns a Machine.
func New(db *store.DB, ring *keys.Ring, users *userpool.Users, tokens *token.Issuer) *Machine {
	return &Machine{db: db, ring: ring, users: users, tokens: tokens, log: slog.New(slog.DiscardHandler), decoyKey: passkey.DecoyKey()}
}

// LogTo has the machine log what operators should look into. It must not be
// called once the machine runs.
func (m *Machine) LogTo(log *slog.Logger) { m.log = log }

// Start begins a sign-in.
type Start struct {
	Pool           *userpool.Pool
	Client         *userpool.Client
	Admin          bool     // by AdminInitiateAuth
	Hosted         bool     // on the login pages, see hosted.go
	Browsers       []string // on the login pages: the keys of devices that the browser is, of any users
	Flow           string
	Session        string // "", or for USER_AUTH what ConfirmSignUp gave out
	RelyingParty   string // the domain whose passkeys USER_AUTH may ask for, "" for none
	Parameters     map[string]string
	ClientMetadata map[string]string // for triggers
	Origin         Origin
}

// Response answers a challenge.
type Response struct {
	Pool           *userpool.Pool
	Client         *userpool.Client
	Admin          bool     // by AdminRespondToAuthChallenge
	Hosted         bool     // on the login pages
	Browsers       []string // as in Start
	Challenge      string
	Session        string
	Responses      map[string]string
	ClientMetadata map[string]string // for triggers
	Origin         Origin
}

// Origin is where a request comes from, as far as it is known. Its texts are an
// outsider's.
type Origin struct {
	IPAddress   string // canonical, without port; "" if unknown
	UserAgent   string
	EncodedData string // what AWS's scripts in the user's browser or app gathered
	EndpointID  string // of AnalyticsMetadata
}

// Outcome is what a step led to: tokens or a proven user, or else a challenge.
type Outcome struct {
	Tokens *token.Set
	Proven *Proven // in place of tokens, on the login pages

	Challenge  string
	Session    string
	Parameters map[string]string
	Available  []string // the first factors to choose from (AvailableChallenges)
}

// A flow is a way to begin. It finds the user and either proves a factor or asks
// for a challenge.
type flow struct {
	// operations that may use it
	public, admin bool
	run           func(*Machine, context.Context, *attempt) error
}

var flows = map[string]flow{
	"USER_SRP_AUTH":            {public: true, admin: true, run: (*Machine).startSRP},
	"USER_PASSWORD_AUTH":       {public: true, run: (*Machine).startPassword},
	"ADMIN_USER_PASSWORD_AUTH": {admin: true, run: (*Machine).startPassword},
	customFlow:                 {public: true, admin: true, run: (*Machine).startCustom},
	"USER_AUTH":                {public: true, admin: true, run: (*Machine).startChoice},
}

var errFlowNotSupported = fault.New(fault.InvalidParameter, "Initiate Auth method not supported.")

// oldFlows are earlier names of flows.
var oldFlows = map[string]string{
	"ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH",
	"REFRESH_TOKEN":     refreshFlow,
}

// challenges are the steps that answer a challenge.
var challenges = map[string]func(*Machine, context.Context, *attempt) error{
	passwordVerifier:       (*Machine).verifyPassword,
	newPasswordRequired:    (*Machine).setNewPassword,
	userpool.SelectMFAType: (*Machine).selectFactor,
	userpool.MFASetup:      (*Machine).finishSetUp,
	userpool.FactorToken:   (*Machine).verifyToken,
	userpool.FactorSMS:     (*Machine).verifySMS,
	userpool.FactorEmail:   (*Machine).answerEmail, // a first factor too
	selectChallenge:        (*Machine).answerSelect,
	userpool.FirstPassword: (*Machine).answerPassword,
	userpool.FirstSRP:      (*Machine).answerSRP,
	userpool.FirstSMS:      (*Machine).answerSMS,
	userpool.FirstPasskey:  (*Machine).answerPasskey,
	customChallenge:        (*Machine).answerCustom,
	deviceSRPAuth:          (*Machine).startDevice,
	devicePasswordVerifier: (*Machine).verifyDevice,
}

// attempt is a sign-in while one request works on it.
type attempt struct {
	pool       *userpool.Pool
	client     *userpool.Client
	parameters map[string]string
	given      string   // Start.Session
	answered   string   // the challenge that the request answers; "": it begins
	browsers   []string // Start.Browsers
	origin     Origin

	session session
	user    *store.User   // nil: nobody has the name
	device  *store.Device // of the user, that the request names

	handshake *srp.A // of a CUSTOM_AUTH that begins with SRP
	leaked    bool   // attackers know the password that was sent

	// What the step says.
	ask       string            // the challenge that must follow for its proof
	params    map[string]string // and that challenge's parameters
	available []string          // see Outcome
	block     bool              // the session goes into SECRET_BLOCK
	same      bool              // and goes on: the challenge belongs to the one before
}

// Start runs the beginning of a sign-in. Errors are those of InitiateAuth and
// AdminInitiateAuth.
func (m *Machine) Start(ctx context.Context, in Start) (*Outcome, error) {
	name := in.Flow
	if now, ok := oldFlows[name]; ok {
		name = now
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: in.Client.ID, ValidationData: in.ClientMetadata})
	f := flows[name]
	if name != refreshFlow && (in.Admin && !f.admin || !in.Admin && !f.public) {
		return nil, errFlowNotSupported
	}
	switch {
	case in.Hosted && !hostedFlows[name]:
		return nil, errFlowNotSupported
	case !in.Hosted && !in.Client.AllowsFlow(name):
		if in.Admin {
			return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
		}
		return nil, fault.Errorf(fault.InvalidParameter, "%s flow not enabled for this client", name)
	}
	if !in.Hosted { // before anything is proved for nothing
		if err := token.CheckBound(in.Client, ""); err != nil {
			return nil, err
		}
	}
	switch {
	case name == refreshFlow:
		return m.refresh(ctx, in)
	case name == customFlow && in.Pool.LambdaConfig.DefineAuthChallenge == "":
		return nil, errNoFunction
	}
	a := &attempt{
		pool: in.Pool, client: in.Client, parameters: in.Parameters,
		given: in.Session, origin: in.Origin, browsers: in.Browsers,
		session: session{Flow: name, Admin: in.Admin, Hosted: in.Hosted, RelyingParty: in.RelyingParty},
	}
	username := in.Parameters["USERNAME"]
	if username == "" && in.Session == "" {
		return nil, missing("USERNAME")
	}
	if err := a.checkCaller(username, in.Hosted); err != nil {
		return nil, err
	}
	a.session.Name = username
	return m.watched(ctx, a, func() error { return f.run(m, ctx, a) })
}

// Respond runs the answer to a challenge. Errors are those of
// RespondToAuthChallenge and AdminRespondToAuthChallenge.
func (m *Machine) Respond(ctx context.Context, in Response) (*Outcome, error) {
	step, ok := challenges[in.Challenge]
	if !ok {
		return nil, fault.Errorf(fault.InvalidParameter, "The challenge %s is not supported.", in.Challenge)
	}
	a := &attempt{
		pool: in.Pool, client: in.Client, parameters: in.Responses,
		answered: in.Challenge, origin: in.Origin, browsers: in.Browsers,
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: in.Client.ID, ClientMetadata: in.ClientMetadata})
	username, err := a.require("USERNAME")
	if err != nil {
		return nil, err
	}
	if err := a.checkCaller(username, in.Hosted); err != nil {
		return nil, err
	}
	sealed := in.Session
	if in.Challenge == passwordVerifier || in.Challenge == devicePasswordVerifier {
		// The SECRET_BLOCK is what SRP clients must echo; many send no Session.
		if sealed, err = a.require("PASSWORD_CLAIM_SECRET_BLOCK"); err != nil {
			return nil, err
		}
	} else if sealed == "" {
		return nil, missing("Session")
	}
	if a.session, err = m.open(ctx, in.Pool, in.Client, sealed); err != nil {
		return nil, err
	}
	if in.Challenge == deviceSRPAuth {
		if err := m.followToDevice(ctx, a); err != nil {
			return nil, err
		}
	}
	if a.session.Challenge != in.Challenge || a.session.Admin != in.Admin || a.session.Hosted != in.Hosted {
		return nil, errInvalidSession
	}
	return m.watched(ctx, a, func() error {
		if err := m.answer(ctx, a, username, step); err != nil {
			return err
		}
		a.tookPart(in.Challenge)
		return nil
	})
}

// answer runs a step in the user's turn. The turn ends with the step, even if that
// panics: the tokens are signed outside of it.
func (m *Machine) answer(ctx context.Context, a *attempt, username string, step func(*Machine, context.Context, *attempt) error) error {
	release, err := m.resume(ctx, a, username)
	if err != nil {
		return err
	}
	defer release()
	return step(m, ctx, a)
}

// find reads the user that the request names, who may be nobody, and takes the
// turn to try a password. It refuses while the user is locked, and says that
// nobody has the name where the client reveals that, unless the user may still
// come from another directory. It asks the trigger PreAuthentication.
func (m *Machine) find(ctx context.Context, a *attempt) (release func(), err error) {
	release, err = m.enter(ctx, a, a.pool.Fold(a.session.Name), func(tx *store.Tx) error {
		var err error
		a.user, err = a.pool.Find(tx, a.session.Name)
		if errors.Is(err, store.ErrNotFound) {
			if a.client.RevealsUsers() && !a.migrates() {
				return errUnknownUser
			}
			return nil
		}
		return err
	})
	if err != nil || a.user == nil && a.migrates() {
		return release, err
	}
	if err := m.preAuthenticate(ctx, a); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// resume reads the user of a session, takes the turn to try a password, and
// checks that the request names this user and that the session is unspent.
func (m *Machine) resume(ctx context.Context, a *attempt, username string) (release func(), err error) {
	if a.session.Nobody == 1 {
		if username != a.session.UserID && a.pool.Fold(username) != a.pool.Fold(a.session.Name) {
			return nil, errInvalidSession
		}
		return m.enter(ctx, a, a.pool.Fold(a.session.Name), func(tx *store.Tx) error {
			// What is read of a user's session, for the time that it takes.
			if spent, err := tx.SessionSpent(a.pool.ID, a.session.ID); err != nil {
				return err
			} else if spent {
				return errSpentSession
			}
			if _, err := tx.User(a.pool.ID, a.session.Sub); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return nil
		})
	}
	return m.enter(ctx, a, a.session.Sub, func(tx *store.Tx) error {
		spent, err := tx.SessionSpent(a.pool.ID, a.session.ID)
		if err != nil {
			return err
		}
		if spent {
			return errSpentSession
		}
		a.user, err = a.pool.User(tx, a.session.Sub)
		if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			return errInvalidSession
		}
		if err == nil && username != a.session.Name && !a.pool.IsNamed(a.user, username) {
			return errInvalidSession
		}
		return err
	})
}

// enter takes the turn of key, reads with read and refuses a locked user.
func (m *Machine) enter(ctx context.Context, a *attempt, key string, read func(*store.Tx) error) (release func(), err error) {
	release, err = m.turns.take(ctx, a.pool.ID+" "+key)
	if err != nil {
		return nil, err
	}
	err = m.db.View(ctx, func(tx *store.Tx) error {
		if err := read(tx); err != nil {
			return err
		}
		if m.guard.Refuses(a.pool, a.client, a.session.Flow, a.origin.IPAddress) {
			return threat.ErrSecurity
		}
		f, err := m.readFailures(tx, a)
		if err == nil && f.locked(m.db.Now()) {
			err = errLocked
		}
		return err
	})
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

var (
	errUnknownUser = fault.New(fault.UserNotFound, "User does not exist.")
	errIncorrect   = fault.New(fault.NotAuthorized, "Incorrect username or password.")
)

// spend uses the attempt's session up within a transaction that does what the
// session was for.
func (a *attempt) spend(tx *store.Tx) error {
	first, err := tx.SpendSession(a.pool.ID, a.session.ID, time.UnixMilli(a.session.ExpiresAt))
	if err == nil && !first {
		return errSpentSession
	}
	return err
}

// proved notes a factor.
func (a *attempt) proved(factor string) {
	if !slices.Contains(a.session.Proved, factor) {
		a.session.Proved = append(a.session.Proved, factor)
	}
}

// require returns a parameter that the request must have.
func (a *attempt) require(name string) (string, error) {
	if v := a.parameters[name]; v != "" {
		return v, nil
	}
	return "", missing(name)
}

func missing(name string) error {
	return fault.Errorf(fault.InvalidParameter, "Missing required parameter %s", name)
}
