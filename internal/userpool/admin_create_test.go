package userpool

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

func (d *directory) create(pool *Pool, in Invitation) *store.User {
	d.t.Helper()
	user, err := d.users.Create(d.t.Context(), pool, in)
	if err != nil {
		d.t.Fatalf("create %s: %v", in.Username, err)
	}
	return user
}

func firstFactors(factors ...string) func(*Pool) {
	return func(p *Pool) { p.Policies.SignInPolicy.AllowedFirstAuthFactors = factors }
}

func TestCreate(t *testing.T) {
	email := attributes("email", "ann@example.com", "email_verified", "True")
	both := with(email, "phone_number", "+15550001111")
	for _, tt := range []struct {
		name  string
		pool  *Pool
		in    Invitation
		attrs map[string]string
		sent  []string // media
	}{
		{"nothing to send by", testPool(t), Invitation{Username: "ann", Attributes: email},
			with(email, "email_verified", "true"), nil},
		{"by email", testPool(t), Invitation{Username: "ann", Attributes: email, Media: []string{"EMAIL"}},
			with(email, "email_verified", "true"), []string{"EMAIL"}},
		{"by SMS unless said", testPool(t), Invitation{Username: "ann", Attributes: both},
			with(both, "email_verified", "true", "phone_number_verified", "false"), []string{"SMS"}},
		{"by both", testPool(t), Invitation{Username: "ann", Attributes: both, Media: []string{"EMAIL", "SMS"}},
			with(both, "email_verified", "true", "phone_number_verified", "false"), []string{"EMAIL", "SMS"}},
		{"silently", testPool(t), Invitation{Username: "ann", Attributes: both, Media: []string{"EMAIL"}, Silent: true},
			with(both, "email_verified", "true", "phone_number_verified", "false"), nil},
		{"password given", testPool(t), Invitation{Username: "ann", Attributes: email, Media: []string{"EMAIL"}, TemporaryPassword: goodPassword},
			with(email, "email_verified", "true"), []string{"EMAIL"}},
		{"required attributes later", testPool(t, required("email"), required("name")), Invitation{Username: "ann"}, attributes(), nil},
		{"called by email", testPool(t, usernameAttributes("email")), Invitation{Username: "ann@example.com", Media: []string{"EMAIL"}},
			attributes("email", "ann@example.com", "email_verified", "false"), []string{"EMAIL"}},
		{"called by phone number", testPool(t, usernameAttributes("email", "phone_number")), Invitation{Username: "+15550001111"},
			attributes("phone_number", "+15550001111", "phone_number_verified", "false"), []string{"SMS"}},
		{"only administrators create", testPool(t, func(p *Pool) { p.AdminCreateUserConfig.AllowAdminCreateUserOnly = true }),
			Invitation{Username: "ann"}, attributes(), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			created := d.create(tt.pool, tt.in)
			got := d.find(tt.pool, tt.in.Username)
			if got.Sub != created.Sub || got.Status != "FORCE_CHANGE_PASSWORD" || !got.Enabled || !maps.Equal(got.Attributes, tt.attrs) {
				t.Errorf("created %+v", got)
			}
			if named := got.Username == got.Sub; named != (len(tt.pool.UsernameAttributes) > 0) {
				t.Errorf("username %s, sub %s", got.Username, got.Sub)
			}
			if !got.PasswordExpiresAt.Equal(d.db.Now().AddDate(0, 0, 7)) {
				t.Errorf("the password expires at %v", got.PasswordExpiresAt)
			}
			var media []string
			for _, m := range d.messages() {
				media = append(media, m.Medium)
				if m.Source != "CustomMessage_AdminCreateUser" || !d.hasPassword(tt.pool, got, m.Code) {
					t.Errorf("message %+v", m)
				}
			}
			slices.Sort(media)
			if !slices.Equal(media, tt.sent) {
				t.Errorf("sent by %v, want %v", media, tt.sent)
			}
			if given := tt.in.TemporaryPassword; given != "" && !d.hasPassword(tt.pool, got, given) {
				t.Error("the given password is not the user's")
			}
		})
	}
}

