package message

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Message is one email or text message. Its JSON is that of the development
// server's inbox.
type Message struct {
	ID         string    `json:"id"`
	SentAt     time.Time `json:"sentAt"`
	UserPoolID string    `json:"userPoolId"`
	Username   string    `json:"username"`
	Medium     string    `json:"medium"` // Email or SMS
	To         string    `json:"to"`     // address, or number in E.164 form
	Subject    string    `json:"subject"`
	Body       string    `json:"body"`
	Code       string    `json:"code"` // the digits, or the temporary password
	Link       string    `json:"link"`
	Source     string    `json:"source"` // why: the name of Cognito's CustomMessage trigger source

	// What the inbox does not show.
	From           string            `json:"-"` // sender in place of the pool's; "" for that one, as in Settings
	ReplyTo        string            `json:"-"` // likewise
	FromARN        string            `json:"-"` // identity of SES that From belongs to
	Sub            string            `json:"-"`
	ClientID       string            `json:"-"` // "" for an administrator's calls
	ClientMetadata map[string]string `json:"-"` // for a function that sends
	ByFunction     bool              `json:"-"` // the pool has a function that sends in place of the carriers
	SharedAccount  bool              `json:"-"` // an email that Cognito would send from its own account (COGNITO_DEFAULT)
	ExpiresAt      time.Time         `json:"-"` // what it says is worth nothing then; zero: a day from now
}

