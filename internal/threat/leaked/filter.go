// Package leaked knows passwords that are known to attackers: common ones by a
// small list of its own, and those of a list of SHA-1 hashes, such as that of Have
// I Been Pwned, by a file that Build makes of it.
//
// The file is a Bloom filter in blocks of 64 bytes, so that asking reads one block
// and the file need not be in memory. It takes 20 bits for each password, and says
// of 1 in some 4,000 others wrongly that they are known. It is
//
//	16 bytes  "poolhouse leaked"
//	 8 bytes  version 1, big endian
//	 8 bytes  the number of passwords, big endian
//	32 bytes  zero
//
// and the blocks.
package leaked

import (
	"crypto/sha1" //nolint:gosec // what public lists have; nothing is protected by it
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
)

const (
	magic       = "poolhouse leaked"
	version     = 1
	headerSize  = 64
	blockSize   = 64 // bytes
	bitsPerHash = 20
	probes      = 10 // bits that are set for a hash, in its block
)

// hash is the SHA-1 of a password.
type hash [sha1.Size]byte

func hashOf(password string) hash { return sha1.Sum([]byte(password)) } //nolint:gosec // as above

// block is the number of a hash's block among n.
func (h hash) block(n uint64) uint64 {
	high, _ := bits.Mul64(binary.BigEndian.Uint64(h[:8]), n)
	return high
}

// bit is the i-th of the bits that a hash sets in its block: nine bits of it,
// behind those that choose the block.
func (h hash) bit(i int) (index int, mask byte) {
	at := i * 9
	pair := uint(h[8+at/8])<<8 | uint(h[9+at/8])
	n := pair >> (7 - at%8) & 0x1ff
	return int(n / 8), 1 << (n % 8)
}

// File is an open filter. It is safe for concurrent use.
type File struct {
	f      *os.File
	blocks uint64
	count  uint64
}

// Open opens a file that Build made.
func Open(path string) (*File, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	l := &File{f: f}
	if err := l.readHeader(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

var errNoFilter = errors.New("it is not a file that 'poolhouse passwords build' made, or not a whole one")

func (l *File) readHeader() error {
	var header [headerSize]byte
	if _, err := io.ReadFull(l.f, header[:]); err != nil {
		return errNoFilter
	}
	if string(header[:16]) != magic {
		return errNoFilter
	}
	if v := binary.BigEndian.Uint64(header[16:]); v != version {
		return fmt.Errorf("its version is %d; this program reads version %d", v, version)
	}
	l.count = binary.BigEndian.Uint64(header[24:])
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	l.blocks = blocksFor(l.count)
	if l.count > maxHashes || uint64(info.Size()) != headerSize+l.blocks*blockSize { //nolint:gosec // sizes are not negative
		return errNoFilter
	}
	return nil
}

// maxHashes is far beyond the lists there are, and keeps sizes in range.
const maxHashes = 1 << 40

// blocksFor is how many blocks a number of hashes takes, at least one.
func blocksFor(count uint64) uint64 {
	return max(1, (count*bitsPerHash+blockSize*8-1)/(blockSize*8))
}

// Len is how many passwords the file was made of.
func (l *File) Len() uint64 { return l.count }

// Has says whether a password is in the file.
func (l *File) Has(password string) (bool, error) {
	h := hashOf(password)
	var block [blockSize]byte
	if _, err := l.f.ReadAt(block[:], int64(headerSize+h.block(l.blocks)*blockSize)); err != nil { //nolint:gosec // below the file's size
		return false, fmt.Errorf("file of leaked passwords: %w", err)
	}
	for i := range probes {
		if at, mask := h.bit(i); block[at]&mask == 0 {
			return false, nil
		}
	}
	return true, nil
}

// Close closes the file.
func (l *File) Close() error { return l.f.Close() }