func TestInvitationTellsTheNameToSignInWith(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, usernameAttributes("email"))
	d.create(pool, Invitation{Username: "ann@example.com", Media: []string{"EMAIL"}, TemporaryPassword: goodPassword})
	m := d.messages()[0]
	if want := "Your username is ann@example.com and temporary password is Passw0rd!. "; m.Body != want || m.To != "ann@example.com" {
		t.Errorf("message %+v", m)
	}
}

// A user who can sign in with codes needs no password.
func TestCreateWithoutPassword(t *testing.T) {
	known := attributes("email", "ann@example.com", "email_verified", "true")
	for _, tt := range []struct {
		name   string
		pool   *Pool
		in     Invitation
		status string
	}{
		{"codes by email", testPool(t, firstFactors("PASSWORD", "EMAIL_OTP")), Invitation{Attributes: known}, "CONFIRMED"},
		{"codes by SMS alone", testPool(t, firstFactors("PASSWORD", "SMS_OTP")), Invitation{Attributes: known}, "FORCE_CHANGE_PASSWORD"},
		{"unverified", testPool(t, firstFactors("EMAIL_OTP")), Invitation{Attributes: attributes("email", "a@b.c")}, "FORCE_CHANGE_PASSWORD"},
		{"password given", testPool(t, firstFactors("EMAIL_OTP")), Invitation{Attributes: known, TemporaryPassword: goodPassword},
			"FORCE_CHANGE_PASSWORD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			tt.in.Username, tt.in.Media = "ann", []string{"EMAIL"}
			got := d.create(tt.pool, tt.in)
			without := tt.status == "CONFIRMED"
			if got.Status != tt.status || (got.SealedPassword == "") != without || (len(d.messages()) == 0) != without {
				t.Errorf("created %+v, %d messages", got, len(d.messages()))
			}
		})
	}
}

func TestCreateRefusals(t *testing.T) {
	const emailTaken = "An account with the given email already exists."
	bob := store.User{Username: "bob", Attributes: attributes("email", "bob@example.com", "email_verified", "true")}
	for _, tt := range []struct {
		name string
		pool *Pool
		in   Invitation
		code fault.Code
		text string
	}{
		{"username", testPool(t), Invitation{Username: "bob"}, fault.UsernameExists, "User account already exists"},
		{"username, case ignored", testPool(t, ignoringCase), Invitation{Username: "BOB"}, fault.UsernameExists, "User account already exists"},
		{"email as username", testPool(t, usernameAttributes("email")), Invitation{Username: "bob@example.com"},
			fault.UsernameExists, emailTaken},
		{"verified alias", testPool(t, aliases("email")),
			Invitation{Username: "ann", Attributes: bob.Attributes}, fault.AliasExists, emailTaken},
		{"form of username", testPool(t, usernameAttributes("email")), Invitation{Username: "ann"},
			fault.InvalidParameter, "Username should be an email."},
		{"username like an alias", testPool(t, aliases("email")), Invitation{Username: "a@b.c"}, fault.InvalidParameter,
			"Username cannot be of email format, since user pool is configured for email alias."},
		{"password policy", testPool(t), Invitation{Username: "ann", TemporaryPassword: "short"}, fault.InvalidPassword,
			"Password did not conform with policy: Password not long enough"},
		{"no such attribute", testPool(t), Invitation{Username: "ann", Attributes: attributes("custom:x", "1")}, fault.InvalidParameter,
			"Attributes did not conform to the schema: Type for attribute {custom:x} could not be determined"},
		{"form of email", testPool(t), Invitation{Username: "ann", Attributes: attributes("email", "x")},
			fault.InvalidParameter, "Invalid email address format."},
		{"verified nothing", testPool(t), Invitation{Username: "ann", Attributes: attributes("email_verified", "true")},
			fault.InvalidParameter, "Email is required to verify/un-verify an email"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			d.add(tt.pool, bob)
			tt.in.Media = []string{"EMAIL"}
			_, err := d.users.Create(t.Context(), tt.pool, tt.in)
			if err == nil {
				t.Fatal("no error")
			}
			checkFault(t, err, tt.code, tt.text)
			if all := d.list(tt.pool, "", 0, nil)[0]; len(all) != 1 || len(d.messages()) != 0 {
				t.Errorf("users %v, %d messages", all, len(d.messages()))
			}
		})
	}
	t.Run("no carrier", func(t *testing.T) {
		d := newDirectory(t, NoLimits())
		pool := testPool(t)
		silent := NewUsers(d.db, d.ring, message.NewOutbox(d.ring, false), NoLimits())
		_, err := silent.Create(t.Context(), pool, Invitation{Username: "ann", Attributes: attributes("email", "a@b.c"), Media: []string{"EMAIL"}})
		checkFault(t, err, fault.CodeDeliveryFailure, "Unable to deliver code to user")
		if all := d.list(pool, "", 0, nil)[0]; len(all) != 0 {
			t.Errorf("users %v", all)
		}
		if _, err := silent.Create(t.Context(), pool, Invitation{Username: "ann", Silent: true}); err != nil {
			t.Errorf("silently: %v", err)
		}
	})
}

