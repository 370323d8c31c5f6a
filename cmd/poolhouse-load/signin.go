package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/srp"
)

type authParameters map[string]string

type initiateAuth struct {
	AuthFlow       string
	ClientID       string `json:"ClientId"`
	AuthParameters authParameters
}

type respondToAuthChallenge struct {
	ChallengeName      string
	ClientID           string `json:"ClientId"`
	ChallengeResponses authParameters
	Session            string `json:",omitempty"`
}

type authAnswer struct {
	ChallengeName        string
	ChallengeParameters  authParameters
	Session              string
	AuthenticationResult *tokens
}

type tokens struct {
	AccessToken  string
	RefreshToken string // absent from the answer to a refresh
	ExpiresIn    int    // of the access token, seconds
}

// result is the tokens, if the server asks for nothing more.
func (a *authAnswer) result() (*tokens, error) {
	if a.ChallengeName != "" {
		return nil, &apiError{"sign-in", "challenge " + clip(a.ChallengeName, maxErrorType), "the server asks for more than a password"}
	}
	if a.AuthenticationResult == nil || a.AuthenticationResult.AccessToken == "" {
		return nil, fmt.Errorf("sign-in: answer has neither tokens nor a challenge")
	}
	return a.AuthenticationResult, nil
}

// pool is what users sign in to, with their common password.
type pool struct {
	api          *api
	id           string
	clientID     string
	clientSecret string // may be empty
	password     string
}

// name is the part of the pool id that SRP uses.
func (p *pool) name() string {
	_, name, _ := strings.Cut(p.id, "_")
	return name
}

// with adds the SECRET_HASH of username to parameters, if the client has a secret.
func (p *pool) with(username string, parameters authParameters) authParameters {
	if p.clientSecret != "" {
		mac := hmac.New(sha256.New, []byte(p.clientSecret))
		mac.Write([]byte(username + p.clientID))
		parameters["SECRET_HASH"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return parameters
}

func (p *pool) signInPassword(ctx context.Context, s *spent, username string) (*tokens, error) {
	var answer authAnswer
	err := p.api.public(ctx, s, "InitiateAuth", initiateAuth{
		AuthFlow: "USER_PASSWORD_AUTH", ClientID: p.clientID,
		AuthParameters: p.with(username, authParameters{"USERNAME": username, "PASSWORD": p.password}),
	}, &answer)
	if err != nil {
		return nil, err
	}
	return answer.result()
}

func (p *pool) signInSRP(ctx context.Context, s *spent, username string) (*tokens, error) {
	client := srp.NewClient(p.name())
	var challenge authAnswer
	err := p.api.public(ctx, s, "InitiateAuth", initiateAuth{
		AuthFlow: "USER_SRP_AUTH", ClientID: p.clientID,
		AuthParameters: p.with(username, authParameters{"USERNAME": username, "SRP_A": client.A()}),
	}, &challenge)
	if err != nil {
		return nil, err
	}
	response, err := p.passwordVerifier(client, &challenge)
	if err != nil {
		return nil, err
	}
	var answer authAnswer
	if err := p.api.public(ctx, s, "RespondToAuthChallenge", response, &answer); err != nil {
		return nil, err
	}
	return answer.result()
}

// passwordVerifier answers the challenge PASSWORD_VERIFIER.
func (p *pool) passwordVerifier(client *srp.Client, challenge *authAnswer) (*respondToAuthChallenge, error) {
	const name = "PASSWORD_VERIFIER"
	if challenge.ChallengeName != name {
		return nil, &apiError{"InitiateAuth", "challenge " + clip(challenge.ChallengeName, maxErrorType), "expected " + name}
	}
	given := challenge.ChallengeParameters
	userID, block := given["USER_ID_FOR_SRP"], given["SECRET_BLOCK"]
	secret, err := srp.ParseSecretBlock(block)
	if err != nil {
		return nil, fmt.Errorf("SECRET_BLOCK: %w", err)
	}
	timestamp := srp.FormatTimestamp(time.Now())
	claim, err := client.Claim(userID, p.password, given["SALT"], given["SRP_B"], secret, timestamp)
	if err != nil {
		return nil, err
	}
	return &respondToAuthChallenge{
		ChallengeName: name, ClientID: p.clientID, Session: challenge.Session,
		ChallengeResponses: p.with(userID, authParameters{
			"USERNAME":                    userID,
			"PASSWORD_CLAIM_SECRET_BLOCK": block,
			"PASSWORD_CLAIM_SIGNATURE":    base64.StdEncoding.EncodeToString(claim.Signature),
			"TIMESTAMP":                   timestamp,
		}),
	}, nil
}

func (p *pool) refresh(ctx context.Context, s *spent, username, refreshToken string) (*tokens, error) {
	var answer authAnswer
	err := p.api.public(ctx, s, "InitiateAuth", initiateAuth{
		AuthFlow: "REFRESH_TOKEN_AUTH", ClientID: p.clientID,
		AuthParameters: p.with(username, authParameters{"REFRESH_TOKEN": refreshToken}),
	}, &answer)
	if err != nil {
		return nil, err
	}
	return answer.result()
}

func (p *pool) getUser(ctx context.Context, s *spent, username, accessToken string) error {
	return p.about(username, func(answer *userAnswer) error {
		return p.api.public(ctx, s, "GetUser", struct{ AccessToken string }{accessToken}, answer)
	})
}

func (p *pool) adminGetUser(ctx context.Context, s *spent, username string) error {
	return p.about(username, func(answer *userAnswer) error {
		return p.api.admin(ctx, s, "AdminGetUser", userRequest{UserPoolID: p.id, Username: username}, answer)
	})
}

// about asks for a user and refuses the answer if it is about another.
func (p *pool) about(username string, ask func(*userAnswer) error) error {
	var answer userAnswer
	if err := ask(&answer); err != nil {
		return err
	}
	if !strings.EqualFold(answer.Username, username) {
		return fmt.Errorf("asked for user %q, the answer is about %q", username, answer.Username)
	}
	return nil
}
