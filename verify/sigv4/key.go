package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// The endpoint of a Poolhouse server that gives signing keys.
//
//	POST /_poolhouse/sigv4/key
//	{"accessKeyId": ..., "sessionToken": ..., "date": "YYYYMMDD", "region": ..., "service": ...}
//
// signed by AWS Signature Version 4 for the service sts, by an access key that may
// poolhouse:GetSigningKey on arn:aws:sts:<region>:<account>:signing-key/<service>.
// The answer is a keyAnswer, or status 404 for a session that there is not, or 400
// with __type SessionExpiredException for one that is over.
const (
	keyPath      = "/_poolhouse/sigv4/key"
	keyTimeout   = 10 * time.Second
	maxKeyAnswer = 128 << 10 // bytes
	maxAsking    = 32        // questions to the server at once
	maxWaiting   = 1024      // and before them, which hold a token each: anybody may invent one

	sessionExpired = "SessionExpiredException"
)

type keyRequest struct {
	AccessKeyID  string `json:"accessKeyId"`
	SessionToken string `json:"sessionToken"`
	Date         string `json:"date"`
	Region       string `json:"region"`
	Service      string `json:"service"`
}

type keyAnswer struct {
	SigningKey []byte `json:"signingKey"`
	ExpiresAt  int64  `json:"expiresAt"` // unix seconds
	Session    struct {
		ARN            string            `json:"arn"`
		UserID         string            `json:"userId"`
		Account        string            `json:"account"`
		RoleARN        string            `json:"roleArn"`
		SessionName    string            `json:"sessionName"`
		IdentityID     string            `json:"identityId"`
		IdentityPoolID string            `json:"identityPoolId"`
		Amr            []string          `json:"amr"`
		Tags           map[string]string `json:"tags"`
		Policy         json.RawMessage   `json:"policy"`
	} `json:"session"`
}

// A scopedKey is a session with the key of one scope.
type scopedKey struct {
	key     []byte
	session *Session
	until   time.Time // when the server must be asked again
}

// keys asks the server and remembers what it said.
type keys struct {
	url    string
	region string
	access verify.AccessKey
	client *http.Client
	keep   time.Duration
	half   int
	now    func() time.Time
	slots  chan struct{}

	mu         sync.Mutex
	young, old map[keyID]*scopedKey
	asking     map[keyID]*question
}

// keyID is the digest of a session token with its access key and scope.
type keyID [sha256.Size]byte

// A question is under way; its answer is for all who wait.
type question struct {
	done   chan struct{}
	answer *scopedKey
	err    error
}

// find returns the key for a signature.
func (k *keys) find(ctx context.Context, s *signature) (*scopedKey, error) {
	id := keyID(sha256.Sum256([]byte(s.keyID + "\n" + s.scope() + "\n" + s.token)))
	k.mu.Lock()
	if known := k.remembered(id); known != nil {
		k.mu.Unlock()
		return known, nil
	}
	q, running := k.asking[id]
	if !running && len(k.asking) >= maxAsking+maxWaiting {
		k.mu.Unlock()
		return nil, &Error{ErrUnavailable, errors.New("too many questions to the server wait for answers")}
	}
	if !running {
		q = &question{done: make(chan struct{})}
		k.asking[id] = q
		// Others may wait for the answer, so that it does not end with one request.
		go k.ask(context.WithoutCancel(ctx), id, q, keyRequest{s.keyID, s.token, s.date, s.region, s.service})
	}
	k.mu.Unlock()
	select {
	case <-q.done:
		return q.answer, q.err
	case <-ctx.Done():
		return nil, &Error{ErrUnavailable, ctx.Err()}
	}
}

// remembered is called with the lock held.
func (k *keys) remembered(id keyID) *scopedKey {
	known := k.young[id]
	if known == nil {
		if known = k.old[id]; known != nil {
			k.remember(id, known)
		}
	}
	if known == nil || !k.now().Before(known.until) {
		return nil
	}
	return known
}

// remember keeps two halves: when the young one is full it becomes the old one, and
// what nobody asked for since is forgotten.
func (k *keys) remember(id keyID, known *scopedKey) {
	if _, there := k.young[id]; !there && len(k.young) >= k.half {
		k.old, k.young = k.young, make(map[keyID]*scopedKey, k.half)
	}
	k.young[id] = known
}

