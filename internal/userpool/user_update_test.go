package userpool

import (
	"maps"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

func verifiedBeforeUpdate(attributes ...string) func(*Pool) {
	return func(p *Pool) {
		p.AutoVerifiedAttributes = attributes
		p.UserAttributeUpdateSettings = &UserAttributeUpdateSettings{AttributesRequireVerificationBeforeUpdate: attributes}
	}
}

var (
	byUser  = Writer{Client: revealing}
	byAdmin = Writer{}
)

func attributes(pairs ...string) map[string]string { return with(map[string]string{}, pairs...) }

func (d *directory) update(pool *Pool, name string, w Writer, pairs ...string) []Delivery {
	d.t.Helper()
	sent, err := d.users.UpdateAttributes(d.t.Context(), pool, name, attributes(pairs...), w)
	if err != nil {
		d.t.Fatalf("update %s: %v", name, err)
	}
	return sent
}

// annWith adds a confirmed user called ann.
func (d *directory) annWith(pool *Pool, pairs ...string) *store.User {
	d.t.Helper()
	return d.add(pool, store.User{Username: "ann", Status: StatusConfirmed, Enabled: true, Attributes: attributes(pairs...)})
}

func TestUpdateAttributes(t *testing.T) {
	old := []string{"email", "old@example.com", "email_verified", "true", "phone_number", "+15550001111", "phone_number_verified", "true"}
	toEmail := Delivery{Destination: "n***@e***", Medium: "EMAIL", Attribute: "email"}
	toPhone := Delivery{Destination: "+*******2222", Medium: "SMS", Attribute: "phone_number"}
	for _, tt := range []struct {
		name string
		pool *Pool
		by   Writer
		set  []string
		want []string // on top of old
		sent []Delivery
	}{
		{"plain", testPool(t), byUser, []string{"name", "Ann", "locale", "de"}, []string{"name", "Ann", "locale", "de"}, nil},
		{"new email", testPool(t), byUser, []string{"email", "new@example.com"},
			[]string{"email", "new@example.com", "email_verified", "false"}, nil},
		{"new email that the pool verifies", testPool(t, autoVerified("email")), byUser, []string{"email", "new@example.com"},
			[]string{"email", "new@example.com", "email_verified", "false"}, []Delivery{toEmail}},
		{"the other is verified", testPool(t, autoVerified("phone_number")), byUser, []string{"email", "new@example.com"},
			[]string{"email", "new@example.com", "email_verified", "false"}, nil},
		{"both", testPool(t, autoVerified("email", "phone_number")), byUser,
			[]string{"email", "new@example.com", "phone_number", "+15550002222"},
			[]string{"email", "new@example.com", "email_verified", "false", "phone_number", "+15550002222", "phone_number_verified", "false"},
			[]Delivery{toEmail, toPhone}},
		{"same email", testPool(t, autoVerified("email")), byUser, []string{"email", "old@example.com"}, nil, nil},
		{"no email", testPool(t, autoVerified("email")), byUser, []string{"email", ""}, []string{"email", "", "email_verified", ""}, nil},
		{"verified first", testPool(t, verifiedBeforeUpdate("email")), byUser, []string{"email", "new@example.com", "name", "Ann"},
			[]string{"name", "Ann"}, []Delivery{toEmail}},
		{"no email, verified first", testPool(t, verifiedBeforeUpdate("email")), byUser, []string{"email", ""},
			[]string{"email", "", "email_verified", ""}, nil},
		{"verified first, by an administrator", testPool(t, verifiedBeforeUpdate("email")), byAdmin,
			[]string{"email", "new@example.com", "email_verified", "false"}, nil, []Delivery{toEmail}},
		{"an administrator verifies", testPool(t, verifiedBeforeUpdate("email")), byAdmin,
			[]string{"email", "new@example.com", "email_verified", "True"},
			[]string{"email", "new@example.com", "email_verified", "true"}, nil},
		{"an administrator does not", testPool(t, autoVerified("email")), byAdmin, []string{"email", "new@example.com"},
			[]string{"email", "new@example.com", "email_verified", "false"}, []Delivery{toEmail}},
		{"an administrator takes the mark away", testPool(t, autoVerified("email")), byAdmin, []string{"email_verified", "false"},
			[]string{"email_verified", "false"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			before := d.annWith(tt.pool, old...)
			d.advance(time.Minute)
			sent := d.update(tt.pool, "ann", tt.by, tt.set...)
			if len(sent) != len(tt.sent) || len(d.messages()) != len(tt.sent) {
				t.Fatalf("codes to %v, %d messages, want %v", sent, len(d.messages()), tt.sent)
			}
			for i := range sent {
				if sent[i] != tt.sent[i] {
					t.Errorf("code to %v, want %v", sent[i], tt.sent[i])
				}
			}
			now := d.find(tt.pool, before.Sub)
			want := with(attributes(old...), tt.want...)
			maps.DeleteFunc(want, func(_, value string) bool { return value == "" })
			if !maps.Equal(now.Attributes, want) {
				t.Errorf("attributes %v\nwant %v", now.Attributes, want)
			}
			if now.ModifiedAt.Sub(d.db.Now()) != 0 {
				t.Errorf("modified at %v", now.ModifiedAt)
			}
			for i, m := range d.messages() {
				if m.Source != "CustomMessage_UpdateUserAttribute" || len(m.Code) != 6 || m.Username != "ann" {
					t.Errorf("message %d: %+v", i, m)
				}
			}
		})
	}
}

func TestUpdateAttributesRefusals(t *testing.T) {
	narrow := Writer{Client: &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"name"}}}}
	frozen := custom(SchemaAttribute{Name: "custom:x", AttributeDataType: "String"})
	for _, tt := range []struct {
		name  string
		pool  *Pool
		of    string
		by    Writer
		set   []string
		code  fault.Code
		text  string
		other []string // attributes of another user
	}{
		{"unknown user", testPool(t), "nobody", byUser, []string{"name", "x"}, fault.UserNotFound, "User does not exist.", nil},
		{"not in the write list", testPool(t), "ann", narrow, []string{"locale", "de"},
			fault.NotAuthorized, "A client attempted to write unauthorized attribute", nil},
		{"verified mark", testPool(t), "ann", byUser, []string{"email_verified", "true"},
			fault.NotAuthorized, "A client attempted to write unauthorized attribute", nil},
		{"sub", testPool(t), "ann", byAdmin, []string{"sub", "x"},
			fault.InvalidParameter, "Cannot modify the non-mutable attribute sub", nil},
		{"immutable", testPool(t, frozen), "ann", byUser, []string{"custom:x", "x"},
			fault.InvalidParameter, "user.custom:x: Attribute cannot be updated.", nil},
		{"no such attribute", testPool(t), "ann", byAdmin, []string{"custom:y", "x"}, fault.InvalidParameter,
			"Attributes did not conform to the schema: Type for attribute {custom:y} could not be determined", nil},
		{"form of email", testPool(t), "ann", byUser, []string{"email", "x"}, fault.InvalidParameter, "Invalid email address format.", nil},
		{"form of phone number", testPool(t), "ann", byUser, []string{"phone_number", "1"},
			fault.InvalidParameter, "Invalid phone number format.", nil},
		{"required", testPool(t, required("email")), "ann", byUser, []string{"email", ""},
			fault.InvalidParameter, "user.email: Attribute cannot be deleted.", nil},
		{"email of another, as username", testPool(t, usernameAttributes("email")), "ann@example.com", byUser,
			[]string{"email", "bob@example.com"}, fault.AliasExists, "An account with the given email already exists.",
			[]string{"email", "bob@example.com"}},
		{"email of another, verified first", testPool(t, usernameAttributes("email"), verifiedBeforeUpdate("email")), "ann@example.com", byUser,
			[]string{"email", "bob@example.com"}, fault.AliasExists, "An account with the given email already exists.",
			[]string{"email", "bob@example.com"}},
		{"the only username", testPool(t, usernameAttributes("email")), "ann@example.com", byUser, []string{"email", ""},
			fault.InvalidParameter, "user.email: Attribute cannot be deleted.", nil},
		{"alias of another, verified", testPool(t, aliases("email")), "ann", byAdmin,
			[]string{"email", "bob@example.com", "email_verified", "true"},
			fault.AliasExists, "An account with the given email already exists.",
			[]string{"email", "bob@example.com", "email_verified", "true"}},
		{"preferred username of another", testPool(t, aliases("preferred_username")), "ann", byUser, []string{"preferred_username", "bob"},
			fault.AliasExists, "An account with the given preferred_username already exists.", []string{"preferred_username", "bob"}},
		{"username of another as preferred one", testPool(t, aliases("preferred_username")), "ann", byUser, []string{"preferred_username", "other"},
			fault.AliasExists, "An account with the given preferred_username already exists.", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			ann := store.User{Username: "ann", Attributes: map[string]string{"email": "ann@example.com"}}
			other := store.User{Username: "other", Attributes: attributes(tt.other...)}
			if len(tt.pool.UsernameAttributes) > 0 {
				ann.Username, other.Username = "", "other-federated"
			}
			before := d.add(tt.pool, ann)
			d.add(tt.pool, other)
			_, err := d.users.UpdateAttributes(t.Context(), tt.pool, tt.of, attributes(tt.set...), tt.by)
			if err == nil {
				t.Fatal("no error")
			}
			checkFault(t, err, tt.code, tt.text)
			if now := d.find(tt.pool, before.Sub); !maps.Equal(now.Attributes, before.Attributes) || len(d.messages()) != 0 {
				t.Errorf("attributes %v, %d messages", now.Attributes, len(d.messages()))
			}
		})
	}
}

