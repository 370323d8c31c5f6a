package test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/totp"
)

// TestProofsServeOnceOnAllNodes presents each kind of proof 50 times at once on two
// nodes: one of them gets tokens.
func TestProofsServeOnceOnAllNodes(t *testing.T) {
	database := storetest.PostgresURL(t)
	data := t.TempDir() // with the master key of both
	first := startDev(t, "--database", database, "--data", data)
	second := startDev(t, "--database", database, "--data", data)
	c := first.signInPool(t, nil)
	c.updatePool(func(in *cognito.UpdateUserPoolInput) { in.LambdaConfig = nil })
	other := *c
	other.Client, other.server = second.sdk("any", "thing"), second

	user := func(name string) *signer {
		u := &signer{client: c, name: name, password: password}
		u.create()
		return u
	}
	app, phone, mailbox, plain, apps := user("app"), user("phone"), user("mailbox"), user("plain"), user("many")
	app.registerApp()
	app.prefer("app")
	apps.registerApp()
	apps.prefer("app")
	phone.set("phone_number")
	phone.prefer("sms")
	mailbox.set("email")
	mailbox.prefer("email")
	temporary := user("temporary")
	temporary.temporary()

	begin := func(u *signer) *asked {
		t.Helper()
		a, err := u.start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": u.name, "PASSWORD": u.password})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	// answers has one answer, or several of different sessions.
	for _, race := range []struct {
		name      string
		challenge string
		answers   func() (*signer, []*string, map[string]string)
	}{
		{"a session with an app's code", "SOFTWARE_TOKEN_MFA", func() (*signer, []*string, map[string]string) {
			return app, []*string{begin(app).session}, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": nextCode(app)}
		}},
		{"an app's code in many sessions", "SOFTWARE_TOKEN_MFA", func() (*signer, []*string, map[string]string) {
			var sessions []*string
			for range 50 {
				sessions = append(sessions, begin(apps).session)
			}
			return apps, sessions, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": nextCode(apps)}
		}},
		{"a texted code", "SMS_MFA", func() (*signer, []*string, map[string]string) {
			session := begin(phone).session
			return phone, []*string{session}, map[string]string{"SMS_MFA_CODE": *first.codeIn(c.pool, phone.name)}
		}},
		{"a mailed code", "EMAIL_OTP", func() (*signer, []*string, map[string]string) {
			session := begin(mailbox).session
			return mailbox, []*string{session}, map[string]string{"EMAIL_OTP_CODE": *first.codeIn(c.pool, mailbox.name)}
		}},
		{"a new password", "NEW_PASSWORD_REQUIRED", func() (*signer, []*string, map[string]string) {
			return temporary, []*string{begin(temporary).session}, map[string]string{"NEW_PASSWORD": newPassword}
		}},
		{"an SRP proof", "PASSWORD_VERIFIER", func() (*signer, []*string, map[string]string) {
			_, poolName, _ := strings.Cut(c.pool, "_")
			plain.handshake = srp.NewClient(poolName)
			a, err := plain.start("USER_SRP_AUTH", map[string]string{"USERNAME": plain.name, "SRP_A": plain.handshake.A()})
			if err != nil {
				t.Fatal(err)
			}
			responses := map[string]string{}
			plain.claim(responses, a.parameters, plain.name, plain.password)
			return plain, []*string{nil}, responses
		}},
	} {
		t.Run(race.name, func(t *testing.T) {
			u, sessions, responses := race.answers()
			responses["USERNAME"] = u.name
			var won atomic.Int64
			var all sync.WaitGroup
			ready := make(chan struct{})
			for i := range 50 {
				at := *u
				at.client = []*client{c, &other}[i%2].in(t)
				all.Go(func() {
					<-ready
					a, err := at.respond(types.ChallengeNameType(race.challenge), sessions[i%len(sessions)], responses)
					switch {
					case err == nil && a.result != nil:
						won.Add(1)
					case err == nil:
						t.Errorf("another challenge: %s", a.challenge)
					default:
						if text := errorText(err); strings.Contains(strings.ToLower(text), "internal") {
							t.Error(text)
						}
					}
				})
			}
			close(ready)
			all.Wait()
			if n := won.Load(); n != 1 {
				t.Errorf("%d of 50 got tokens", n)
			}
		})
	}
}

// nextCode is what the user's app shows next. No clock is moved: the two nodes have
// one each.
func nextCode(u *signer) string { return totp.Code(u.secret, totp.Step(time.Now())+1) }
