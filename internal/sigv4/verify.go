package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// errMismatch is the answer to every signature that does not fit, whatever the
// piece that differs.
var errMismatch = invalid("The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")

// Verify checks the signature of r against the secret. r must be the request
// the signature was parsed from and body all of its body. now is the server's
// clock. It returns nil or InvalidSignatureException. The secret is compared in
// constant time and appears in no error.
func (s *Signature) Verify(r *http.Request, body []byte, secret string, now time.Time) error {
	if err := s.checkTime(now); err != nil {
		return err
	}
	payloadHash := hexSHA256(body)
	// A signer that declares the payload hash must mean this body. The words
	// UNSIGNED-PAYLOAD and STREAMING-... thereby never pass.
	declared := slices.Clone(r.Header.Values("X-Amz-Content-Sha256"))
	if s.Presigned {
		declared = append(declared, r.URL.Query()["X-Amz-Content-Sha256"]...)
	}
	for _, hash := range declared {
		if hash != payloadHash {
			return errMismatch
		}
	}
	// A secret is never empty; an unset one must not become a usable key.
	if secret == "" {
		return errMismatch
	}
	canonical, ok := canonicalRequest(r, s.SignedHeaders, payloadHash, len(body))
	if !ok {
		return errMismatch
	}
	mac := hmacSHA256(SigningKey(secret, s.Credential), stringToSign(s.Time, s.Credential, canonical))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(mac)), []byte(s.signature)) != 1 {
		return errMismatch
	}
	return nil
}

// checkTime holds the signing time against the clock, to the second as AWS
// prints it.
func (s *Signature) checkTime(now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	text := func(t time.Time) string { return t.Format(timeFormat) }
	if latest := now.Add(MaxSkew); s.Time.After(latest) {
		return invalid("Signature not yet current: " + text(s.Time) + " is still later than " + text(latest) + " (" + text(now) + " + 5 min.)")
	}
	if s.Presigned {
		if end := s.Time.Add(s.Expires); end.Before(now) {
			return invalid("Signature expired: " + text(end) + " is now earlier than " + text(now))
		}
		return nil
	}
	if earliest := now.Add(-MaxSkew); s.Time.Before(earliest) {
		return invalid("Signature expired: " + text(s.Time) + " is now earlier than " + text(earliest) + " (" + text(now) + " - 5 min.)")
	}
	return nil
}

// checkSignedHeaders wants the host, the time and every x-amz-* header of the
// request under the signature, so that none can be added or exchanged.
//
// Content-Type is not demanded, though AWS's guide does: the PHP SDK and the
// JavaScript SDK v2 send it unsigned and AWS accepts that. X-Amzn-Trace-Id, added by load
// balancers, has another prefix; every SDK leaves it unsigned.
func (s *Signature) checkSignedHeaders(r *http.Request) error {
	if !s.signs("host") {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if !s.Presigned && len(r.Header["X-Amz-Date"]) == 0 && !s.signs("date") {
		return invalid("'Date' must be a 'SignedHeader' in the AWS Authorization.")
	}
	var unsigned []string
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != addedByCloudFront && !s.signs(name) {
			unsigned = append(unsigned, echo(name))
		}
	}
	if unsigned == nil {
		return nil
	}
	slices.Sort(unsigned)
	return invalid("There were headers present in the request which were not signed: " + strings.Join(unsigned[:min(len(unsigned), 8)], ", "))
}

// addedByCloudFront is the one x-amz-* header a proxy adds: CloudFront's
// request id on its way to the origin. Nothing here reads it.
const addedByCloudFront = "x-amz-cf-id"

func (s *Signature) signs(name string) bool {
	_, ok := slices.BinarySearch(s.SignedHeaders, name)
	return ok
}

func stringToSign(signed time.Time, c Credential, canonical string) string {
	return algorithm + "\n" + signed.Format(timeFormat) + "\n" + c.scope() + "\n" + hexSHA256([]byte(canonical))
}

// SigningKey derives the key of one day, region and service, which is good for
// signatures of that scope only. Four HMACs of a few bytes cost less than a cache
// that would keep secrets in memory.
func SigningKey(secret string, c Credential) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.Date, c.Region, c.Service, terminator} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
