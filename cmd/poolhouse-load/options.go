package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"
)

const (
	maxUsers       = 10_000_000
	maxConcurrency = 10_000
	maxRate        = 1_000_000
	maxDuration    = 24 * time.Hour
	maxPassword    = 256 // bytes, Cognito's own limit
)

// options are the command line. Each flag is also a variable POOLHOUSE_LOAD_<FLAG>.
type options struct {
	Endpoint string `default:"http://127.0.0.1:9339" help:"URL of the server."`
	Region   string `default:"us-east-1" env:"POOLHOUSE_LOAD_REGION,AWS_REGION,AWS_DEFAULT_REGION" help:"Region that requests are signed for."`

	AccessKeyID     string `name:"access-key-id" default:"test" env:"POOLHOUSE_LOAD_ACCESS_KEY_ID,AWS_ACCESS_KEY_ID" help:"Access key of administrative requests. A development server takes any."`
	SecretAccessKey string `default:"test" env:"POOLHOUSE_LOAD_SECRET_ACCESS_KEY,AWS_SECRET_ACCESS_KEY" help:"Its secret. Better given by the environment."`
	SessionToken    string `env:"POOLHOUSE_LOAD_SESSION_TOKEN,AWS_SESSION_TOKEN" help:"Its session token, if it is temporary."`

	UserPoolID   string `name:"user-pool-id" help:"User pool to load."`
	ClientID     string `name:"client-id" help:"App client that users sign in to."`
	ClientSecret string `help:"Its secret, if it has one."`
	Create       bool   `help:"Make a user pool and an app client for this run, and delete them at its end."`

	Users          int    `default:"100" help:"How many users there are. Missing ones are made."`
	UserPrefix     string `default:"load-" help:"What their names begin with. A further run with the same prefix uses the same users."`
	Password       string `default:"Load-test-1!" help:"Password of them all."`
	ResetPasswords bool   `help:"Set the password of users that exist, too."`
	TokenUsers     int    `default:"100" help:"How many of the users hold tokens for refresh and get-user."`

	Operations mix `default:"sign-in-srp=1,get-user=9" help:"What to do, with weights: sign-in-srp, sign-in-password, refresh, get-user, admin-get-user."`

	Concurrency int           `default:"8" help:"How many operations are under way at once."`
	Duration    time.Duration `default:"10s" help:"For how long operations are begun."`
	Warmup      time.Duration `default:"2s" help:"For how long they are begun before, unmeasured."`
	Requests    int64         `default:"0" help:"End after so many operations, if the duration does not end first. 0: no such limit."`
	Rate        float64       `default:"0" help:"Operations to begin per second. 0: as fast as they are answered."`
	Timeout     time.Duration `default:"10s" help:"How long a request may take."`
	Seed        uint64        `default:"1" help:"Choice of operations and users: the same seed, the same choice."`

	MaxErrorRate float64       `default:"0" help:"Share of operations, 0 to 1, that may fail before the exit status says so."`
	Output       string        `default:"text" enum:"text,json" help:"Form of the report: text or json."`
	Interval     time.Duration `default:"1s" help:"How often progress goes to standard error. 0: never."`
	ServerPID    int           `name:"server-pid" help:"Process id of the server, if it runs on this machine (Linux): the report then names its processor time."`
}

var poolIDForm = regexp.MustCompile(`^[\w-]{1,55}_[0-9a-zA-Z]{1,55}$`)

// Validate is called by kong once all flags are read.
func (o *options) Validate() error {
	within := func(name string, n, low, high float64) error {
		if n >= low && n <= high {
			return nil
		}
		return fmt.Errorf("--%s must be from %v to %v", name, low, high)
	}
	duration := func(name string, d, low time.Duration) error {
		if d >= low && d <= maxDuration {
			return nil
		}
		return fmt.Errorf("--%s must be from %v to %v", name, low, maxDuration)
	}
	return errors.Join(
		o.validateTarget(),
		within("users", float64(o.Users), 1, maxUsers),
		within("token-users", float64(o.TokenUsers), 1, maxUsers),
		within("concurrency", float64(o.Concurrency), 1, maxConcurrency),
		within("requests", float64(o.Requests), 0, 1e15),
		within("rate", o.Rate, 0, maxRate),
		within("max-error-rate", o.MaxErrorRate, 0, 1),
		within("server-pid", float64(o.ServerPID), 0, 1<<31-1),
		within("user-prefix characters", float64(len(o.UserPrefix)), 1, 100),
		within("password bytes", float64(len(o.Password)), 1, maxPassword),
		duration("duration", o.Duration, time.Millisecond),
		duration("warmup", o.Warmup, 0),
		duration("timeout", o.Timeout, time.Millisecond),
		duration("interval", o.Interval, 0),
	)
}

func (o *options) validateTarget() error {
	endpoint, err := url.Parse(o.Endpoint)
	if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "" {
		return errors.New("--endpoint must be a http or https URL")
	}
	if o.Create {
		if o.UserPoolID != "" || o.ClientID != "" || o.ClientSecret != "" {
			return errors.New("--create makes its own pool and client: do not name others")
		}
		return nil
	}
	if !poolIDForm.MatchString(o.UserPoolID) || o.ClientID == "" {
		return errors.New("--user-pool-id and --client-id are needed, or --create")
	}
	return nil
}
