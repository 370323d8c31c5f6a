//go:build unix

package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/srp"
)

// BenchmarkThreat reports what BenchmarkServer does, for sign-ins in each mode of
// threat protection.
func BenchmarkThreat(b *testing.B) {
	d := benchUsers(b)
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			t := serve(b, database.url(b, d), d)
			for _, mode := range []string{"OFF", "AUDIT", "ENFORCED"} {
				if err := t.protect(b.Context(), mode); err != nil {
					b.Fatal(err)
				}
				for _, op := range []operation{passwordSignIn, srpSignIn} {
					b.Run(op.name+"/"+mode, func(b *testing.B) {
						if err := t.bench(b, op, database.name+"-"+mode); err != nil {
							b.Fatal(err)
						}
					})
				}
			}
		})
	}
}

// protect sets the mode of the pool, and what follows from risks.
func (t *target) protect(ctx context.Context, mode string) error {
	in := map[string]any{"UserPoolId": benchPool, "UserPoolAddOns": parameters{"AdvancedSecurityMode": mode}}
	if err := t.call(ctx, "UpdateUserPool", true, in, &struct{}{}); err != nil {
		return err
	}
	block := map[string]any{"EventAction": "BLOCK", "Notify": false}
	in = map[string]any{
		"UserPoolId": benchPool,
		"CompromisedCredentialsRiskConfiguration": map[string]any{"Actions": parameters{"EventAction": "BLOCK"}},
		"AccountTakeoverRiskConfiguration":        map[string]any{"Actions": map[string]any{"MediumAction": block, "HighAction": block}},
	}
	return t.call(ctx, "SetRiskConfiguration", true, in, &struct{}{})
}

// guesses are requests that must not tell whether there is a user, by their time
// neither. Each is timed alone, and answers an error or not, the same for both.
var guesses = []struct {
	name string
	ask  func(context.Context, *target, string) (time.Duration, error)
}{
	{"password", func(ctx context.Context, t *target, name string) (time.Duration, error) {
		return t.refusal(ctx, "InitiateAuth", map[string]any{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": benchClient,
			"AuthParameters": parameters{"USERNAME": name, "PASSWORD": "Wr0ng-Horse!"}})
	}},
	{"SRP, step 1", func(ctx context.Context, t *target, name string) (time.Duration, error) {
		_, took, err := t.wrongSRP(ctx, name)
		return took, err
	}},
	{"SRP, step 2", func(ctx context.Context, t *target, name string) (time.Duration, error) {
		answer, _, err := t.wrongSRP(ctx, name)
		if err != nil {
			return 0, err
		}
		return t.refusal(ctx, "RespondToAuthChallenge", answer)
	}},
	{"ForgotPassword", func(ctx context.Context, t *target, name string) (time.Duration, error) {
		return t.timed(ctx, "ForgotPassword", map[string]any{"ClientId": benchClient, "Username": name})
	}},
	{"ResendConfirmationCode", func(ctx context.Context, t *target, name string) (time.Duration, error) {
		if !strings.HasPrefix(name, "nobody") { // somebody who is not confirmed yet
			name = "new-" + strings.ToLower(rand.Text())
			if _, err := t.timed(ctx, "SignUp", map[string]any{"ClientId": benchClient, "Username": name, "Password": benchPassword,
				"UserAttributes": []parameters{{"Name": "email", "Value": name + "@example.com"}}}); err != nil {
				return 0, err
			}
		}
		return t.timed(ctx, "ResendConfirmationCode", map[string]any{"ClientId": benchClient, "Username": name})
	}},
}

