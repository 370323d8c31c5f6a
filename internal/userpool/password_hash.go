package userpool

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// What a hash of another system may cost to check: the bounds of the developer
// guide ("Importing users with password hashes"). scrypt takes 64 MB with them,
// argon2id 19 MB.
const (
	maxBcryptCost   = 12
	maxScryptN      = 65536
	maxScryptR      = 8
	maxScryptP      = 1
	maxArgonMemory  = 19456 // KiB
	maxArgonTime    = 2
	maxArgonThreads = 1
	maxPBKDF2Rounds = 600_000

	// Salts and hashes of other lengths are nobody's, or hardly any hash at all.
	minHashBytes = 16
	maxHashBytes = 64
	maxHashSalt  = 64
	// maxHashText is more than the longest hash of these algorithms has.
	maxHashText = 512
)

var (
	errHashForm = fault.New(fault.InvalidParameter,
		"The password hash does not have the format of the job's password hashing algorithm.")
	errHashBounds = fault.New(fault.InvalidParameter, "A parameter of the password hash exceeds the maximum.")
)

// A passwordHash is what another system kept of a password. It says whether a
// password is the one.
type passwordHash func(password string) bool

// hashParsers read the text of a hash, by the names of PasswordHashingAlgorithm.
var hashParsers = map[string]func(text string) (passwordHash, error){
	"BCRYPT":        parseBcrypt,
	"SCRYPT":        parseScrypt,
	"ARGON2ID":      parseArgon2id,
	"PBKDF2_SHA256": parsePBKDF2,
}

// parsePasswordHash reads a hash of an algorithm. The errors are
// InvalidParameterException for one of another form, or one that would cost more
// to check than the bounds above allow.
func parsePasswordHash(algorithm, text string) (passwordHash, error) {
	parse := hashParsers[algorithm]
	if parse == nil || len(text) > maxHashText {
		return nil, errHashForm
	}
	return parse(text)
}

