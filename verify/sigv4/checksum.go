package sigv4

import (
	"crypto/sha1" //nolint:gosec // a checksum that clients choose; nothing rests on it
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
)

const checksumPrefix = "x-amz-checksum-"

// checksums are those of S3, by the names of their headers behind the prefix.
var checksums = map[string]func() hash.Hash{
	"crc32":  func() hash.Hash { return crc32.NewIEEE() },
	"crc32c": func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	// The polynomial of the NVM Express base specification, reversed.
	"crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
}

// A checksum is what a trailer says of a body. Nil takes any.
type checksum struct {
	name string
	hash hash.Hash
}

// newChecksum finds the first trailer that is a checksum we can compute.
func newChecksum(trailers []string) *checksum {
	for _, name := range trailers {
		if len(name) > len(checksumPrefix) && name[:len(checksumPrefix)] == checksumPrefix {
			if newHash, ok := checksums[name[len(checksumPrefix):]]; ok {
				return &checksum{name, newHash()}
			}
		}
	}
	return nil
}

func (c *checksum) write(data []byte) {
	if c != nil {
		c.hash.Write(data)
	}
}

// compare checks the trailer of this name.
func (c *checksum) compare(name, value string) error {
	if c == nil || c.name != name {
		return nil
	}
	if base64.StdEncoding.EncodeToString(c.hash.Sum(nil)) != value {
		return errors.New("the checksum is not of the body")
	}
	return nil
}
