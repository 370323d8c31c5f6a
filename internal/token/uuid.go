package token

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// newUUID returns a UUID of version 7 (RFC 9562, 5.7) of the given time: 48 bits
// of unix milliseconds and 74 random ones.
func newUUID(at time.Time) string {
	var b [16]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(b[:], uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	text := make([]byte, 0, 36)
	for i, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// uuidTime is the time that newUUID put into an id. The zero time, for anything
// else, comes before every sign-out.
func uuidTime(id string) time.Time {
	if len(id) != 36 || id[8] != '-' || id[14] != '7' {
		return time.Time{}
	}
	var b [8]byte
	if _, err := hex.Decode(b[2:], []byte(id[:8]+id[9:13])); err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:]))).UTC()
}