// letter is a Message as it rests on its way out.
type letter struct {
	Message
	Sub            string            `json:"sub"`
	ClientID       string            `json:"clientId,omitzero"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
	From           string            `json:"from,omitzero"`
	ReplyTo        string            `json:"replyTo,omitzero"`
	FromARN        string            `json:"fromArn,omitzero"`
}

// settings are the pool's, but for what the message sets itself.
func (m *Message) settings(s Settings) Settings {
	if m.From != "" {
		s.From, s.FromARN = m.From, m.FromARN
	}
	if m.ReplyTo != "" {
		s.ReplyTo = m.ReplyTo
	}
	return s
}

// Outbox keeps messages until they are carried to their recipients.
type Outbox struct {
	ring  *keys.Ring
	inbox bool
	o     OutboxOptions
	wake  chan struct{} // holds an element after something was put
}

// OutboxOptions say what becomes of messages.
type OutboxOptions struct {
	// Carried says for which media there is a Carrier.
	Carried map[string]bool

	// Functions says that functions of pools can send.
	Functions bool

	// PerRecipient is how many messages an address or number gets in an hour from a
	// pool; 0 means as many as there are.
	PerRecipient int

	// DailyEmails is how many emails of a SharedAccount all pools together send a
	// day; 0 means as many as there are.
	DailyEmails int
}

// NewOutbox returns an outbox that delivers nothing. inbox says whether it keeps
// messages for the inbox of a development server; without it nothing is accepted,
// see Ready.
func NewOutbox(ring *keys.Ring, inbox bool) *Outbox {
	return &Outbox{ring: ring, inbox: inbox, wake: make(chan struct{}, 1)}
}

// With returns the outbox with options.
func (o *Outbox) With(options OutboxOptions) *Outbox {
	return &Outbox{ring: o.ring, inbox: o.inbox, o: options, wake: make(chan struct{}, 1)}
}

// ErrRecipientLimit is what Put returns for an address that got too many messages
// in an hour.
var ErrRecipientLimit = fault.New(fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")

// ErrDailyLimit is what Put returns once the emails of a day are sent. The text is
// Cognito's.
var ErrDailyLimit = fault.New(fault.LimitExceeded, "Exceeded daily email limit for the operation or the account. "+
	"If a higher limit is required, please configure your user pool to use your own Amazon SES configuration for sending email.")

// Ready returns CodeDeliveryFailureException if no message of a medium, or of any
// where it is "", could reach anybody. Operations that must send ask before they
// write anything. byFunction is as in Message.
func (o *Outbox) Ready(medium string, byFunction bool) error {
	if o.inbox || o.outgoing(medium, byFunction) || medium == "" && (o.o.Carried[Email] || o.o.Carried[SMS]) {
		return nil
	}
	return fault.New(fault.CodeDeliveryFailure, "Unable to deliver code to user")
}

func (o *Outbox) outgoing(medium string, byFunction bool) bool {
	return o.o.Carried[medium] || byFunction && o.o.Functions
}

// Sealed is a message as it rests.
type Sealed struct{ row store.Message }

// Text is the sealed content.
func (s Sealed) Text() string { return s.row.SealedDoc }

// Seal makes the row of a message, with its ID and SentAt, without putting it
// anywhere.
func (o *Outbox) Seal(m Message, now time.Time) (Sealed, error) {
	m.ID, m.SentAt = newID(), now
	doc, err := json.Marshal(m)
	if err != nil {
		return Sealed{}, err
	}
	sealed, err := o.seal(messagePurpose, doc, m.UserPoolID, m.ID)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal message: %w", err)
	}
	return Sealed{store.Message{
		ID: m.ID, PoolID: m.UserPoolID, Username: m.Username, Recipient: m.To, SealedDoc: sealed, CreatedAt: now,
	}}, nil
}

// Put adds a message with the transaction's other changes. The errors are
// CodeDeliveryFailureException, ErrRecipientLimit and ErrDailyLimit; the
// transaction must not be committed with them.
func (o *Outbox) Put(tx *store.Tx, m Message) error {
	if err := o.Ready(m.Medium, m.ByFunction); err != nil {
		return err
	}
	if err := o.count(tx, m); err != nil {
		return err
	}
	if err := o.countDaily(tx, m); err != nil {
		return err
	}
	if o.inbox {
		s, err := o.Seal(m, tx.Now())
		if err != nil {
			return err
		}
		if err := tx.InsertMessage(&s.row); err != nil {
			return err
		}
	}
	if !o.outgoing(m.Medium, m.ByFunction) {
		return nil
	}
	if err := o.post(tx, m); err != nil {
		return err
	}
	select {
	case o.wake <- struct{}{}: // a hint that something may be there soon
	default:
	}
	return nil
}

const (
	recipientPurpose keys.Purpose = "message-recipient"
	actionMessage                 = "message" // of the attempts table
	recipientWindow               = time.Hour
)

// count counts a message for its recipient, whatever the user.
func (o *Outbox) count(tx *store.Tx, m Message) error {
	if o.o.PerRecipient == 0 {
		return nil
	}
	subject := base64.RawURLEncoding.EncodeToString(o.ring.MAC(recipientPurpose, m.UserPoolID, m.Medium, strings.ToLower(m.To)))
	got, err := tx.Attempts(m.UserPoolID, subject, actionMessage)
	if err != nil {
		return err
	}
	if got.Count >= o.o.PerRecipient {
		return ErrRecipientLimit
	}
	_, err = tx.CountAttempt(m.UserPoolID, subject, actionMessage, recipientWindow)
	return err
}

// The counter of the emails of a day, of no pool; Cognito's day begins at nine
// o'clock UTC.
const (
	allPools   = ""
	sharedMail = "shared account"
	dayBegins  = 9 * time.Hour
)

// countDaily counts an email of the account that pools share.
func (o *Outbox) countDaily(tx *store.Tx, m Message) error {
	if o.o.DailyEmails == 0 || !m.SharedAccount {
		return nil
	}
	sent, err := tx.Attempts(allPools, sharedMail, actionMessage)
	if err != nil {
		return err
	}
	if sent.Count >= o.o.DailyEmails {
		return ErrDailyLimit
	}
	day := tx.Now().Add(-dayBegins).Truncate(24 * time.Hour).Add(24*time.Hour + dayBegins)
	_, err = tx.CountAttempt(allPools, sharedMail, actionMessage, day.Sub(tx.Now()))
	return err
}

// defaultLife is for how long delivery is tried of what does not expire.
const defaultLife = 24 * time.Hour

// post puts a message on its way out.
func (o *Outbox) post(tx *store.Tx, m Message) error {
	m.ID, m.SentAt = newID(), tx.Now()
	if m.ExpiresAt.IsZero() {
		m.ExpiresAt = tx.Now().Add(defaultLife)
	}
	doc, err := json.Marshal(letter{Message: m, Sub: m.Sub, ClientID: m.ClientID, ClientMetadata: m.ClientMetadata,
		From: m.From, ReplyTo: m.ReplyTo, FromARN: m.FromARN})
	if err != nil {
		return err
	}
	sealed, err := o.seal(outgoingPurpose, doc, m.UserPoolID, m.ID)
	if err != nil {
		return fmt.Errorf("seal message: %w", err)
	}
	return tx.InsertOutgoing(&store.Outgoing{
		PoolID: m.UserPoolID, ID: m.ID, Sub: m.Sub, Medium: m.Medium, SealedDoc: sealed,
		DueAt: tx.Now(), CreatedAt: tx.Now(), ExpiresAt: m.ExpiresAt,
	})
}

// read opens a message on its way out.
func (o *Outbox) read(row *store.Outgoing) (Message, error) {
	doc, err := o.open(outgoingPurpose, row.SealedDoc, row.PoolID, row.ID)
	if err != nil {
		return Message{}, err
	}
	var l letter
	if err := json.Unmarshal(doc, &l); err != nil {
		return Message{}, err
	}
	m := l.Message
	m.Sub, m.ClientID, m.ClientMetadata, m.ExpiresAt = l.Sub, l.ClientID, l.ClientMetadata, row.ExpiresAt
	m.From, m.ReplyTo, m.FromARN = l.From, l.ReplyTo, l.FromARN
	return m, nil
}

// DeadLetter is a message that nobody will try to deliver again, without what it
// says.
type DeadLetter struct {
	PoolID, ID           string
	Username, Medium, To string
	Source, Error        string
	CreatedAt, ExpiresAt time.Time
}

// DeadLetters returns up to limit dead messages of a pool, or of all where it is
// "", behind the one of a time and id.
func (o *Outbox) DeadLetters(tx *store.Tx, poolID string, after time.Time, id string, limit int) ([]DeadLetter, error) {
	rows, err := tx.ListDeadOutgoing(poolID, after, id, limit)
	if err != nil {
		return nil, err
	}
	list := make([]DeadLetter, len(rows))
	for i, row := range rows {
		m, err := o.read(row)
		if err != nil {
			m = Message{Username: "?", To: "?", Source: "?"} // it can be dropped nevertheless
		}
		list[i] = DeadLetter{
			PoolID: row.PoolID, ID: row.ID, Username: m.Username, Medium: row.Medium, To: m.To, Source: m.Source,
			Error: row.LastError, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
		}
	}
	return list, nil
}

// List returns up to limit messages of the inbox, newest first.
func (o *Outbox) List(tx *store.Tx, f store.MessageFilter, limit int) ([]Message, error) {
	rows, err := tx.ListMessages(f, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Message, len(rows))
	for i, row := range rows {
		doc, err := o.open(messagePurpose, row.SealedDoc, row.PoolID, row.ID)
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", row.ID, err)
		}
		if err := json.Unmarshal(doc, &list[i]); err != nil {
			return nil, fmt.Errorf("message %s: %w", row.ID, err)
		}
	}
	return list, nil
}

// What is sealed: messages in the inbox, and those on their way out.
const (
	messagePurpose  keys.Purpose = "message"
	outgoingPurpose keys.Purpose = "outgoing-message"
)

// pieceSize is how much of a message is sealed at once: an email of 20,000
// characters may be longer than one sealed string.
const pieceSize = 32 << 10

// seal seals a document in pieces with dots between. The last one is marked, so
// that none can be cut off unseen.
func (o *Outbox) seal(purpose keys.Purpose, doc []byte, poolID, id string) (string, error) {
	var pieces []string
	for last := false; !last; {
		n := min(len(doc), pieceSize)
		last = n == len(doc)
		piece, err := o.ring.Seal(purpose, doc[:n], poolID, id, pieceName(len(pieces), last))
		if err != nil {
			return "", err
		}
		pieces = append(pieces, piece)
		doc = doc[n:]
	}
	return strings.Join(pieces, "."), nil
}

func (o *Outbox) open(purpose keys.Purpose, sealed, poolID, id string) ([]byte, error) {
	var doc []byte
	pieces := strings.Split(sealed, ".")
	for i, piece := range pieces {
		part, err := o.ring.Open(purpose, piece, poolID, id, pieceName(i, i == len(pieces)-1))
		if err != nil {
			return nil, err
		}
		doc = append(doc, part...)
	}
	return doc, nil
}

func pieceName(i int, last bool) string { return fmt.Sprintf("%d %t", i, last) }
