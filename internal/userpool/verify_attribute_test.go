package userpool

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

func (d *directory) sendAttributeCode(pool *Pool, sub, attribute string) string {
	d.t.Helper()
	if _, err := d.users.SendAttributeCode(d.t.Context(), pool, sub, attribute); err != nil {
		d.t.Fatalf("send code for %s: %v", attribute, err)
	}
	return d.lastCode()
}

func (d *directory) verify(pool *Pool, sub, attribute, code string) error {
	d.t.Helper()
	return d.users.VerifyAttribute(d.t.Context(), pool, sub, attribute, code)
}

func TestVerifyAttribute(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, aliases("email"))
	ann := d.annWith(pool, "email", "ann@example.com", "phone_number", "+15550001111")

	sent, err := d.users.SendAttributeCode(t.Context(), pool, ann.Sub, "email")
	if want := (Delivery{Destination: "a***@e***", Medium: "EMAIL", Attribute: "email"}); err != nil || *sent != want {
		t.Fatalf("sent %v, %v", sent, err)
	}
	email := d.lastCode()
	if m := d.messages()[0]; m.Source != "CustomMessage_VerifyUserAttribute" || m.To != "ann@example.com" {
		t.Errorf("message %+v", m)
	}
	phone := d.sendAttributeCode(pool, ann.Sub, "phone_number")

	if email != phone {
		checkFault(t, d.verify(pool, ann.Sub, "email", phone), fault.CodeMismatch, textMismatch)
	}
	for attribute, code := range map[string]string{"email": email, "phone_number": phone} {
		if err := d.verify(pool, ann.Sub, attribute, code); err != nil {
			t.Errorf("%s: %v", attribute, err)
		}
		checkFault(t, d.verify(pool, ann.Sub, attribute, code), fault.ExpiredCode, textExpired)
	}
	now := d.find(pool, "ann@example.com") // the alias counts from here on
	if now.Attributes["email_verified"] != "true" || now.Attributes["phone_number_verified"] != "true" {
		t.Errorf("attributes %v", now.Attributes)
	}
	if err := d.verify(pool, ann.Sub, "email", d.sendAttributeCode(pool, ann.Sub, "email")); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestVerifyAttributeRefusals(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	ann := d.annWith(pool, "email", "ann@example.com")
	nobody := newSub()
	const unverifiable = "Invalid attribute name. Only phone_number and email can be verified."
	send := func(sub, attribute string) error {
		_, err := d.users.SendAttributeCode(t.Context(), pool, sub, attribute)
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		code fault.Code
		text string
	}{
		{"send for another attribute", send(ann.Sub, "name"), fault.InvalidParameter, unverifiable},
		{"send to no phone", send(ann.Sub, "phone_number"), fault.InvalidParameter, "User does not have a valid registered phone number"},
		{"send to nobody", send(nobody, "email"), fault.UserNotFound, "User does not exist."},
		{"verify another attribute", d.verify(pool, ann.Sub, "name", "123456"), fault.InvalidParameter, unverifiable},
		{"verify no phone", d.verify(pool, ann.Sub, "phone_number", "123456"), fault.InvalidParameter,
			"Unable to verify attribute: phone_number no value set to verify"},
		{"verify of nobody", d.verify(pool, nobody, "email", "123456"), fault.UserNotFound, "User does not exist."},
		{"verify without a code", d.verify(pool, ann.Sub, "email", "123456"), fault.ExpiredCode, textExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.err == nil {
				t.Fatal("no error")
			}
			checkFault(t, tt.err, tt.code, tt.text)
		})
	}

	code := d.sendAttributeCode(pool, ann.Sub, "email")
	checkFault(t, d.verify(pool, ann.Sub, "email", wrong(code)), fault.CodeMismatch, textMismatch)
	d.advance(24 * time.Hour)
	checkFault(t, d.verify(pool, ann.Sub, "email", code), fault.ExpiredCode, textExpired)

	old := d.sendAttributeCode(pool, ann.Sub, "email")
	if code = d.sendAttributeCode(pool, ann.Sub, "email"); code != old {
		checkFault(t, d.verify(pool, ann.Sub, "email", old), fault.CodeMismatch, textMismatch)
	}
	d.update(pool, "ann", byUser, "email", "new@example.com")
	checkFault(t, d.verify(pool, ann.Sub, "email", code), fault.ExpiredCode, textExpired)
	code = d.sendAttributeCode(pool, ann.Sub, "email")
	d.set(pool, "ann", func(u *store.User) { pool.SetAttributes(u, attributes("email", "third@example.com")) })
	checkFault(t, d.verify(pool, ann.Sub, "email", code), fault.ExpiredCode, textExpired)
	if now := d.find(pool, "ann"); now.Attributes["email"] != "third@example.com" || now.Attributes["email_verified"] != "false" {
		t.Errorf("attributes %v", now.Attributes)
	}
}

