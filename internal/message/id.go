package message

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

var lastID atomic.Uint64

// newID returns 32 hexadecimal digits that sort in the order in which a node
// made them, so that messages of one millisecond are listed newest first too;
// the clock of a development server may stand still.
func newID() string {
	var b [16]byte
	for {
		last := lastID.Load()
		next := max(last+1, uint64(time.Now().UnixNano()))
		if lastID.CompareAndSwap(last, next) {
			binary.BigEndian.PutUint64(b[:], next)
			break
		}
	}
	rand.Read(b[8:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}
