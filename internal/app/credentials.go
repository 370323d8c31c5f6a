package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/sigv4"
	"github.com/poolhouse/poolhouse/internal/sts"
)

// session finds temporary credentials for the operations' signatures.
func session(builtIn *credentials.BuiltIn) func(ctx context.Context, id, token string) (string, *iam.Principal, error) {
	return func(ctx context.Context, id, token string) (string, *iam.Principal, error) {
		opened, err := builtIn.Open(ctx, id, token)
		if err != nil {
			return "", nil, err
		}
		return opened.Secret, opened.Principal, nil
	}
}

const (
	getSigningKey = "poolhouse:GetSigningKey" // the action in policies

	maxSigningKeyRequest = 16 << 10 // bytes

	// sessionExpired is about the session asked for. ExpiredTokenException would be
	// about the caller's own.
	sessionExpired fault.Code = "SessionExpiredException"
)

// A signingKeyRequest and its answer are the wire format of the endpoint, which
// verify/sigv4/key.go tells of.
type signingKeyRequest struct {
	AccessKeyID  string `json:"accessKeyId"`
	SessionToken string `json:"sessionToken"`
	Date         string `json:"date"`
	Region       string `json:"region"`
	Service      string `json:"service"`
}

type signingKeyAnswer struct {
	SigningKey string           `json:"signingKey"` // base64
	ExpiresAt  int64            `json:"expiresAt"`  // unix seconds
	Session    signedForSession `json:"session"`
}

type signedForSession struct {
	ARN            string            `json:"arn"`
	UserID         string            `json:"userId"`
	Account        string            `json:"account"`
	RoleARN        string            `json:"roleArn,omitzero"`
	SessionName    string            `json:"sessionName,omitzero"`
	IdentityID     string            `json:"identityId,omitzero"`
	IdentityPoolID string            `json:"identityPoolId,omitzero"`
	Amr            []string          `json:"amr,omitzero"`
	Tags           map[string]string `json:"tags,omitzero"`
	Policy         json.RawMessage   `json:"policy,omitzero"`
}

// signingKeys gives APIs the key that signatures of one session are made with, for
// one day, region and service, so that they can check requests to them. Each API
// has an access key that may do so for its own service.
func (a *App) signingKeys(api *awsjson.Handler, builtIn *credentials.BuiltIn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := a.signingKey(w, r, api, builtIn)
		a.answerJSON(w, r, "signing key", answer, err)
	})
}

func (a *App) signingKey(w http.ResponseWriter, r *http.Request, api *awsjson.Handler, builtIn *credentials.BuiltIn) (*signingKeyAnswer, error) {
	if !api.Allow(r, awsjson.GetSigningKey, "") {
		return nil, errRateExceeded
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSigningKeyRequest))
	if err != nil {
		return nil, fault.New(fault.InvalidParameter, "The body cannot be read or is too large.")
	}
	caller, err := api.CallerWith(r, body, "sts")
	if err != nil {
		return nil, err
	}
	var in signingKeyRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fault.New(fault.InvalidParameter, "The body is not the JSON of a request.")
	}
	scope := sigv4.Credential{AccessKeyID: in.AccessKeyID, Date: in.Date, Region: in.Region, Service: in.Service}
	if err := a.checkKeyScope(scope); err != nil {
		return nil, err
	}
	resource := arn.New("sts", in.Region, a.options.AccountID, "signing-key/"+in.Service)
	if err := caller.Authorize(getSigningKey, resource); err != nil {
		return nil, err
	}
	// What a client of the API sent is told apart from what the API itself did wrong,
	// so that the API can tell its client.
	opened, err := builtIn.Open(r.Context(), in.AccessKeyID, in.SessionToken)
	switch {
	case errors.Is(err, credentials.ErrExpiredToken):
		return nil, fault.New(sessionExpired, "The session has expired.")
	case errors.Is(err, credentials.ErrInvalidToken):
		return nil, fault.New(fault.ResourceNotFound, "There is no such session.")
	case err != nil:
		return nil, err
	}
	s := opened.Session
	answer := &signingKeyAnswer{
		SigningKey: base64.StdEncoding.EncodeToString(sigv4.SigningKey(opened.Secret, scope)),
		ExpiresAt:  s.ExpiresAt.Unix(),
		Session: signedForSession{
			ARN: opened.ARN, UserID: opened.UserID, Account: opened.Principal.Account, RoleARN: s.RoleARN, SessionName: s.SessionName,
			IdentityID: s.IdentityID, IdentityPoolID: s.IdentityPoolID, Amr: s.Amr, Tags: s.Tags,
		},
	}
	if p := opened.Principal.Policy; p != nil {
		answer.Session.Policy = json.RawMessage(p.String())
	}
	return answer, nil
}

// ownServices are what this server itself takes signatures for: with a key for
// these an API could act for its clients here.
var ownServices = map[string]bool{"cognito-idp": true, "cognito-identity": true, "sts": true}

// checkKeyScope wants a scope of today, give or take a day for presigned requests
// and for clocks.
func (a *App) checkKeyScope(c sigv4.Credential) error {
	day, err := time.Parse("20060102", c.Date)
	now := a.clock.Now()
	switch {
	case !c.Valid():
		return fault.New(fault.InvalidParameter, "accessKeyId, region and service must be those of a signature.")
	case err != nil || day.After(now.Add(24*time.Hour)) || day.Before(now.Add(-8*24*time.Hour)):
		return fault.New(fault.InvalidParameter, "date must be the day of a signature that can still be good, as YYYYMMDD.")
	case ownServices[c.Service]:
		return fault.Errorf(fault.AccessDenied, "No signing keys are given out for the service %s.", c.Service)
	}
	return nil
}

// orSTS is the API, and beside it the STS of the credentials that are minted here,
// of which each address may ask as often as of the API's own.
func (a *App) orSTS(api *awsjson.Handler, builtIn *credentials.BuiltIn, proof *accessKeyCache) http.Handler {
	service := sts.New(sts.Options{
		Region: a.options.Region, AccountID: a.options.AccountID, Credentials: builtIn, AccessKey: proof.find,
		Token: a.identityToken, SkipSignatures: a.options.SkipSignatures, Now: a.clock.Now, Logger: a.log,
		Allow: func(r *http.Request) bool { return api.Allow(r, awsjson.GetCredentialsForIdentity, "") },
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sts.Ours(r) {
			service.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}
