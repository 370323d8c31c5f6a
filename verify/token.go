package verify

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// Token is a token that was verified. It does not change and may be shared. Its
// methods return the zero value for claims it does not have.
type Token struct {
	use       TokenUse
	issuer    string
	subject   string
	clientID  string
	scope     string
	audience  []string
	groups    []string
	issued    int64 // seconds since 1970, as the two below; 0 if absent
	notBefore int64
	expires   int64

	thumbprint string // of the key that it is bound to, or ""

	payload string
	claims  jose.Object

	pool       *pool
	generation uint64 // of the key it was verified by
}

// newToken reads the claims that decide about the token. One that is missing or
// of another type than Cognito's makes the token malformed.
func newToken(j *jws) (*Token, error) {
	t := &Token{payload: j.payload, claims: j.claims}
	use, ok := t.claims.Text("token_use")
	switch {
	case ok && use == "access":
		t.use = AccessToken
	case ok && use == "id":
		t.use = IDToken
	default:
		return nil, fail(ErrTokenUse)
	}
	var okIss, okSub, okClient, okScope bool
	t.issuer, okIss = t.claims.Text("iss")
	t.subject, okSub = t.claims.Text("sub")
	t.clientID, okClient = t.claims.Text("client_id")
	t.scope, okScope = t.claims.Text("scope")
	if !okIss || !okSub || !okClient || !okScope {
		return nil, fail(ErrMalformed)
	}
	var noExp, okExp, okIat, okNbf, okAud, okGroups bool
	t.expires, noExp, okExp = t.claims.Seconds("exp")
	t.issued, _, okIat = t.claims.Seconds("iat")
	t.notBefore, _, okNbf = t.claims.Seconds("nbf")
	t.audience, okAud = t.claims.Strings("aud")
	t.groups, okGroups = t.claims.List("cognito:groups")
	if t.subject == "" || noExp || !okExp || !okIat || !okNbf || !okAud || !okGroups {
		return nil, fail(ErrMalformed)
	}
	if t.thumbprint, ok = boundTo(t.claims); !ok {
		return nil, fail(ErrMalformed)
	}
	if t.use == IDToken { // scope and client_id mean nothing here
		t.scope, t.clientID = "", ""
		if len(t.audience) == 1 {
			t.clientID = t.audience[0]
		}
	}
	if t.clientID == "" {
		return nil, fail(ErrClient)
	}
	return t, nil
}

// boundTo is the thumbprint of the key that a token is bound to by DPoP (RFC 9449,
// 6.1), "" for none. Other ways to bind it are for those who know them.
func boundTo(claims jose.Object) (thumbprint string, ok bool) {
	confirmation, isObject := jose.ParseObject(claims.Get("cnf"))
	if !isObject || confirmation.Get("jkt") == "" {
		return "", true
	}
	thumbprint, ok = confirmation.Text("jkt")
	return thumbprint, ok && thumbprint != ""
}

// Use is AccessToken or IDToken, the claim token_use.
func (t *Token) Use() TokenUse { return t.use }

// Issuer is the claim iss.
func (t *Token) Issuer() string { return t.issuer }

// PoolID is the id of the user pool, the end of the issuer.
func (t *Token) PoolID() string {
	issuer := strings.TrimSuffix(t.issuer, "/")
	return issuer[strings.LastIndexByte(issuer, '/')+1:]
}

// Subject is the claim sub: the user, for ever; for a machine, its client.
func (t *Token) Subject() string { return t.subject }

// ClientID is the app client: client_id of an access token, aud of an ID token.
func (t *Token) ClientID() string { return t.clientID }

// Audience is the claim aud. In access tokens it names resources, if there is any.
func (t *Token) Audience() []string { return slices.Clone(t.audience) }

// Thumbprint is that of the key which the token is bound to (the member jkt of the
// claim cnf), "" for a token that whoever has it may use.
func (t *Token) Thumbprint() string { return t.thumbprint }

// ExpiresAt is the claim exp.
func (t *Token) ExpiresAt() time.Time { return time.Unix(t.expires, 0).UTC() }

// IssuedAt is the claim iat.
func (t *Token) IssuedAt() time.Time { return t.Time("iat") }

// NotBefore is the claim nbf, which Cognito does not write itself.
func (t *Token) NotBefore() time.Time { return t.Time("nbf") }

// Scopes are the words of the claim scope.
func (t *Token) Scopes() []string { return strings.Fields(t.scope) }

// HasScope reports whether Scopes has scope.
func (t *Token) HasScope(scope string) bool {
	for word := range strings.FieldsSeq(t.scope) {
		if word == scope {
			return true
		}
	}
	return false
}

// Groups is the claim cognito:groups, the group of highest precedence first.
func (t *Token) Groups() []string { return slices.Clone(t.groups) }

// HasGroup reports whether Groups has group.
func (t *Token) HasGroup(group string) bool { return slices.Contains(t.groups, group) }

// Text is the claim of that name if it is a string.
func (t *Token) Text(name string) string {
	s, _ := t.claims.Text(name)
	return s
}

// Bool is the claim of that name if it is a boolean, or one of the strings
// "true" and "false", as attributes of linked users are.
func (t *Token) Bool(name string) bool {
	raw := t.claims.Get(name)
	return raw == "true" || raw == `"true"`
}

// Time is the claim of that name if it is a number of whole seconds since 1970.
func (t *Token) Time(name string) time.Time {
	seconds, absent, ok := t.claims.Seconds(name)
	if absent || !ok {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// List is the claim of that name if it is an array of strings.
func (t *Token) List(name string) []string {
	values, _ := t.claims.List(name)
	return values
}

// Claim is the claim of that name as JSON, nil if there is none.
func (t *Token) Claim(name string) json.RawMessage {
	if raw := t.claims.Get(name); raw != "" {
		return json.RawMessage(raw)
	}
	return nil
}

// Decode stores the claims in what to points to, by the rules of json.Unmarshal.
// The fields of a struct take only claims of exactly their name; json.Unmarshal
// alone would also take "Email" for "email".
func (t *Token) Decode(to any) error {
	names, ok := fieldNames(reflect.TypeOf(to))
	if !ok {
		return json.Unmarshal([]byte(t.payload), to)
	}
	known := make(map[string]json.RawMessage)
	for _, m := range t.claims {
		if names[m.Name] {
			known[m.Name] = json.RawMessage(m.Value)
		}
	}
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

// fieldNames are the names that the JSON fields of a struct have, if pointer is
// one to a struct that has no UnmarshalJSON of its own.
func fieldNames(pointer reflect.Type) (map[string]bool, bool) {
	if pointer == nil || pointer.Kind() != reflect.Pointer || pointer.Elem().Kind() != reflect.Struct ||
		pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil, false
	}
	names := make(map[string]bool)
	for _, field := range reflect.VisibleFields(pointer.Elem()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			name = field.Name
		}
		names[name] = true
	}
	return names, true
}

// String tells the kind of token and no claim of its user, so that a token that
// is logged by mistake gives nobody away.
func (t *Token) String() string { return t.use.String() + " token" }

// GoString is String.
func (t *Token) GoString() string { return t.String() }
