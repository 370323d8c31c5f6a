package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"
	"unicode"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// User codes are what people type: 8 letters without vowels, so that they make no
// words and 20^8 codes (RFC 8628, 6.1).
const (
	userCodeLetters              = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength               = 8
	userCodePurpose keys.Purpose = "device-user-code"
)

// newUserCode draws a code.
func newUserCode() string {
	const fair = 256 - 256%len(userCodeLetters) // bytes from here on would favor some letters
	code := make([]byte, 0, userCodeLength)
	for len(code) < userCodeLength {
		var drawn [2 * userCodeLength]byte
		_, _ = rand.Read(drawn[:]) // never fails, see crypto/rand
		for _, b := range drawn {
			if int(b) < fair && len(code) < userCodeLength {
				code = append(code, userCodeLetters[int(b)%len(userCodeLetters)])
			}
		}
	}
	return string(code)
}

// shownUserCode is a code as people see it: WDJB-MJHT.
func shownUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// readUserCode is the code that somebody typed: in lower case, with spaces, dashes
// or the wide letters of East Asian keyboards. ok is false for what is none.
func readUserCode(typed string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		if r >= 'Ａ' && r <= 'ｚ' {
			r -= 'Ａ' - 'A'
		}
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, typed)
	if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" {
		return "", false
	}
	return code, true
}

// How many wrong user codes are taken within the window, on all nodes together
// (RFC 8628, 5.1). With a thousand devices waiting, those of a pool find one once in
// some 50,000 windows. Beyond them networks are heard that have sent no wrong code, so
// that guessing from a few does not keep everybody's devices out; all of those find one
// once in some 1,000 windows.
const (
	userCodeWindow      = 10 * time.Minute
	userCodesOfNetwork  = 20
	userCodesOfPool     = 500
	userCodesInAll      = 20_000
	userCodeAction      = "user-code"
	userCodeSubject     = "device-pages"
	userCodeFromSubject = "device-pages "
)

var (
	errUserCode  = fault.New(fault.CodeMismatch, "There is no such user code.")
	errUserCodes = fault.New(fault.TooManyRequests, "Too many wrong user codes.")
)

// mayGuess says whether another code is looked at, after so many wrong ones from its
// network and of the pool. known says that there is a network to count by.
func mayGuess(known bool, ofNetwork, ofPool int) bool {
	fresh := known && ofNetwork == 0
	return ofNetwork < userCodesOfNetwork && (ofPool < userCodesOfPool || fresh && ofPool < userCodesInAll)
}

// findUserCode is the grant that waits under what somebody typed. What could be no
// code counts as no guess. Errors: CodeMismatchException, TooManyRequestsException.
func (s *Server) findUserCode(ctx context.Context, poolID, typed, network string) (g *store.DeviceGrant, code string, err error) {
	code, ok := readUserCode(typed)
	if !ok {
		return nil, "", errUserCode
	}
	subjects := []string{userCodeSubject}
	if network != "" {
		subjects = append(subjects, userCodeFromSubject+network)
	}
	var refused error
	err = s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		refused = nil
		var wrong [2]store.Attempts
		for i, subject := range subjects {
			if wrong[i], err = tx.Attempts(poolID, subject, userCodeAction); err != nil {
				return err
			}
		}
		if !mayGuess(network != "", wrong[1].Count, wrong[0].Count) {
			refused = errUserCodes
			return nil
		}
		g, err = tx.DeviceGrantByUserCode(poolID, s.nameHash(userCodePurpose, poolID, code))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && g.State == store.DevicePending && tx.Now().Before(g.ExpiresAt) {
			return nil
		}
		refused = errUserCode
		for _, subject := range subjects {
			if _, err := tx.CountAttempt(poolID, subject, userCodeAction, userCodeWindow); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	return g, code, err
}