// conceal has the client conceal whether there are users, and the pool verify
// their addresses.
func (t *target) conceal(ctx context.Context) error {
	in := map[string]any{"UserPoolId": benchPool, "AutoVerifiedAttributes": []string{"email"}}
	if err := t.call(ctx, "UpdateUserPool", true, in, &struct{}{}); err != nil {
		return err
	}
	in = map[string]any{"UserPoolId": benchPool, "ClientId": benchClient, "PreventUserExistenceErrors": "ENABLED",
		"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}
	return t.call(ctx, "UpdateUserPoolClient", true, in, &struct{}{})
}

func (t *target) timed(ctx context.Context, operation string, in any) (time.Duration, error) {
	start := time.Now()
	err := t.call(ctx, operation, false, in, &struct{}{})
	return time.Since(start), err
}

// refusal times a request that must be refused as a wrong password is.
func (t *target) refusal(ctx context.Context, operation string, in any) (time.Duration, error) {
	took, err := t.timed(ctx, operation, in)
	if err == nil || !strings.Contains(err.Error(), "Incorrect username or password.") {
		return 0, fmt.Errorf("%s with a wrong password gave %v", operation, err)
	}
	return took, nil
}

// wrongSRP does the first step of a sign-in and returns the second, with a wrong
// password.
func (t *target) wrongSRP(ctx context.Context, name string) (answer map[string]any, took time.Duration, err error) {
	_, poolName, _ := strings.Cut(benchPool, "_")
	client := srp.NewClient(poolName)
	a := client.A()
	start := time.Now()
	challenge, err := t.initiate(ctx, "USER_SRP_AUTH", parameters{"USERNAME": name, "SRP_A": a})
	took = time.Since(start)
	if err != nil {
		return nil, 0, err
	}
	given := challenge.ChallengeParameters
	secret, err := srp.ParseSecretBlock(given["SECRET_BLOCK"])
	if err != nil {
		return nil, 0, err
	}
	timestamp, userID := srp.FormatTimestamp(time.Now()), given["USER_ID_FOR_SRP"]
	claim, err := client.Claim(userID, "Wr0ng-Horse!", given["SALT"], given["SRP_B"], secret, timestamp)
	if err != nil {
		return nil, 0, err
	}
	answer = map[string]any{"ChallengeName": "PASSWORD_VERIFIER", "ClientId": benchClient, "ChallengeResponses": parameters{
		"USERNAME": userID, "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"], "TIMESTAMP": timestamp,
		"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature),
	}}
	if challenge.Session != "" {
		answer["Session"] = challenge.Session
	}
	return answer, took, nil
}

// BenchmarkUnknownUser times requests for users that are there and for such as are
// not, by turns and one at a time: the medians of both (known-ms, unknown-ms), and
// how many standard errors the means of their middle halves are apart (errors;
// noise alone seldom makes more than 3). Time is what it tells, so it decides
// nothing.
func BenchmarkUnknownUser(b *testing.B) {
	d := benchUsers(b)
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			t := serve(b, database.url(b, d), d)
			if err := t.conceal(b.Context()); err != nil {
				b.Fatal(err)
			}
			for _, guess := range guesses {
				b.Run(guess.name, func(b *testing.B) {
					var took [2][]time.Duration // known, unknown
					for range b.N {
						i := int(t.calls.Add(1))
						for side, name := range []string{t.username(t.anybody(i)), fmt.Sprintf("nobody%07d", i)} {
							d, err := guess.ask(b.Context(), t, name)
							if err != nil {
								b.Fatalf("%s: %v", name, err)
							}
							took[side] = append(took[side], d)
						}
					}
					known, k := middle(took[0])
					unknown, u := middle(took[1])
					b.ReportMetric(milliseconds(known), "known-ms")
					b.ReportMetric(milliseconds(unknown), "unknown-ms")
					b.ReportMetric(math.Abs(k.mean-u.mean)/math.Sqrt(k.square+u.square), "errors")
				})
			}
		})
	}
}

// estimate is a mean in milliseconds, and its standard error squared.
type estimate struct{ mean, square float64 }

// middle is the median, and the mean of the half around it.
func middle(took []time.Duration) (median time.Duration, e estimate) {
	slices.Sort(took)
	half := took[len(took)/4 : len(took)-len(took)/4]
	n := float64(len(half))
	for _, d := range half {
		e.mean += milliseconds(d) / n
	}
	for _, d := range half {
		e.square += math.Pow(milliseconds(d)-e.mean, 2) / n
	}
	e.square /= n
	return took[len(took)/2], e
}
