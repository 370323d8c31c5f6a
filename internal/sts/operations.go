package sts

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	minToken = 4 // characters of a WebIdentityToken, as the API has it
	maxToken = 20000
)

// unsupported are parameters that would narrow what the credentials may do: they
// are refused, for to ignore them would widen it. Members of lists stand behind a
// dot: PolicyArns.member.1.arn.
var unsupported = []string{"Policy", "PolicyArns", "SerialNumber", "TokenCode"}

func refuseUnsupported(form url.Values) error {
	for _, given := range slices.Sorted(maps.Keys(form)) {
		if name, _, _ := strings.Cut(given, "."); slices.Contains(unsupported, name) {
			return invalid("The parameter " + name + " is not supported.")
		}
	}
	return nil
}

// assumeRoleWithWebIdentity gives the bearer of an identity's token credentials of
// a role that trusts it. Refusals: AccessDenied, InvalidIdentityToken,
// ExpiredTokenException, PackedPolicyTooLarge, ValidationError.
func (h *Handler) assumeRoleWithWebIdentity(ctx context.Context, form url.Values) (any, error) {
	if err := refuseUnsupported(form); err != nil {
		return nil, err
	}
	role, name, token := form.Get("RoleArn"), form.Get("RoleSessionName"), form.Get("WebIdentityToken")
	switch {
	case role == "":
		return nil, missing("roleArn")
	case name == "":
		return nil, missing("roleSessionName")
	case token == "":
		return nil, missing("webIdentityToken")
	case len(token) < minToken || len(token) > maxToken:
		return nil, invalid("1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length between 4 and 20000")
	case !credentials.IsRoleARN(role):
		return nil, invalid(bounded(role) + " is invalid")
	}
	life, err := duration(form, 43200)
	if err != nil {
		return nil, err
	}
	identity, err := h.options.Token(ctx, token)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return nil, tokenRefusal(f)
	}
	if err != nil {
		return nil, err
	}
	set, caller, err := h.options.Credentials.AssumeRole(ctx, credentials.Request{
		RoleARN: role, SessionName: name, IdentityID: identity.ID, IdentityPoolID: identity.PoolID,
		Amr: identity.Amr, Tags: identity.Tags, Token: token, Duration: life,
	})
	if err != nil {
		return nil, err
	}
	return assumeRoleResult{
		Subject: identity.ID, Audience: identity.PoolID, Provider: identity.Issuer,
		User: assumedRoleUser{ID: caller.UserID, ARN: caller.ARN}, Credentials: newCredentials(set),
	}, nil
}

func tokenRefusal(f *fault.Error) error {
	if f.Code == fault.ExpiredToken {
		return &refusal{http.StatusBadRequest, "ExpiredTokenException", f.Message}
	}
	return &refusal{http.StatusBadRequest, "InvalidIdentityToken", f.Message}
}

// getCallerIdentity needs no permission, as in AWS.
func (h *Handler) getCallerIdentity(c *call) (any, error) {
	s, err := h.caller(c)
	if err != nil {
		return nil, err
	}
	return callerIdentity{ARN: s.principal.ARN, UserID: s.userID, Account: s.principal.Account}, nil
}

// getSessionToken gives an access key temporary credentials that may do what the
// key may. It needs no permission; temporary credentials cannot prolong their own
// life by it.
func (h *Handler) getSessionToken(c *call) (any, error) {
	s, err := h.caller(c)
	if err != nil {
		return nil, err
	}
	if s.temporary {
		return nil, &refusal{http.StatusForbidden, "AccessDenied", "Cannot call GetSessionToken with session credentials"}
	}
	if err := refuseUnsupported(c.form); err != nil {
		return nil, err
	}
	life, err := duration(c.form, 129600)
	if err != nil {
		return nil, err
	}
	set, err := h.options.Credentials.ForAccessKey(s.principal.AccessKeyID, life)
	if err != nil {
		return nil, err
	}
	return sessionTokenResult{Credentials: newCredentials(set)}, nil
}

// duration reads DurationSeconds, from 900 to most; 0 if it is absent. What is
// given lives for an hour at most, whatever was asked for.
func duration(form url.Values, most int) (time.Duration, error) {
	text := form.Get("DurationSeconds")
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, &refusal{http.StatusBadRequest, "MalformedInput", "DurationSeconds is not a number."}
	case seconds < 900:
		return 0, invalid("1 validation error detected: Value '" + bounded(text) + "' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
	case seconds > most:
		return 0, invalid("1 validation error detected: Value '" + bounded(text) + "' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to " + strconv.Itoa(most))
	}
	return time.Duration(seconds) * time.Second, nil
}
