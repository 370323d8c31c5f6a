package token

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// newUUID returns a UUID of version 7 (RFC 9562, 5.7) of the given time: 48 bits
// of unix milliseconds and 74 random ones.
func newUUID(at time.Time) string {
	id := uuid.New()
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(id[:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id[6] = id[6]&0x0f | 0x70
	return id.String()
}

// NewID returns an id for a session that begins now.
func (i *Issuer) NewID() string { return newUUID(i.db.Now()) }

// uuidTime is the time that newUUID put into an id. The zero time, for anything
// else, comes before every sign-out.
func uuidTime(text string) time.Time {
	id, err := uuid.Parse(text)
	if err != nil || id.Version() != 7 {
		return time.Time{}
	}
	ms := binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))
	return time.UnixMilli(int64(ms)).UTC()
}
