package signin_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const deviceSecret = "c2VjcmV0LWRldmljZS1wYXNzd29yZA=="

// devices is a pool that tracks devices, and can have codes by email.
func devices(c userpool.DeviceConfiguration) setting {
	return setting{pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{
		DeviceConfiguration: &c,
		EmailConfiguration:  &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER", SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/example.com"},
	}}}
}

// confirm confirms a device as clients do.
func (w *world) confirm(set *token.Set, name string) (ask bool, err error) {
	w.t.Helper()
	access, err := w.tokens.Authenticate(w.t.Context(), set.AccessToken)
	if err != nil {
		w.t.Fatal(err)
	}
	verifier, err := srp.NewVerifier(set.NewDevice.GroupKey, set.NewDevice.Key, deviceSecret).MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	salt, v := verifier[1:1+verifier[0]], bytes.TrimLeft(verifier[1+verifier[0]:], "\x00")
	return w.users.ConfirmDevice(w.t.Context(), w.pool, access.User.Sub, userpool.DeviceConfirmation{
		Key: set.NewDevice.Key, TokenDeviceKey: access.Claims.DeviceKey, Name: name, IPAddress: "192.0.2.1",
		Salt: base64.StdEncoding.EncodeToString(salt), Verifier: base64.StdEncoding.EncodeToString(append([]byte{0}, v...)),
	})
}

// newDevice signs a user in and confirms the device he gets.
func (w *world) newDevice(name string) *userpool.NewDevice {
	w.t.Helper()
	o, err := w.passwordAuth(name, password)
	set := wantTokens(w.t, o, err)
	if set.NewDevice == nil {
		w.t.Fatal("no new device")
	}
	if _, err := w.confirm(set, name+"'s phone"); err != nil {
		w.t.Fatal(err)
	}
	return set.NewDevice
}

func (w *world) passwordAuthFrom(name, deviceKey string) (*signin.Outcome, error) {
	return w.start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": name, "PASSWORD": password, "DEVICE_KEY": deviceKey})
}

// wantAsked fails the test unless a challenge was asked.
func wantAsked(t testing.TB, o *signin.Outcome, err error, challenge string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if o.Challenge != challenge {
		t.Fatalf("challenge %q with tokens %t, want %s", o.Challenge, o.Tokens != nil, challenge)
	}
}

// handshake answers DEVICE_SRP_AUTH and returns the answer to what follows.
func (w *world) handshake(o *signin.Outcome, name string, d *userpool.NewDevice, secret string) map[string]string {
	w.t.Helper()
	c := srp.NewClient(d.GroupKey)
	o, err := w.respond("DEVICE_SRP_AUTH", o.Session, map[string]string{"USERNAME": name, "DEVICE_KEY": d.Key, "SRP_A": c.A()})
	wantAsked(w.t, o, err, "DEVICE_PASSWORD_VERIFIER")
	p := o.Parameters
	if p["DEVICE_KEY"] != d.Key || p["USERNAME"] == "" {
		w.t.Errorf("parameters %v", p)
	}
	block, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	if err != nil {
		w.t.Fatal(err)
	}
	at := srp.FormatTimestamp(w.db.Now())
	claim, err := c.Claim(d.Key, secret, p["SALT"], p["SRP_B"], block, at)
	if err != nil {
		w.t.Fatal(err)
	}
	return map[string]string{
		"USERNAME": name, "DEVICE_KEY": d.Key, "PASSWORD_CLAIM_SECRET_BLOCK": p["SECRET_BLOCK"], "TIMESTAMP": at,
		"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature),
	}
}

func (w *world) proveDevice(o *signin.Outcome, name string, d *userpool.NewDevice) (*signin.Outcome, error) {
	w.t.Helper()
	return w.respond("DEVICE_PASSWORD_VERIFIER", "", w.handshake(o, name, d, deviceSecret))
}