func (k *keys) ask(ctx context.Context, id keyID, q *question, in keyRequest) {
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	select {
	case k.slots <- struct{}{}:
		q.answer, q.err = k.get(ctx, in)
		<-k.slots
	case <-ctx.Done():
		q.err = &Error{ErrUnavailable, ctx.Err()}
	}
	k.mu.Lock()
	delete(k.asking, id)
	if q.err == nil {
		k.remember(id, q.answer)
	}
	k.mu.Unlock()
	close(q.done)
}

// get asks the server. Every error is an *Error.
func (k *keys) get(ctx context.Context, in keyRequest) (*scopedKey, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, &Error{ErrUnavailable, err}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{ErrUnavailable, err}
	}
	r.Header.Set("Content-Type", "application/json")
	sign(r, k.access, k.region, body, k.now())
	response, err := k.client.Do(r)
	if err != nil {
		return nil, &Error{ErrUnavailable, err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeyAnswer))
	if err != nil {
		return nil, &Error{ErrUnavailable, err}
	}
	if response.StatusCode != http.StatusOK {
		return nil, refused(response.StatusCode, text)
	}
	answer, err := k.read(text, in.AccessKeyID)
	if err != nil {
		return nil, &Error{ErrUnavailable, err}
	}
	return answer, nil
}

func refused(status int, text []byte) error {
	var refusal struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(text, &refusal) // what is not readable refuses all the same
	switch {
	case status == http.StatusNotFound && refusal.Type == "ResourceNotFoundException":
		return fail(ErrSession)
	case refusal.Type == sessionExpired:
		return fail(ErrExpired)
	}
	return &Error{ErrUnavailable, fmt.Errorf("the server answered %d %.64q: %.256q", status, refusal.Type, refusal.Message)}
}

func (k *keys) read(text []byte, accessKeyID string) (*scopedKey, error) {
	var a keyAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, errors.New("the answer is no signing key")
	}
	if len(a.SigningKey) != sha256.Size || a.ExpiresAt <= 0 || a.ExpiresAt > 1<<40 {
		return nil, errors.New("the answer has no signing key")
	}
	policy, err := parsePolicy(a.Session.Policy)
	if err != nil {
		return nil, fmt.Errorf("the session's policy: %w", err)
	}
	in := a.Session
	session := &Session{
		AccessKeyID: accessKeyID, ARN: in.ARN, UserID: in.UserID, Account: in.Account, RoleARN: in.RoleARN, SessionName: in.SessionName,
		IdentityID: in.IdentityID, IdentityPoolID: in.IdentityPoolID, Amr: in.Amr, Tags: in.Tags,
		ExpiresAt: time.Unix(a.ExpiresAt, 0).UTC(), policy: policy,
	}
	until := k.now().Add(k.keep)
	if session.ExpiresAt.Before(until) {
		until = session.ExpiresAt
	}
	return &scopedKey{key: a.SigningKey, session: session, until: until}, nil
}

// sign adds the signature of an access key to a request with a JSON body. Its path
// must be plain, and it has no query.
func sign(r *http.Request, key verify.AccessKey, region string, body []byte, now time.Time) {
	s := &signature{service: "sts", region: region, time: now.UTC(), headers: []string{"content-type", "host", "x-amz-date"}}
	s.date = s.time.Format("20060102")
	r.Header.Set("X-Amz-Date", s.time.Format(timeFormat))
	if key.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", key.SessionToken)
		s.headers = append(s.headers, "x-amz-security-token")
	}
	r.Host = r.URL.Host
	text, _ := s.stringToSign(r, hexSHA256(body)) // all the headers are there
	r.Header.Set("Authorization", algorithm+" Credential="+key.ID+"/"+s.scope()+
		", SignedHeaders="+strings.Join(s.headers, ";")+", Signature="+hexHMAC(signingKey(key.Secret, s), text))
}

func signingKey(secret string, s *signature) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, terminator} {
		key = hmacSHA256(key, part)
	}
	return key
}