func TestNoUpdateWithoutItsCode(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, autoVerified("email"))
	ann := d.annWith(pool)
	silent := NewUsers(d.db, d.ring, message.NewOutbox(d.ring, false), NoLimits())
	_, err := silent.UpdateAttributes(t.Context(), pool, "ann", attributes("email", "new@example.com"), byUser)
	checkFault(t, err, fault.CodeDeliveryFailure, "Unable to deliver code to user")
	if now := d.find(pool, ann.Sub); now.Attributes["email"] != "" {
		t.Errorf("email %q", now.Attributes["email"])
	}
}

func TestUsersGetNoMoreCodesThanTheirLimit(t *testing.T) {
	d := newDirectory(t, Limits{GetAttributeCode: 2})
	pool := testPool(t, autoVerified("email"))
	d.annWith(pool)
	d.update(pool, "ann", byUser, "email", "a@example.com")
	d.update(pool, "ann", byUser, "name", "Ann") // sends nothing
	d.update(pool, "ann", byUser, "email", "b@example.com")
	_, err := d.users.UpdateAttributes(t.Context(), pool, "ann", attributes("email", "c@example.com"), byUser)
	checkFault(t, err, fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	if n := len(d.messages()); n != 2 {
		t.Errorf("%d messages", n)
	}
	d.update(pool, "ann", byAdmin, "email", "d@example.com")
	d.advance(time.Hour)
	d.update(pool, "ann", byUser, "email", "e@example.com")
}

func TestDeleteAttributes(t *testing.T) {
	narrow := Writer{Client: &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"name"}}}}
	for _, tt := range []struct {
		name  string
		pool  *Pool
		of    string
		by    Writer
		names []string
		code  fault.Code
		text  string
		want  map[string]string
	}{
		{"email with its mark", testPool(t, aliases("email")), "ann", byUser, []string{"email"}, "", "", map[string]string{"name": "Ann"}},
		{"what is not there", testPool(t), "ann", byUser, []string{"locale"}, "", "", nil},
		{"several", testPool(t), "ann", byAdmin, []string{"name", "email", "locale"}, "", "", map[string]string{}},
		{"unknown user", testPool(t), "nobody", byAdmin, []string{"name"}, fault.UserNotFound, "User does not exist.", nil},
		{"required", testPool(t, required("email")), "ann", byAdmin, []string{"email"},
			fault.InvalidParameter, "user.email: Attribute cannot be deleted.", nil},
		{"not in the write list", testPool(t), "ann", narrow, []string{"email"},
			fault.NotAuthorized, "A client attempted to write unauthorized attribute", nil},
		{"one of two is required", testPool(t, required("email")), "ann", byAdmin, []string{"name", "email"},
			fault.InvalidParameter, "user.email: Attribute cannot be deleted.", nil},
		{"no such attribute", testPool(t), "ann", byUser, []string{"custom:y"}, fault.InvalidParameter,
			"Attributes did not conform to the schema: custom:y: Attribute does not exist in the schema.\n", nil},
		{"the only username", testPool(t, usernameAttributes("email")), "ann@example.com", byUser, []string{"email"},
			fault.InvalidParameter, "user.email: Attribute cannot be deleted.", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			ann := store.User{Username: "ann", Attributes: attributes("name", "Ann", "email", "ann@example.com", "email_verified", "true")}
			if len(tt.pool.UsernameAttributes) > 0 {
				ann.Username = ""
			}
			before := d.add(tt.pool, ann)
			err := d.users.DeleteAttributes(t.Context(), tt.pool, tt.of, tt.names, tt.by)
			if (err == nil) != (tt.code == "") {
				t.Fatalf("got %v", err)
			}
			checkFault(t, err, tt.code, tt.text)
			want := tt.want
			if want == nil {
				want = before.Attributes
			}
			if now := d.find(tt.pool, before.Sub); !maps.Equal(now.Attributes, want) {
				t.Errorf("attributes %v, want %v", now.Attributes, want)
			}
			if _, err := d.users.Find(t.Context(), tt.pool, "ann@example.com"); len(tt.pool.AliasAttributes) > 0 {
				checkFault(t, err, fault.UserNotFound, "User does not exist.")
			}
		})
	}
}
