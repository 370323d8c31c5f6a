package userpool

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	maxPassword   = 256 // characters
	uppercase     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowercase     = "abcdefghijklmnopqrstuvwxyz"
	numeric       = "0123456789"
	symbols       = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= " // developer guide, "Password policy"
	policyFailure = "Password did not conform with policy: "
)

// CheckPasswordPolicy says whether a password satisfies the pool's policy; the
// first rule that it fails is the answer, an InvalidPasswordException. A password
// that begins or ends with white space gives an InvalidParameterException.
func (p *Pool) CheckPasswordPolicy(password string) error {
	policy := p.Policies.PasswordPolicy
	n := utf8.RuneCountInString(password)
	switch {
	case n < policy.MinimumLength || n == 0:
		return fault.New(fault.InvalidPassword, policyFailure+"Password not long enough")
	case n > maxPassword:
		return fault.New(fault.InvalidParameter,
			"1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 256")
	case policy.RequireNumbers && !strings.ContainsAny(password, numeric):
		return fault.New(fault.InvalidPassword, policyFailure+"Password must have numeric characters")
	case policy.RequireSymbols && !strings.ContainsAny(strings.TrimSpace(password), symbols):
		return fault.New(fault.InvalidPassword, policyFailure+"Password must have symbol characters")
	case policy.RequireUppercase && !strings.ContainsAny(password, uppercase):
		return fault.New(fault.InvalidPassword, policyFailure+"Password must have uppercase characters")
	case policy.RequireLowercase && !strings.ContainsAny(password, lowercase):
		return fault.New(fault.InvalidPassword, policyFailure+"Password must have lowercase characters")
	}
	first, _ := utf8.DecodeRuneInString(password)
	last, _ := utf8.DecodeLastRuneInString(password)
	if unicode.IsSpace(first) || unicode.IsSpace(last) {
		return fault.New(fault.InvalidParameter, "1 validation error detected: Value at 'password' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`)
	}
	return nil
}

// The characters of generated passwords: none that looks like another and no
// symbol that HTML, shells or line breaks mistreat.
const (
	easyUppercase = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	easyLowercase = "abcdefghijkmnopqrstuvwxyz"
	easyNumeric   = "23456789"
	easySymbols   = "!#%+-=?@_"
)

// minTemporary is the least length of a generated password.
const minTemporary = 12

// temporaryPassword makes a random password that satisfies any policy the pool
// may have.
func (p *Pool) temporaryPassword() string {
	n := max(minTemporary, p.Policies.PasswordPolicy.MinimumLength)
	b := make([]byte, 0, n)
	for _, class := range []string{easyUppercase, easyLowercase, easyNumeric, easySymbols} {
		b = append(b, class[randomInt(len(class))])
	}
	const all = easyUppercase + easyLowercase + easyNumeric
	for len(b) < n {
		b = append(b, all[randomInt(len(all))])
	}
	for i := len(b) - 1; i > 0; i-- {
		j := randomInt(i + 1)
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// randomInt is a uniform number below n from crypto/rand.
func randomInt(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic("userpool: " + err.Error()) // crypto/rand never fails
	}
	return int(i.Int64())
}