func TestPendingValue(t *testing.T) {
	old := attributes("email", "old@example.com", "email_verified", "true")
	updated := attributes("email", "new@example.com", "email_verified", "true")
	start := func(t *testing.T, changes ...func(*Pool)) (*directory, *Pool, string, string) {
		d := newDirectory(t, NoLimits())
		pool := testPool(t, append(changes, verifiedBeforeUpdate("email"))...)
		ann := store.User{Username: "ann", Status: StatusConfirmed, Enabled: true, Attributes: maps.Clone(old)}
		if len(pool.UsernameAttributes) > 0 {
			ann.Username = ""
		}
		sub := d.add(pool, ann).Sub
		d.update(pool, sub, byUser, "email", "new@example.com")
		if m := d.messages()[0]; m.To != "new@example.com" {
			t.Fatalf("code to %s", m.To)
		}
		return d, pool, sub, d.lastCode()
	}
	expect := func(t *testing.T, d *directory, pool *Pool, sub string, want map[string]string) {
		t.Helper()
		if now := d.find(pool, sub); !maps.Equal(now.Attributes, want) {
			t.Errorf("attributes %v, want %v", now.Attributes, want)
		}
	}
	for name, mode := range map[string]func(*Pool){"alias": aliases("email"), "username": usernameAttributes("email")} {
		t.Run("becomes the value, "+name, func(t *testing.T) {
			d, pool, sub, code := start(t, mode)
			d.find(pool, "old@example.com")
			if err := d.verify(pool, sub, "email", code); err != nil {
				t.Fatal(err)
			}
			expect(t, d, pool, "new@example.com", updated)
			_, err := d.users.Find(t.Context(), pool, "old@example.com")
			checkFault(t, err, fault.UserNotFound, "User does not exist.")
		})
		t.Run("taken meanwhile, "+name, func(t *testing.T) {
			d, pool, sub, code := start(t, mode)
			d.add(pool, store.User{Username: "bob", Attributes: maps.Clone(updated)})
			checkFault(t, d.verify(pool, sub, "email", code), fault.AliasExists, "An account with the given email already exists.")
			expect(t, d, pool, sub, old)
		})
	}
	t.Run("wrong code", func(t *testing.T) {
		d, pool, sub, code := start(t)
		checkFault(t, d.verify(pool, sub, "email", wrong(code)), fault.CodeMismatch, textMismatch)
		expect(t, d, pool, sub, old)
	})
	t.Run("code sent again", func(t *testing.T) {
		d, pool, sub, _ := start(t)
		code := d.sendAttributeCode(pool, sub, "email")
		if m := d.messages()[0]; m.To != "new@example.com" {
			t.Errorf("code to %s", m.To)
		}
		if err := d.verify(pool, sub, "email", code); err != nil {
			t.Fatal(err)
		}
		expect(t, d, pool, sub, updated)
	})
	t.Run("forgotten after a day", func(t *testing.T) {
		d, pool, sub, _ := start(t)
		d.advance(24 * time.Hour)
		d.sendAttributeCode(pool, sub, "email")
		if m := d.messages()[0]; m.To != "old@example.com" {
			t.Errorf("code to %s", m.To)
		}
	})
	for _, tt := range []struct {
		name string
		by   Writer
		set  []string
		want map[string]string
	}{
		{"withdrawn", byUser, []string{"email", "old@example.com"}, old},
		{"overruled", byAdmin, []string{"email", "third@example.com", "email_verified", "true"},
			attributes("email", "third@example.com", "email_verified", "true")},
		{"deleted", byUser, []string{"email", ""}, map[string]string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, pool, sub, code := start(t)
			d.update(pool, sub, tt.by, tt.set...)
			if err := d.verify(pool, sub, "email", code); err == nil {
				t.Error("the code still counts")
			}
			expect(t, d, pool, sub, tt.want)
		})
	}
	t.Run("first value", func(t *testing.T) {
		d := newDirectory(t, NoLimits())
		pool := testPool(t, verifiedBeforeUpdate("email"))
		ann := d.annWith(pool)
		d.update(pool, "ann", byUser, "email", "new@example.com")
		expect(t, d, pool, "ann", map[string]string{})
		if err := d.verify(pool, ann.Sub, "email", d.lastCode()); err != nil {
			t.Fatal(err)
		}
		expect(t, d, pool, "ann", updated)
	})
	t.Run("not readable in the database", func(t *testing.T) {
		d, pool, sub, code := start(t)
		if err := d.db.View(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Code(pool.ID, sub, codeVerify("email"))
			if err == nil && (row.Hash == code || strings.Contains(row.Target, "new@") || strings.Contains(row.Target, "bmV3QGV4")) {
				t.Errorf("row %+v", row)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAttributeCodeLimits(t *testing.T) {
	d := newDirectory(t, Limits{GetAttributeCode: 2, VerifyAttribute: 3, WrongGuesses: 2})
	pool := testPool(t)
	ann := d.annWith(pool, "email", "ann@example.com")
	d.sendAttributeCode(pool, ann.Sub, "email")
	code := d.sendAttributeCode(pool, ann.Sub, "email")
	_, err := d.users.SendAttributeCode(t.Context(), pool, ann.Sub, "email")
	checkFault(t, err, fault.LimitExceeded, textLimit)

	for range 2 {
		checkFault(t, d.verify(pool, ann.Sub, "email", wrong(code)), fault.CodeMismatch, textMismatch)
	}
	checkFault(t, d.verify(pool, ann.Sub, "email", code), fault.ExpiredCode, textExpired)
	checkFault(t, d.verify(pool, ann.Sub, "email", code), fault.LimitExceeded, textLimit)
	d.advance(time.Hour)
	if err := d.verify(pool, ann.Sub, "email", d.sendAttributeCode(pool, ann.Sub, "email")); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestAttributeCodesAtOnce(t *testing.T) {
	onBoth(t, Limits{VerifyAttribute: 5}, func(t *testing.T, d *directory) {
		pool := testPool(t, usernameAttributes("email"), verifiedBeforeUpdate("email"))
		users := make([]*store.User, 4)
		codes := make([]string, len(users))
		for i := range users {
			users[i] = d.add(pool, store.User{Attributes: attributes("email", fmt.Sprintf("old%d@example.com", i))})
			d.update(pool, users[i].Sub, byUser, "email", "new@example.com")
			codes[i] = d.lastCode()
		}
		got := tally(together(len(users), func(i int) error {
			return d.users.VerifyAttribute(context.Background(), pool, users[i].Sub, "email", codes[i])
		}))
		want := map[string]int{"<nil>": 1, "AliasExistsException: An account with the given email already exists.": len(users) - 1}
		if !maps.Equal(got, want) {
			t.Errorf("one address, several users: got %v, want %v", got, want)
		}

		sub := d.find(pool, "new@example.com").Sub
		d.advance(time.Hour)
		code := d.sendAttributeCode(pool, sub, "email")
		got = tally(together(8, func(int) error {
			return d.users.VerifyAttribute(context.Background(), pool, sub, "email", code)
		}))
		want = map[string]int{"<nil>": 1, "ExpiredCodeException: " + textExpired: 4, "LimitExceededException: " + textLimit: 3}
		if !maps.Equal(got, want) {
			t.Errorf("one code, several times: got %v, want %v", got, want)
		}
	})
}