func TestCreateTakesAlias(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, aliases("email"))
	verified := attributes("email", "a@example.com", "email_verified", "true")
	bob := d.add(pool, store.User{Username: "bob", Attributes: maps.Clone(verified)})
	d.create(pool, Invitation{Username: "ann", Attributes: verified, ForceAlias: true})
	if got := d.find(pool, "a@example.com"); got.Username != "ann" {
		t.Errorf("the alias is %s's", got.Username)
	}
	if got := d.find(pool, bob.Sub); got.Attributes["email_verified"] != "false" {
		t.Errorf("attributes %v", got.Attributes)
	}
	// One who claims nothing takes nothing.
	d.create(pool, Invitation{Username: "cid", Attributes: attributes("email", "a@example.com"), ForceAlias: true})
	if got := d.find(pool, "a@example.com"); got.Username != "ann" {
		t.Errorf("the alias is %s's", got.Username)
	}
}

func TestReinvite(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	in := Invitation{Username: "ann", Attributes: attributes("email", "a@example.com"), Media: []string{"EMAIL"}}
	d.create(pool, in)
	first := d.messages()[0].Code
	d.advance(6 * 24 * time.Hour)
	if _, err := d.users.Reinvite(t.Context(), pool, in); err != nil {
		t.Fatal(err)
	}
	second := d.messages()[0].Code
	got := d.find(pool, "ann")
	if len(d.messages()) != 2 || first == second || d.hasPassword(pool, got, first) || !d.hasPassword(pool, got, second) {
		t.Errorf("passwords %s, %s", first, second)
	}
	if !got.PasswordExpiresAt.Equal(d.db.Now().AddDate(0, 0, 7)) {
		t.Errorf("the password expires at %v", got.PasswordExpiresAt)
	}
	in.TemporaryPassword = goodPassword
	if got, err := d.users.Reinvite(t.Context(), pool, in); err != nil || !d.hasPassword(pool, got, goodPassword) {
		t.Errorf("with a password: %v", err)
	}

	in.TemporaryPassword = "short"
	_, err := d.users.Reinvite(t.Context(), pool, in)
	checkFault(t, err, fault.InvalidPassword, "Password did not conform with policy: Password not long enough")
	_, err = d.users.Reinvite(t.Context(), pool, Invitation{Username: "nobody"})
	checkFault(t, err, fault.UserNotFound, "User does not exist.")
	d.set(pool, "ann", func(u *store.User) { u.Status = StatusConfirmed })
	in.TemporaryPassword = ""
	_, err = d.users.Reinvite(t.Context(), pool, in)
	checkFault(t, err, fault.UnsupportedUserState, "Resend not possible. ann status is not FORCE_CHANGE_PASSWORD")
}

func TestOneNameIsCreatedOnce(t *testing.T) {
	onBoth(t, NoLimits(), func(t *testing.T, d *directory) {
		pool := testPool(t, aliases("email"))
		for refusal, in := range map[string]func(i int) Invitation{
			"UsernameExistsException: User account already exists": func(int) Invitation {
				return Invitation{Username: "ann", Silent: true}
			},
			"AliasExistsException: An account with the given email already exists.": func(i int) Invitation {
				return Invitation{Username: string(rune('a' + i)), Silent: true,
					Attributes: attributes("email", "a@example.com", "email_verified", "true")}
			},
		} {
			errs := together(8, func(i int) error {
				_, err := d.users.Create(context.Background(), pool, in(i))
				return err
			})
			if got, want := tally(errs), (map[string]int{"<nil>": 1, refusal: 7}); !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}
