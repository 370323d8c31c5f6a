package userpool

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

func TestSignUp(t *testing.T) {
	both := map[string]string{"email": "ann@example.com", "phone_number": "+15550001111"}
	byEmail := &Delivery{"a***@e***", "EMAIL", "email"}
	bySMS := &Delivery{"+*******1111", "SMS", "phone_number"}
	for _, tt := range []struct {
		name     string
		pool     *Pool
		username string
		attrs    map[string]string
		delivery *Delivery
		want     map[string]string // attributes
	}{
		{"nothing to verify", testPool(t), "ann", both, nil, with(both, "email_verified", "false", "phone_number_verified", "false")},
		{"nothing given", testPool(t, autoVerified("email")), "ann", nil, nil, map[string]string{}},
		{"email", testPool(t, autoVerified("email")), "ann", both, byEmail,
			with(both, "email_verified", "false", "phone_number_verified", "false")},
		{"phone before email", testPool(t, autoVerified("email", "phone_number")), "ann", both, bySMS,
			with(both, "email_verified", "false", "phone_number_verified", "false")},
		{"email is the username", testPool(t, autoVerified("email"), usernameAttributes("email")), "ann@example.com", nil, byEmail,
			map[string]string{"email": "ann@example.com", "email_verified": "false"}},
		{"phone is the username", testPool(t, autoVerified("phone_number"), usernameAttributes("email", "phone_number")),
			"+15550001111", nil, bySMS, map[string]string{"phone_number": "+15550001111", "phone_number_verified": "false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			done := d.signUp(tt.pool, tt.username, tt.attrs)
			if (done.Delivery == nil) != (tt.delivery == nil) || tt.delivery != nil && *done.Delivery != *tt.delivery {
				t.Errorf("delivery %v, want %v", done.Delivery, tt.delivery)
			}
			user := d.find(tt.pool, tt.username)
			wantName := tt.username
			if len(tt.pool.UsernameAttributes) > 0 {
				wantName = user.Sub
			}
			if user.Username != wantName || user.Status != "UNCONFIRMED" || !user.Enabled || user.Sub != done.User.Sub {
				t.Errorf("user %+v", user)
			}
			if !regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`).MatchString(user.Sub) {
				t.Errorf("sub %q", user.Sub)
			}
			if !maps.Equal(user.Attributes, tt.want) {
				t.Errorf("attributes %v, want %v", user.Attributes, tt.want)
			}
			if right, err := d.users.VerifyPassword(tt.pool, user, goodPassword); err != nil || !right {
				t.Errorf("the password does not fit: %v", err)
			}
			sent := d.messages()
			if tt.delivery == nil {
				if len(sent) != 0 {
					t.Errorf("sent %v", sent)
				}
				return
			}
			if len(sent) != 1 || sent[0].Medium != tt.delivery.Medium || sent[0].To != user.Attributes[tt.delivery.Attribute] ||
				sent[0].Body != "Your verification code is "+sent[0].Code+". " || sent[0].Source != "CustomMessage_SignUp" {
				t.Errorf("sent %+v", sent)
			}
		})
	}
}

// with is a map with more entries.
func with(m map[string]string, pairs ...string) map[string]string {
	m = maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func TestSignUpRefusals(t *testing.T) {
	narrow := &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"name"}}}
	for _, tt := range []struct {
		name string
		pool *Pool
		in   SignUp
		code fault.Code
		text string
	}{
		{"only administrators", testPool(t, func(p *Pool) { p.AdminCreateUserConfig.AllowAdminCreateUserOnly = true }),
			SignUp{Username: "bob", Password: goodPassword}, "NotAuthorizedException", "SignUp is not permitted for this user pool"},
		{"no password", testPool(t), SignUp{Username: "bob"}, "InvalidParameterException",
			"1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null"},
		{"taken", testPool(t), SignUp{Username: "ann", Password: goodPassword}, "UsernameExistsException", "User already exists"},
		{"taken in other case", testPool(t, ignoringCase), SignUp{Username: "ANN", Password: goodPassword},
			"UsernameExistsException", "User already exists"},
		{"email taken", testPool(t, usernameAttributes("email", "phone_number")), SignUp{Username: "ann@example.com", Password: goodPassword},
			"UsernameExistsException", "An account with the given email already exists."},
		{"phone taken", testPool(t, usernameAttributes("email", "phone_number")), SignUp{Username: "bob@example.com", Password: goodPassword,
			Attributes: map[string]string{"phone_number": "+15550001111"}},
			"UsernameExistsException", "An account with the given phone_number already exists."},
		{"no email", testPool(t, usernameAttributes("email")), SignUp{Username: "bob", Password: goodPassword},
			"InvalidParameterException", "Username should be an email."},
		{"no phone number", testPool(t, usernameAttributes("phone_number")), SignUp{Username: "bob", Password: goodPassword},
			"InvalidParameterException", "Username should be a phone number."},
		{"neither", testPool(t, usernameAttributes("phone_number", "email")), SignUp{Username: "bob", Password: goodPassword},
			"InvalidParameterException", "Username should be either an email or a phone number."},
		{"two emails", testPool(t, usernameAttributes("email")), SignUp{Username: "bob@example.com", Password: goodPassword,
			Attributes: map[string]string{"email": "eve@example.com"}},
			"InvalidParameterException", "Username and email attribute must be the same."},
		{"email as username of an alias pool", testPool(t, aliases("email")), SignUp{Username: "bob@example.com", Password: goodPassword},
			"InvalidParameterException", "Username cannot be of email format, since user pool is configured for email alias."},
		{"phone as username of an alias pool", testPool(t, aliases("phone_number")), SignUp{Username: "+15550002222", Password: goodPassword},
			"InvalidParameterException", "Username cannot be of phone number format, since user pool is configured for phone number alias."},
		{"preferred_username alias", testPool(t, aliases("preferred_username")), SignUp{Username: "bob", Password: goodPassword,
			Attributes: map[string]string{"preferred_username": "bobby"}}, "InvalidParameterException",
			"Preferred username cannot be provided for unconfirmed account, since user pool is configured for preferred username alias."},
		{"required", testPool(t, required("name"), required("family_name")), SignUp{Username: "bob", Password: goodPassword},
			"InvalidParameterException", "Attributes did not conform to the schema: name: The attribute is required\nfamily_name: The attribute is required\n"},
		{"unknown attribute", testPool(t), SignUp{Username: "bob", Password: goodPassword, Attributes: map[string]string{"custom:x": "1"}},
			"InvalidParameterException", "Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.\n"},
		{"unwritable", testPool(t), SignUp{Username: "bob", Password: goodPassword, Client: narrow, Attributes: map[string]string{"email": "a@b.c"}},
			"NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{"verified by himself", testPool(t), SignUp{Username: "bob", Password: goodPassword,
			Attributes: map[string]string{"email": "a@b.c", "email_verified": "true"}},
			"NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{"weak password", testPool(t), SignUp{Username: "bob", Password: "short"},
			"InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		{"email in username needs no write right", testPool(t, usernameAttributes("email")),
			SignUp{Username: "bob@example.com", Password: goodPassword, Client: narrow}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			first := "ann"
			if len(tt.pool.UsernameAttributes) > 0 {
				first = "ann@example.com"
			}
			bare := testPool(t, usernameAttributes(tt.pool.UsernameAttributes...))
			bare.UsernameConfiguration = tt.pool.UsernameConfiguration
			if _, err := bare.checkUsername(first); err == nil {
				d.signUp(bare, first, map[string]string{"phone_number": "+15550001111"})
			}
			tt.in.Pool = tt.pool
			if tt.in.Client == nil {
				tt.in.Client = concealing
			}
			_, err := d.users.SignUp(t.Context(), tt.in)
			checkFault(t, err, tt.code, tt.text)
			_, err = d.users.Find(t.Context(), tt.pool, tt.in.Username)
			if exists := err == nil; exists != (tt.code == "" || tt.code == fault.UsernameExists && tt.pool.Fold(tt.in.Username) == first) {
				t.Errorf("that a user of this name exists is %t", exists)
			}
		})
	}
}

func TestConfirmSignUp(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, autoVerified("email", "phone_number"))
	d.signUp(pool, "ann", map[string]string{"email": "ann@example.com", "phone_number": "+15550001111"})
	code := d.lastCode()
	_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", wrong(code), false)
	checkFault(t, err, "CodeMismatchException", "Invalid verification code provided, please try again.")
	if _, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", code, false); err != nil {
		t.Fatal(err)
	}
	user := d.find(pool, "ann")
	if user.Status != "CONFIRMED" || user.Attributes["phone_number_verified"] != "true" || user.Attributes["email_verified"] != "false" {
		t.Errorf("user is %s with %v", user.Status, user.Attributes)
	}
	_, err = d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", code, false)
	checkFault(t, err, "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
}

func TestConfirmSignUpRefusals(t *testing.T) {
	const expired = "Invalid code provided, please request a code again."
	for _, tt := range []struct {
		name    string
		client  *Client
		user    string
		prepare func(d *directory, pool *Pool)
		code    fault.Code
		text    string
	}{
		{"unknown, revealed", revealing, "nobody", nil, "UserNotFoundException", "Username/client id combination not found."},
		{"unknown, concealed", concealing, "nobody", nil, "ExpiredCodeException", expired},
		{"unknown, concealed, asked for", concealing, "nobody", func(d *directory, pool *Pool) {
			d.resend(pool, concealing, "nobody")
		}, "CodeMismatchException", "Invalid verification code provided, please try again."},
		{"expired", revealing, "ann", func(d *directory, _ *Pool) { d.advance(24 * time.Hour) }, "ExpiredCodeException", expired},
		{"still good", revealing, "ann", func(d *directory, _ *Pool) { d.advance(24*time.Hour - time.Millisecond) }, "", ""},
		{"replaced", revealing, "ann", func(d *directory, pool *Pool) {
			for old := d.lastCode(); d.lastCode() == old; { // one in a million is the same
				d.resend(pool, revealing, "ann")
			}
		},
			"CodeMismatchException", "Invalid verification code provided, please try again."},
		{"disabled", revealing, "ann", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { u.Enabled = false })
		}, "NotAuthorizedException", "User is disabled."},
		{"disabled, concealed", concealing, "ann", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { u.Enabled = false })
		}, "CodeMismatchException", "Invalid verification code provided, please try again."},
		{"disabled, concealed, nothing sent", concealing, "ann", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { u.Enabled = false })
			d.advance(24 * time.Hour)
		}, "ExpiredCodeException", expired},
		{"to be reset", revealing, "ann", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { u.Status = StatusResetRequired })
		}, "NotAuthorizedException", "User cannot be confirmed. Current status is RESET_REQUIRED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, autoVerified("email"))
			d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
			code := d.lastCode()
			if tt.prepare != nil {
				tt.prepare(d, pool)
			}
			_, err := d.users.ConfirmSignUp(t.Context(), pool, tt.client, tt.user, code, false)
			checkFault(t, err, tt.code, tt.text)
		})
	}
}

func (d *directory) resend(pool *Pool, client *Client, name string) *Delivery {
	d.t.Helper()
	delivery, err := d.users.ResendConfirmationCode(d.t.Context(), pool, client, name)
	if err != nil {
		d.t.Fatalf("resend to %s: %v", name, err)
	}
	return delivery
}

func TestAliasOfAnotherUser(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, autoVerified("email"), aliases("email"))
	attrs := map[string]string{"email": "ann@example.com"}
	d.confirmed(pool, "ann", attrs)
	d.signUp(pool, "eve", attrs) // aliases count once they are verified
	code := d.lastCode()

	_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "eve", code, false)
	checkFault(t, err, "AliasExistsException", "An account with the given email already exists.")
	if user := d.find(pool, "eve"); user.Status != "UNCONFIRMED" || user.Attributes["email_verified"] != "false" {
		t.Errorf("a refused confirmation left %s, %v", user.Status, user.Attributes)
	}

	// The code was not spent by that.
	if _, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "eve", code, true); err != nil {
		t.Fatal(err)
	}
	if user := d.find(pool, "ann@example.com"); user.Username != "eve" {
		t.Errorf("the alias finds %s", user.Username)
	}
	if user := d.find(pool, "ann"); user.Attributes["email_verified"] != "false" || user.Status != "CONFIRMED" {
		t.Errorf("the former owner is %s with %v", user.Status, user.Attributes)
	}
}

func TestChangedAddressIsNotVerifiedByItsOldCode(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, autoVerified("email"))
	d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
	code := d.lastCode()
	d.set(pool, "ann", func(u *store.User) { pool.SetAttributes(u, map[string]string{"email": "other@example.com"}) })
	if _, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", code, false); err != nil {
		t.Fatal(err)
	}
	if user := d.find(pool, "ann"); user.Status != "CONFIRMED" || user.Attributes["email_verified"] != "false" {
		t.Errorf("user is %s with %v", user.Status, user.Attributes)
	}
}

func TestResendConfirmationCode(t *testing.T) {
	const notOn = "Cannot resend codes. Auto verification not turned on."
	mail := autoVerified("email")
	disabled := func(u *store.User) { u.Enabled = false }
	for _, tt := range []struct {
		name   string
		pool   *Pool
		client *Client
		user   string
		change func(*store.User)
		want   *Delivery
		sent   int // messages beside the first
		code   fault.Code
		text   string
	}{
		{"sent", testPool(t, mail), revealing, "ann", nil, &Delivery{"a***@e***", "EMAIL", "email"}, 1, "", ""},
		{"confirmed", testPool(t, mail), concealing, "ann", func(u *store.User) { u.Status = StatusConfirmed }, nil, 0,
			"InvalidParameterException", "User is already confirmed."},
		{"not turned on", testPool(t), revealing, "ann", nil, nil, 0, "InvalidParameterException", notOn},
		{"no address", testPool(t, mail), revealing, "ann", func(u *store.User) { delete(u.Attributes, "email") }, nil, 0,
			"InvalidParameterException", notOn},
		{"unknown, revealed", testPool(t, mail), revealing, "nobody", nil, nil, 0,
			"UserNotFoundException", "Username/client id combination not found."},
		{"unknown, concealed", testPool(t, mail), concealing, "bob@host.example", nil, &Delivery{"b***@h***", "EMAIL", "email"}, 0, "", ""},
		{"disabled, revealed", testPool(t, mail), revealing, "ann", disabled, nil, 0, "NotAuthorizedException", "User is disabled."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			d.signUp(tt.pool, "ann", map[string]string{"email": "ann@example.com"})
			before := len(d.messages())
			if tt.change != nil {
				d.set(tt.pool, "ann", tt.change)
			}
			got, err := d.users.ResendConfirmationCode(t.Context(), tt.pool, tt.client, tt.user)
			checkFault(t, err, tt.code, tt.text)
			if tt.want != nil && (got == nil || *got != *tt.want) {
				t.Errorf("delivery %v, want %v", got, tt.want)
			}
			if sent := len(d.messages()) - before; sent != tt.sent {
				t.Errorf("%d messages were sent, want %d", sent, tt.sent)
			}
		})
	}
}

func TestNothingIsWrittenWhereNothingCanBeSent(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, autoVerified("email"))
	d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
	d.signUp(pool, "bob", map[string]string{"email": "bob@example.com"})
	mute := NewUsers(d.db, d.ring, message.NewOutbox(d.ring, false), DefaultLimits())

	_, err := mute.SignUp(t.Context(), SignUp{Pool: pool, Client: revealing, Username: "eve", Password: goodPassword,
		Attributes: map[string]string{"email": "eve@example.com"}})
	checkFault(t, err, "CodeDeliveryFailureException", "Unable to deliver code to user")
	if _, err := d.users.Find(t.Context(), pool, "eve"); fault.CodeOf(err) != fault.UserNotFound {
		t.Error("the user exists")
	}
	for _, name := range []string{"ann", "nobody"} {
		_, err = mute.ForgotPassword(t.Context(), pool, concealing, name)
		checkFault(t, err, "CodeDeliveryFailureException", "Unable to deliver code to user")
		_, err = mute.ResendConfirmationCode(t.Context(), pool, concealing, name)
		checkFault(t, err, "CodeDeliveryFailureException", "Unable to deliver code to user")
	}
	if _, err := mute.SignUp(t.Context(), SignUp{Pool: pool, Client: revealing, Username: "eve", Password: goodPassword}); err != nil {
		t.Errorf("a sign-up that sends nothing: %v", err)
	}
}

func TestACodeIsSpentOnce(t *testing.T) {
	onBoth(t, NoLimits(), func(t *testing.T, d *directory) {
		pool := testPool(t, autoVerified("email"))
		d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
		code := d.lastCode()
		got := tally(together(8, func(int) error {
			_, err := d.users.ConfirmSignUp(context.Background(), pool, revealing, "ann", code, false)
			return err
		}))
		want := map[string]int{"<nil>": 1, "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED": 7}
		if !maps.Equal(got, want) {
			t.Errorf("ConfirmSignUp: got %v, want %v", got, want)
		}

		if _, err := d.users.ForgotPassword(t.Context(), pool, revealing, "ann"); err != nil {
			t.Fatal(err)
		}
		code = d.lastCode()
		got = tally(together(8, func(i int) error {
			_, err := d.users.ConfirmForgotPassword(context.Background(), pool, revealing, "ann", code, fmt.Sprintf("Passw0rd!%d", i))
			return err
		}))
		want = map[string]int{"<nil>": 1, "ExpiredCodeException: Invalid code provided, please request a code again.": 7}
		if !maps.Equal(got, want) {
			t.Errorf("ConfirmForgotPassword: got %v, want %v", got, want)
		}
	})
}
