package message_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

func TestRender(t *testing.T) {
	for _, tt := range []struct {
		name           string
		template       message.Template
		medium         string
		code, username string
		subject, body  string
	}{
		{"default email", message.Default(message.Verification, ""), message.Email, "012345", "ann",
			"Your verification code", "Your verification code is 012345. "},
		{"default text message", message.Default(message.Verification, ""), message.SMS, "012345", "ann", "", "Your verification code is 012345. "},
		{"default invitation", message.Default(message.Invitation, ""), message.Email, "Pw1!", "ann@example.com",
			"Your temporary password", "Your username is ann@example.com and temporary password is Pw1!. "},
		{"HTML is escaped", message.Default(message.Invitation, ""), message.Email, "a<b>&c", "<i>ann</i>",
			"Your temporary password", "Your username is &lt;i&gt;ann&lt;/i&gt; and temporary password is a&lt;b&gt;&amp;c. "},
		{"plain text is not", message.Default(message.Invitation, ""), message.SMS, "a<b>&c", "ann",
			"", "Your username is ann and temporary password is a<b>&c. "},
		{"a value is no template", message.Default(message.Invitation, ""), message.SMS, "1", "{####}",
			"", "Your username is {####} and temporary password is 1. "},
		{"own", message.Template{Subject: "Hi {username}: {####}", Body: "<b>{####}</b>"}.Or(message.Verification, "de"),
			message.Email, "012345", "ann", "Hi ann: 012345", "<b>012345</b>"},
		{"own body, default subject", message.Template{Body: "{####} {####}"}.Or(message.Verification, "de"),
			message.Email, "1", "ann", "Your verification code", "1 1"},
		{"no line break in subjects", message.Template{Subject: "Hi {username}", Body: "x"}, message.Email, "1", "ann\r\nBcc: eve",
			"Hi ann  Bcc: eve", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			subject, body := tt.template.Render(tt.medium, tt.code, tt.username)
			if subject != tt.subject || body != tt.body {
				t.Errorf("got %q, %q\nwant %q, %q", subject, body, tt.subject, tt.body)
			}
		})
	}
}

func open(t *testing.T) (*store.DB, *keys.Ring) {
	t.Helper()
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return db, ring
}

func list(t *testing.T, db *store.DB, o *message.Outbox, f store.MessageFilter) []message.Message {
	t.Helper()
	var all []message.Message
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		var err error
		all, err = o.List(tx, f, 10)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOutbox(t *testing.T) {
	db, ring := open(t)
	o := message.NewOutbox(ring, true)
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 3 {
			if err := o.Put(tx, message.Message{UserPoolID: "us-east-1_A", Username: fmt.Sprintf("user%d", i), Medium: message.Email,
				To: "ann@example.com", Subject: "s", Body: "b", Code: fmt.Sprint(i), Source: "src"}); err != nil {
				return err
			}
		}
		return o.Put(tx, message.Message{UserPoolID: "us-east-1_B", Username: "user0", To: "+15550001111", Medium: message.SMS})
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		filter store.MessageFilter
		want   string
	}{
		{store.MessageFilter{}, "us-east-1_B user0,us-east-1_A user2,us-east-1_A user1,us-east-1_A user0"}, // newest first
		{store.MessageFilter{PoolID: "us-east-1_B"}, "us-east-1_B user0"},
		{store.MessageFilter{Username: "user0"}, "us-east-1_B user0,us-east-1_A user0"},
		{store.MessageFilter{Recipient: "+15550001111"}, "us-east-1_B user0"},
		{store.MessageFilter{PoolID: "us-east-1_C"}, ""},
	} {
		var got []string
		for _, m := range list(t, db, o, tt.filter) {
			got = append(got, m.UserPoolID+" "+m.Username)
		}
		if strings.Join(got, ",") != tt.want {
			t.Errorf("%+v: %v, want %s", tt.filter, got, tt.want)
		}
	}

	m := list(t, db, o, store.MessageFilter{Username: "user1"})[0]
	m.ID, m.SentAt = "id", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := json.Marshal(m)
	const want = `{"id":"id","sentAt":"2026-01-02T03:04:05Z","userPoolId":"us-east-1_A","username":"user1","medium":"EMAIL",` +
		`"to":"ann@example.com","subject":"s","body":"b","code":"1","link":"","source":"src"}`
	if err != nil || string(got) != want {
		t.Errorf("JSON %s, %v\nwant %s", got, err, want)
	}
}

// An email of 20,000 characters of four bytes is longer than one sealed value.
func TestLongestMessage(t *testing.T) {
	db, ring := open(t)
	o := message.NewOutbox(ring, true)
	body := strings.Repeat("😀", 20_000)
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return o.Put(tx, message.Message{UserPoolID: "us-east-1_A", Body: body})
	}); err != nil {
		t.Fatal(err)
	}
	if got := list(t, db, o, store.MessageFilter{}); len(got) != 1 || got[0].Body != body {
		t.Error("the message did not come back whole")
	}
}

func TestMessagesRestSealed(t *testing.T) {
	db, ring := open(t)
	o := message.NewOutbox(ring, true)
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return o.Put(tx, message.Message{UserPoolID: "us-east-1_A", Body: strings.Repeat("secret ", 10_000), Code: "secret"})
	}); err != nil {
		t.Fatal(err)
	}
	var row store.Message
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.ListMessages(store.MessageFilter{}, 1)
		if err == nil {
			row = *rows[0]
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row.SealedDoc, "secret") {
		t.Error("the content is in the clear")
	}
	first, rest, pieces := strings.Cut(row.SealedDoc, ".")
	if !pieces {
		t.Fatal("the message is not in pieces")
	}
	for _, tt := range []struct {
		name, poolID, id, doc string
		opens                 bool
	}{
		{"untouched", row.PoolID, row.ID, row.SealedDoc, true},
		{"of another pool", "us-east-1_B", row.ID, row.SealedDoc, false},
		{"of another message", row.PoolID, row.ID + "x", row.SealedDoc, false},
		{"end cut off", row.PoolID, row.ID, first, false},
		{"beginning cut off", row.PoolID, row.ID, rest, false},
		{"turned around", row.PoolID, row.ID, rest + "." + first, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := storetest.Memory(t).Update(t.Context(), func(tx *store.Tx) error {
				if err := tx.InsertMessage(&store.Message{ID: tt.id, PoolID: tt.poolID, SealedDoc: tt.doc}); err != nil {
					return err
				}
				_, err := o.List(tx, store.MessageFilter{}, 10)
				return err
			})
			if (err == nil) != tt.opens {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestOutboxWithoutCarrier(t *testing.T) {
	db, ring := open(t)
	o := message.NewOutbox(ring, false)
	if err := o.Ready("", false); fault.CodeOf(err) != fault.CodeDeliveryFailure {
		t.Errorf("ready: %v", err)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error { return o.Put(tx, message.Message{UserPoolID: "us-east-1_A"}) })
	if fault.CodeOf(err) != fault.CodeDeliveryFailure {
		t.Errorf("put: %v", err)
	}
}