var bcryptPattern = regexp.MustCompile(`^\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)

// parseBcrypt reads $2b$10$ and 53 characters of salt and hash. $2x$, which marks
// hashes of a program with a fault, is checked as the others are: they differ
// only for passwords beyond ASCII.
func parseBcrypt(text string) (passwordHash, error) {
	m := bcryptPattern.FindStringSubmatch(text)
	if m == nil {
		return nil, errHashForm
	}
	cost, _ := strconv.Atoi(m[1]) // two digits
	switch {
	case cost < bcrypt.MinCost:
		return nil, errHashForm
	case cost > maxBcryptCost:
		return nil, errHashBounds
	}
	return func(password string) bool {
		// bcrypt looks at 72 bytes, in all implementations.
		return bcrypt.CompareHashAndPassword([]byte(text), []byte(password[:min(len(password), 72)])) == nil
	}, nil
}

var scryptPattern = regexp.MustCompile(`^([0-9]{1,10})\$([0-9]{1,10})\$([0-9]{1,10})\$([0-9A-Fa-f]+)\$([0-9A-Fa-f]+)$`)

// parseScrypt reads N$r$p$salt$hash, salt and hash in hex.
func parseScrypt(text string) (passwordHash, error) {
	m := scryptPattern.FindStringSubmatch(text)
	if m == nil {
		return nil, errHashForm
	}
	numbers, err := hashNumbers(m[1:4], maxScryptN, maxScryptR, maxScryptP)
	if err != nil {
		return nil, err
	}
	n, r, p := numbers[0], numbers[1], numbers[2]
	if n < 2 || n&(n-1) != 0 {
		return nil, errHashForm
	}
	salt, err1 := hex.DecodeString(m[4])
	want, err2 := hex.DecodeString(m[5])
	if errors.Join(err1, err2) != nil || !hashLengths(salt, want) {
		return nil, errHashForm
	}
	return func(password string) bool {
		got, err := scrypt.Key([]byte(password), salt, n, r, p, len(want))
		return err == nil && subtle.ConstantTimeCompare(got, want) == 1
	}, nil
}

var argonPattern = regexp.MustCompile(`^\$argon2id\$v=([0-9]{1,10})\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,10})\$([+/A-Za-z0-9]+)\$([+/A-Za-z0-9]+)$`)

// parseArgon2id reads the PHC string format, version 19 alone, which is the only
// one in use.
func parseArgon2id(text string) (passwordHash, error) {
	m := argonPattern.FindStringSubmatch(text)
	if m == nil || m[1] != strconv.Itoa(argon2.Version) {
		return nil, errHashForm
	}
	numbers, err := hashNumbers(m[2:5], maxArgonMemory, maxArgonTime, maxArgonThreads)
	if err != nil {
		return nil, err
	}
	memory, time, threads := uint32(numbers[0]), uint32(numbers[1]), uint8(numbers[2]) //nolint:gosec // bounded above
	salt, err1 := base64.RawStdEncoding.DecodeString(m[5])
	want, err2 := base64.RawStdEncoding.DecodeString(m[6])
	if errors.Join(err1, err2) != nil || !hashLengths(salt, want) || memory < 8*uint32(threads) {
		return nil, errHashForm
	}
	return func(password string) bool {
		got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want))) //nolint:gosec // see maxHashBytes
		return subtle.ConstantTimeCompare(got, want) == 1
	}, nil
}

var pbkdf2Pattern = regexp.MustCompile(`^\$pbkdf2-sha256\$([0-9]{1,10})\$([+./A-Za-z0-9]+)\$([+./A-Za-z0-9]+)$`)

// parsePBKDF2 reads $pbkdf2-sha256$iterations$salt$hash with salt and hash in
// base64 without padding, in which a dot may stand for the plus (passlib).
func parsePBKDF2(text string) (passwordHash, error) {
	m := pbkdf2Pattern.FindStringSubmatch(text)
	if m == nil {
		return nil, errHashForm
	}
	numbers, err := hashNumbers(m[1:2], maxPBKDF2Rounds)
	if err != nil {
		return nil, err
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(m[2], ".", "+"))
	want, err2 := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(m[3], ".", "+"))
	if errors.Join(err1, err2) != nil || !hashLengths(salt, want) {
		return nil, errHashForm
	}
	return func(password string) bool {
		got, err := pbkdf2.Key(sha256.New, password, salt, numbers[0], len(want))
		return err == nil && subtle.ConstantTimeCompare(got, want) == 1
	}, nil
}

// hashNumbers reads numbers from 1 on and up to their bounds.
func hashNumbers(texts []string, most ...int) ([]int, error) {
	if len(texts) != len(most) {
		return nil, errHashForm
	}
	numbers := make([]int, 0, len(most))
	for i, bound := range most {
		n, err := strconv.ParseInt(texts[i], 10, 64)
		switch {
		case err != nil || n < 1:
			return nil, errHashForm
		case n > int64(bound):
			return nil, errHashBounds
		}
		numbers = append(numbers, int(n))
	}
	return numbers, nil
}

func hashLengths(salt, hash []byte) bool {
	return len(salt) > 0 && len(salt) <= maxHashSalt && len(hash) >= minHashBytes && len(hash) <= maxHashBytes
}

// A hash of another system is sealed where a verifier would be, behind a zero
// byte, with which no verifier begins (see srp.Verifier.MarshalBinary), and its
// algorithm.
func hashForm(algorithm, text string) []byte {
	return []byte("\x00" + algorithm + "\x00" + text)
}

// readHashForm reads what hashForm wrote; ok is false for a verifier.
func readHashForm(b []byte) (algorithm, text string, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte{0})
	if !ok {
		return "", "", false
	}
	name, hash, ok := bytes.Cut(rest, []byte{0})
	return string(name), string(hash), ok
}
