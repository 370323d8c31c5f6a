package poolhousetest

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// DefaultPassword is that of users made without one. It keeps the rules of a pool
// that sets none.
const DefaultPassword = "Correct-Horse-7"

// User is a user of the pool.
type User struct {
	Username string
	Password string // default: DefaultPassword
	// Attributes are such as "email". Whoever wants an email that is verified
	// says "email_verified": "true".
	Attributes map[string]string
	Groups     []string // are made if the pool has none of the name
	Sub        string   // given by CreateUser
}

type attribute struct{ Name, Value string }

// CreateUser makes a confirmed user, whom nothing is sent. It returns u with what
// was left out.
func (s *Server) CreateUser(u User) User {
	s.t.Helper()
	if u.Password == "" {
		u.Password = DefaultPassword
	}
	attributes := []attribute{}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		attributes = append(attributes, attribute{name, u.Attributes[name]})
	}
	var created struct {
		User struct{ Attributes []attribute }
	}
	user := map[string]any{"UserPoolId": s.PoolID, "Username": u.Username}
	with := func(more map[string]any) map[string]any {
		more = maps.Clone(more)
		maps.Copy(more, user)
		return more
	}
	s.must("AdminCreateUser", with(map[string]any{"UserAttributes": attributes, "MessageAction": "SUPPRESS"}), &created)
	s.must("AdminSetUserPassword", with(map[string]any{"Password": u.Password, "Permanent": true}), nil)
	for _, a := range created.User.Attributes {
		if a.Name == "sub" {
			u.Sub = a.Value
		}
	}
	for _, group := range u.Groups {
		err := s.Call(s.t.Context(), "CreateGroup", map[string]any{"UserPoolId": s.PoolID, "GroupName": group}, nil)
		if e, ok := errors.AsType[*APIError](err); err != nil && (!ok || e.Code != "GroupExistsException") {
			s.t.Fatalf("poolhousetest: CreateGroup: %v", err)
		}
		s.must("AdminAddUserToGroup", with(map[string]any{"GroupName": group}), nil)
	}
	return u
}

// Tokens are those of a sign-in.
type Tokens struct {
	ID      string `json:"IdToken"`
	Access  string `json:"AccessToken"`
	Refresh string `json:"RefreshToken"`
}

// SignIn signs a user in by username and password, through the server's client.
func (s *Server) SignIn(u User) Tokens {
	s.t.Helper()
	if u.Password == "" {
		u.Password = DefaultPassword
	}
	return s.authenticate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": u.Username, "PASSWORD": u.Password})
}

// Refresh gets new tokens for the refresh token of old, which is kept if the
// client does not rotate it.
func (s *Server) Refresh(old Tokens) Tokens {
	s.t.Helper()
	fresh := s.authenticate("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": old.Refresh})
	if fresh.Refresh == "" {
		fresh.Refresh = old.Refresh
	}
	return fresh
}

func (s *Server) authenticate(flow string, parameters map[string]string) Tokens {
	s.t.Helper()
	var out struct {
		ChallengeName        string
		AuthenticationResult *Tokens
	}
	s.must("InitiateAuth", map[string]any{"ClientId": s.ClientID, "AuthFlow": flow, "AuthParameters": parameters}, &out)
	if out.AuthenticationResult == nil {
		s.t.Fatalf("poolhousetest: the sign-in demands %s", out.ChallengeName)
	}
	return *out.AuthenticationResult
}

// SignOut ends all sign-ins of a user.
func (s *Server) SignOut(u User) {
	s.t.Helper()
	s.must("AdminUserGlobalSignOut", map[string]any{"UserPoolId": s.PoolID, "Username": u.Username}, nil)
}

// Message is an email or text message that the server sent.
type Message struct {
	SentAt   time.Time `json:"sentAt"`
	Username string    `json:"username"`
	Medium   string    `json:"medium"` // "EMAIL" or "SMS"
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Body     string    `json:"body"`
	Code     string    `json:"code"` // the digits, or the temporary password
	Source   string    `json:"source"`
}

// Inbox returns what was sent to a user, or to all if username is empty: newest
// first, at most 200.
func (s *Server) Inbox(username string) []Message {
	s.t.Helper()
	query := url.Values{"pool": {s.PoolID}}
	if username != "" {
		query.Set("username", username)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+"/_poolhouse/inbox?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatalf("poolhousetest: inbox: %v", err)
	}
	r.Header.Set("Accept", "application/json")
	status, body, err := s.do(r)
	var list []Message
	if err == nil {
		err = json.Unmarshal(body, &list)
	}
	if err != nil || status != http.StatusOK {
		s.t.Fatalf("poolhousetest: inbox: status %d, %v", status, err)
	}
	return list
}

// Code is the code of the newest message to a user, which there must be.
func (s *Server) Code(username string) string {
	s.t.Helper()
	for _, m := range s.Inbox(username) {
		if m.Code != "" {
			return m.Code
		}
	}
	s.t.Fatalf("poolhousetest: no code was sent to %q", username)
	return ""
}