func (w *world) deviceRow(name, key string) *store.Device {
	w.t.Helper()
	u, err := w.users.Find(w.t.Context(), w.pool, name)
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := w.users.Device(w.t.Context(), w.pool, u.Sub, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestNewDevice(t *testing.T) {
	w := newWorld(t, devices(userpool.DeviceConfiguration{}))
	w.user("ada", userpool.StatusConfirmed)
	w.user("eve", userpool.StatusConfirmed)
	groups := map[string]string{}
	for _, name := range []string{"ada", "ada", "eve"} {
		o, err := w.srpAuth(name, password)
		set := wantTokens(t, o, err)
		d := set.NewDevice
		if d == nil || !regexp.MustCompile(`^us-east-1_[0-9a-f-]{36}$`).MatchString(d.Key) || !regexp.MustCompile(`^-[\w-]{8}$`).MatchString(d.GroupKey) {
			t.Fatalf("new device %+v", d)
		}
		access, err := w.tokens.Authenticate(t.Context(), set.AccessToken)
		if err != nil || access.Claims.DeviceKey != d.Key {
			t.Errorf("the access token names %q, %v", access.Claims.DeviceKey, err)
		}
		if before := groups[name]; before != "" && before != d.GroupKey {
			t.Errorf("groups %s and %s of one user", before, d.GroupKey)
		}
		groups[name] = d.GroupKey

		// It is worth a refresh only once it is confirmed.
		refresh := map[string]string{"REFRESH_TOKEN": set.RefreshToken, "DEVICE_KEY": d.Key}
		_, err = w.start("REFRESH_TOKEN_AUTH", refresh)
		wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
		if _, err := w.confirm(set, ""); err != nil {
			t.Fatal(err)
		}
		o, err = w.start("REFRESH_TOKEN_AUTH", refresh)
		if renewed := wantTokens(t, o, err); renewed.NewDevice != nil {
			t.Error("a refresh gives a new device")
		}
		delete(refresh, "DEVICE_KEY")
		_, err = w.start("REFRESH_TOKEN_AUTH", refresh)
		wantFault(t, err, fault.NotAuthorized, "Invalid Refresh Token")
	}
	if groups["ada"] == groups["eve"] {
		t.Errorf("one group for two users: %v", groups)
	}
	untracked := newWorld(t, setting{})
	untracked.user("ada", userpool.StatusConfirmed)
	o, err := untracked.passwordAuthFrom("ada", "us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111")
	if set := wantTokens(t, o, err); set.NewDevice != nil {
		t.Error("a pool that tracks no devices gave one out")
	}
}

// TestDeviceSignsIn: a device that the user has takes part in every sign-in that
// names it, and no new one is given out.
func TestDeviceSignsIn(t *testing.T) {
	w := newWorld(t, devices(userpool.DeviceConfiguration{DeviceOnlyRememberedOnUserPrompt: true}))
	w.user("ada", userpool.StatusConfirmed)
	d := w.newDevice("ada")
	w.advance(time.Hour)
	srpAuth := func() (*signin.Outcome, error) {
		c := srp.NewClient(w.pool.SRPName())
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": c.A(), "DEVICE_KEY": d.Key})
		wantAsked(t, o, err, "PASSWORD_VERIFIER")
		answer := w.claim(c, o, password)
		answer["DEVICE_KEY"] = d.Key
		return w.respond("PASSWORD_VERIFIER", o.Session, answer)
	}
	for name, signIn := range map[string]func() (*signin.Outcome, error){
		"password": func() (*signin.Outcome, error) { return w.passwordAuthFrom("ada", d.Key) }, "SRP": srpAuth,
	} {
		o, err := signIn()
		wantAsked(t, o, err, "DEVICE_SRP_AUTH")
		o, err = w.proveDevice(o, "ada", d)
		set := wantTokens(t, o, err)
		access, err := w.tokens.Authenticate(t.Context(), set.AccessToken)
		if err != nil || access.Claims.DeviceKey != d.Key || set.NewDevice != nil {
			t.Errorf("%s: the token names %q, new is %v, %v", name, access.Claims.DeviceKey, set.NewDevice, err)
		}
		o, err = w.start("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": set.RefreshToken, "DEVICE_KEY": d.Key})
		wantTokens(t, o, err)
	}
	row := w.deviceRow("ada", d.Key)
	if !row.AuthenticatedAt.Equal(w.db.Now()) || !row.CreatedAt.Equal(w.db.Now().Add(-time.Hour)) || row.Name != "ada's phone" || row.Remembered {
		t.Errorf("device %+v", row)
	}
}

// What clients that hold a device of another time, or another user's, are told.
func TestStaleDevice(t *testing.T) {
	w := newWorld(t, devices(userpool.DeviceConfiguration{}))
	w.user("ada", userpool.StatusConfirmed)
	w.user("eve", userpool.StatusConfirmed)
	gone, others := w.newDevice("ada"), w.newDevice("eve")
	if err := w.users.ForgetDevice(t.Context(), w.pool, w.deviceRow("ada", gone.Key).Sub, gone.Key); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{
		"forgotten": gone.Key, "another user's": others.Key, "no key": "'; --", "long": gone.Key + string(bytes.Repeat([]byte("0"), 1<<16)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.passwordAuthFrom("ada", key)
			wantFault(t, err, fault.ResourceNotFound, "Device does not exist.")
			_, err = w.start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": "wrong", "DEVICE_KEY": key})
			wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")

			// The session goes on without it.
			c := srp.NewClient(w.pool.SRPName())
			o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": c.A(), "DEVICE_KEY": key})
			wantAsked(t, o, err, "PASSWORD_VERIFIER")
			answer := w.claim(c, o, password)
			named := maps.Clone(answer)
			named["DEVICE_KEY"] = key
			_, err = w.respond("PASSWORD_VERIFIER", o.Session, named)
			wantFault(t, err, fault.ResourceNotFound, "Device does not exist.")
			o, err = w.respond("PASSWORD_VERIFIER", o.Session, answer)
			if set := wantTokens(t, o, err); set.NewDevice == nil {
				t.Error("no new device")
			}
		})
	}
}

