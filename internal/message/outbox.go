package message

import (
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
}

// Outbox keeps messages until they are carried to their recipients.
type Outbox struct {
	ring    *keys.Ring
	carrier bool
}

// NewOutbox returns an outbox. carrier says whether anything takes messages out
// of it; without one nothing is accepted, see Ready.
func NewOutbox(ring *keys.Ring, carrier bool) *Outbox {
	return &Outbox{ring: ring, carrier: carrier}
}

// Ready returns CodeDeliveryFailureException if no message could reach anybody.
// Operations that must send ask before they write anything.
func (o *Outbox) Ready() error {
	if !o.carrier {
		return fault.New(fault.CodeDeliveryFailure, "Unable to deliver code to user")
	}
	return nil
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
	sealed, err := o.seal(doc, m.UserPoolID, m.ID)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal message: %w", err)
	}
	return Sealed{store.Message{
		ID: m.ID, PoolID: m.UserPoolID, Username: m.Username, Recipient: m.To, SealedDoc: sealed, CreatedAt: now,
	}}, nil
}

// Put adds a message with the transaction's other changes.
func (o *Outbox) Put(tx *store.Tx, m Message) error {
	if err := o.Ready(); err != nil {
		return err
	}
	s, err := o.Seal(m, tx.Now())
	if err != nil {
		return err
	}
	return tx.InsertMessage(&s.row)
}

// List returns up to limit messages, newest first.
func (o *Outbox) List(tx *store.Tx, f store.MessageFilter, limit int) ([]Message, error) {
	rows, err := tx.ListMessages(f, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Message, len(rows))
	for i, row := range rows {
		doc, err := o.open(row.SealedDoc, row.PoolID, row.ID)
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", row.ID, err)
		}
		if err := json.Unmarshal(doc, &list[i]); err != nil {
			return nil, fmt.Errorf("message %s: %w", row.ID, err)
		}
	}
	return list, nil
}

const messagePurpose keys.Purpose = "message"

// pieceSize is how much of a message is sealed at once: an email of 20,000
// characters may be longer than one sealed string.
const pieceSize = 32 << 10

// seal seals a document in pieces with dots between. The last one is marked, so
// that none can be cut off unseen.
func (o *Outbox) seal(doc []byte, poolID, id string) (string, error) {
	var pieces []string
	for last := false; !last; {
		n := min(len(doc), pieceSize)
		last = n == len(doc)
		piece, err := o.ring.Seal(messagePurpose, doc[:n], poolID, id, pieceName(len(pieces), last))
		if err != nil {
			return "", err
		}
		pieces = append(pieces, piece)
		doc = doc[n:]
	}
	return strings.Join(pieces, "."), nil
}

func (o *Outbox) open(sealed, poolID, id string) ([]byte, error) {
	var doc []byte
	pieces := strings.Split(sealed, ".")
	for i, piece := range pieces {
		part, err := o.ring.Open(messagePurpose, piece, poolID, id, pieceName(i, i == len(pieces)-1))
		if err != nil {
			return nil, err
		}
		doc = append(doc, part...)
	}
	return doc, nil
}

func pieceName(i int, last bool) string { return fmt.Sprintf("%d %t", i, last) }