func TestDeviceVerifierRefuses(t *testing.T) {
	w := newWorld(t, devices(userpool.DeviceConfiguration{}))
	w.user("ada", userpool.StatusConfirmed)
	d, other := w.newDevice("ada"), w.newDevice("ada")
	begin := func() *signin.Outcome {
		o, err := w.passwordAuthFrom("ada", d.Key)
		wantAsked(t, o, err, "DEVICE_SRP_AUTH")
		return o
	}
	const invalid = "Invalid session for the user."
	for _, c := range []struct {
		name      string
		responses map[string]string
		code      fault.Code
		message   string
	}{
		{"no SRP_A", map[string]string{"USERNAME": "ada", "DEVICE_KEY": d.Key}, fault.InvalidParameter, "Missing required parameter SRP_A"},
		{"SRP_A is 0", map[string]string{"USERNAME": "ada", "DEVICE_KEY": d.Key, "SRP_A": "0"}, fault.InvalidParameter, "Invalid SRP_A value"},
		{"no device", map[string]string{"USERNAME": "ada", "SRP_A": "2"}, fault.InvalidParameter, "Missing required parameter DEVICE_KEY"},
		{"another device", map[string]string{"USERNAME": "ada", "SRP_A": "2", "DEVICE_KEY": other.Key}, fault.ResourceNotFound, "Device does not exist."},
		{"another user", map[string]string{"USERNAME": "eve", "SRP_A": "2", "DEVICE_KEY": d.Key}, fault.NotAuthorized, invalid},
	} {
		_, err := w.respond("DEVICE_SRP_AUTH", begin().Session, c.responses)
		t.Run(c.name, func(t *testing.T) { wantFault(t, err, c.code, c.message) })
	}
	for _, c := range []struct {
		name    string
		secret  string
		tamper  func(r map[string]string)
		code    fault.Code
		message string
	}{
		{"wrong secret", "other", func(map[string]string) {}, fault.NotAuthorized, "Incorrect username or password."},
		{"another device", deviceSecret, func(r map[string]string) { r["DEVICE_KEY"] = other.Key }, fault.ResourceNotFound, "Device does not exist."},
		{"no device", deviceSecret, func(r map[string]string) { delete(r, "DEVICE_KEY") }, fault.InvalidParameter, "Missing required parameter DEVICE_KEY"},
		{"no block", deviceSecret, func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SECRET_BLOCK") }, fault.InvalidParameter,
			"Missing required parameter PASSWORD_CLAIM_SECRET_BLOCK"},
		{"no signature", deviceSecret, func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SIGNATURE") }, fault.InvalidParameter,
			"Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
		{"another time", deviceSecret, func(r map[string]string) { r["TIMESTAMP"] = "Tue Sep 25 00:09:40 UTC 2018" }, fault.NotAuthorized,
			"Incorrect username or password."},
	} {
		answer := w.handshake(begin(), "ada", d, c.secret)
		c.tamper(answer)
		_, err := w.respond("DEVICE_PASSWORD_VERIFIER", "", answer)
		t.Run(c.name, func(t *testing.T) { wantFault(t, err, c.code, c.message) })
	}

	t.Run("a password does not answer for a device", func(t *testing.T) {
		o := begin()
		_, err := w.respond("PASSWORD_VERIFIER", o.Session, w.handshake(o, "ada", d, deviceSecret))
		wantFault(t, err, fault.NotAuthorized, invalid)
	})
	t.Run("one proof of the password, one sign-in", func(t *testing.T) {
		o := begin()
		first, second := w.handshake(o, "ada", d, deviceSecret), w.handshake(o, "ada", d, deviceSecret)
		done, err := w.respond("DEVICE_PASSWORD_VERIFIER", "", first)
		wantTokens(t, done, err)
		_, err = w.respond("DEVICE_PASSWORD_VERIFIER", "", second)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	})
	t.Run("expires with the proof of the password", func(t *testing.T) {
		o := begin()
		w.advance(2 * time.Minute)
		answer := w.handshake(o, "ada", d, deviceSecret)
		w.advance(time.Minute)
		_, err := w.respond("DEVICE_PASSWORD_VERIFIER", "", answer)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
	t.Run("forgotten meanwhile", func(t *testing.T) {
		answer := w.handshake(begin(), "ada", d, deviceSecret)
		if err := w.users.ForgetDevice(t.Context(), w.pool, w.deviceRow("ada", d.Key).Sub, d.Key); err != nil {
			t.Fatal(err)
		}
		_, err := w.respond("DEVICE_PASSWORD_VERIFIER", "", answer)
		wantFault(t, err, fault.ResourceNotFound, "Device does not exist.")
	})
	t.Run("guesses lock, whatever passwords come between", func(t *testing.T) {
		w.advance(25 * time.Hour)
		d = other
		for range 5 {
			_, err := w.respond("DEVICE_PASSWORD_VERIFIER", "", w.handshake(begin(), "ada", d, "guess"))
			wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
		}
		_, err := w.proveDevice(begin(), "ada", d)
		wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	})
}

// TestDeviceAndSecondFactor: a remembered device spares its user the second
// factor where the pool says so; any other comes after it.
func TestDeviceAndSecondFactor(t *testing.T) {
	for _, c := range []struct {
		name     string
		config   userpool.DeviceConfiguration
		remember bool // by the user
		spared   bool
		before   bool // the device goes on with the session before, as amazon-cognito-identity-js does
	}{
		{"always remembered", userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}, false, true, false},
		{"remembered by the user", userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}, true, true, false},
		{"not remembered", userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}, false, false, true},
		{"remembered, but it spares nothing", userpool.DeviceConfiguration{}, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, devices(c.config))
			w.user("ada", userpool.StatusConfirmed)
			d := w.newDevice("ada")
			row := w.deviceRow("ada", d.Key)
			if c.remember {
				if err := w.users.RememberDevice(t.Context(), w.pool, row.Sub, d.Key, true); err != nil {
					t.Fatal(err)
				}
			}
			w.askForCodes("ada")

			o, err := w.passwordAuth("ada", password)
			wantAsked(t, o, err, "EMAIL_OTP") // without a device
			o, err = w.passwordAuthFrom("ada", d.Key)
			if c.spared {
				wantAsked(t, o, err, "DEVICE_SRP_AUTH")
				o, err = w.proveDevice(o, "ada", d)
				wantTokens(t, o, err)
				return
			}
			wantAsked(t, o, err, "EMAIL_OTP")
			forgetful := o
			_, err = w.respond("DEVICE_SRP_AUTH", o.Session, map[string]string{"USERNAME": "ada", "DEVICE_KEY": d.Key, "SRP_A": "2"})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.") // the code is not proven
			o, err = w.respond("EMAIL_OTP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code, "DEVICE_KEY": d.Key})
			wantAsked(t, o, err, "DEVICE_SRP_AUTH")
			if c.before {
				o = forgetful
			}
			o, err = w.proveDevice(o, "ada", d)
			if set := wantTokens(t, o, err); set.NewDevice != nil {
				t.Error("a new device beside a proven one")
			}
			_, err = w.respond("EMAIL_OTP", forgetful.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")

			// Clients that name no device beside the code get a new one.
			o, err = w.passwordAuthFrom("ada", d.Key)
			wantAsked(t, o, err, "EMAIL_OTP")
			o, err = w.respond("EMAIL_OTP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
			if set := wantTokens(t, o, err); set.NewDevice == nil {
				t.Error("no new device")
			}
		})
	}
}

// askForCodes gives a user a second factor, the mailbox.
func (w *world) askForCodes(name string) {
	w.t.Helper()
	if _, err := w.pools.SetMFA(w.t.Context(), w.pool.ID, userpool.MFAConfig{
		MfaConfiguration: "OPTIONAL", EmailMfaConfiguration: &userpool.EmailMFA{Message: "{####}", Subject: "code"},
	}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.users.Modify(w.t.Context(), w.pool, name, func(_ *store.Tx, u *store.User) error {
		u.Attributes["email_verified"] = "true"
		u.MFA = store.UserMFA{Enabled: []string{"EMAIL_OTP"}, Preferred: "EMAIL_OTP"}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	var err error
	if w.pool, w.client, err = w.pools.PoolClient(w.t.Context(), w.pool.ID, w.client.ID); err != nil {
		w.t.Fatal(err)
	}
}

// TestMostDevices: the hundred-and-first drives out the one that was used
// longest ago, for good.
func TestMostDevices(t *testing.T) {
	w := newWorld(t, devices(userpool.DeviceConfiguration{}))
	sub := w.user("ada", userpool.StatusConfirmed).Sub
	o, err := w.passwordAuth("ada", password)
	set := wantTokens(t, o, err)
	if _, err := w.confirm(set, "first"); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	if err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		for n := range 99 {
			if err := tx.InsertDevice(&store.Device{PoolID: w.pool.ID, Sub: sub, AuthenticatedAt: tx.Now(),
				Key: fmt.Sprintf("us-east-1_00000000-0000-0000-0000-%012d", n)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	last := w.newDevice("ada")
	keys := map[string]bool{}
	for next, page := "", 0; page == 0 || next != ""; page++ {
		var list []*store.Device
		list, next, err = w.users.ListDevices(t.Context(), w.pool, sub, next, 60)
		if err != nil || len(list) > 60 {
			t.Fatalf("%d devices on a page, %v", len(list), err)
		}
		for _, d := range list {
			keys[d.Key] = true
		}
	}
	if len(keys) != 100 || keys[set.NewDevice.Key] || !keys[last.Key] {
		t.Errorf("%d devices, the first is there: %t, the last: %t", len(keys), keys[set.NewDevice.Key], keys[last.Key])
	}
	_, err = w.confirm(set, "first")
	wantFault(t, err, fault.InvalidParameter, "Invalid device key given.")
}
