package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Settings are what was read. Config has one pool; change it before verify.New
// to say what the settings of Django could not.
type Settings struct {
	Config verify.Config
	// UserInfo is nil without COGNITO_DOMAIN.
	UserInfo *middleware.UserInfo
	// Key is by USER_ID_CLAIM; without it by sub.
	Key middleware.Key
}

// Read reads the settings that lookup knows, such as os.LookupEnv. An empty one
// is as good as none. Errors name the setting and do not repeat its value.
func Read(lookup func(name string) (value string, ok bool)) (*Settings, error) {
	r := reader{lookup: lookup}
	pool := verify.Pool{
		Issuer:    r.text("ISSUER"),
		JWKSURL:   r.text("JWK_URL"),
		ClientIDs: r.list("COGNITO_AUDIENCE", "AUDIENCE"),
		Use:       r.use("COGNITO_TOKEN_TYPE"),
	}
	region := r.text("COGNITO_AWS_REGION")
	pool.ID = r.text("COGNITO_USER_POOL")
	switch {
	case pool.ID != "" && pool.Issuer != "":
		r.fail("ISSUER", "is set and COGNITO_USER_POOL too")
	case pool.ID == "" && pool.Issuer == "":
		r.fail("COGNITO_USER_POOL", "is not set, nor is ISSUER")
	case pool.ID != "" && region != "" && !strings.HasPrefix(pool.ID, region+"_"):
		r.fail("COGNITO_USER_POOL", "is not in COGNITO_AWS_REGION")
	}
	if claim := r.text("TOKEN_TYPE_CLAIM"); claim != "" && claim != "token_use" {
		r.fail("TOKEN_TYPE_CLAIM", "is not token_use")
	}
	s := &Settings{
		Config: verify.Config{
			Pools:  []verify.Pool{pool},
			Leeway: r.seconds("LEEWAY"),
			KeyTTL: r.seconds("COGNITO_PUBLIC_KEYS_CACHING_TIMEOUT"),
		},
		Key: keyOf(r.text("USER_ID_CLAIM")),
	}
	if domain := r.text("COGNITO_DOMAIN"); domain != "" {
		s.UserInfo = &middleware.UserInfo{URL: r.userInfoURL(domain, region)}
	}
	if r.err != nil {
		return nil, fmt.Errorf("settings: %w", r.err)
	}
	return s, nil
}

// keyOf is how users are found by a claim.
func keyOf(claim string) middleware.Key {
	switch claim {
	case "", "sub":
		return middleware.BySubject
	case "username", "cognito:username":
		return middleware.ByUsername
	case "email":
		return middleware.ByEmail
	}
	return middleware.ByClaim(claim)
}

// reader keeps all errors, so that they can be mended at once.
type reader struct {
	lookup func(string) (string, bool)
	err    error
}

func (r *reader) fail(name, what string) {
	r.err = errors.Join(r.err, fmt.Errorf("%s %s", name, what))
}

func (r *reader) text(name string) string {
	value, _ := r.lookup(name)
	return strings.TrimSpace(value)
}

// list is of the first of the names that is set.
func (r *reader) list(names ...string) []string {
	for _, name := range names {
		value := r.text(name)
		if value == "" {
			continue
		}
		var values []string
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part == "" {
				r.fail(name, "has an empty entry")
			}
			values = append(values, part)
		}
		return values
	}
	return nil
}

func (r *reader) use(name string) verify.TokenUse {
	var access, id bool
	for _, value := range r.list(name) {
		switch value {
		case "access":
			access = true
		case "id":
			id = true
		default:
			r.fail(name, "is neither access nor id")
		}
	}
	switch {
	case access && id:
		return verify.EitherToken
	case id:
		return verify.IDToken
	}
	return verify.AccessToken
}

// seconds may have a fraction. It is bounded by a year.
func (r *reader) seconds(name string) time.Duration {
	text := r.text(name)
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || value < 0 || value > 365*24*3600 {
		r.fail(name, "is not a number of seconds")
		return 0
	}
	return time.Duration(value * float64(time.Second))
}

// userInfoURL is below a domain: a prefix of Cognito's own, a host, or a URL.
func (r *reader) userInfoURL(domain, region string) string {
	domain = strings.TrimSuffix(domain, "/")
	switch {
	case strings.Contains(domain, "://"):
	case strings.ContainsAny(domain, ".:"):
		domain = "https://" + domain
	case region == "":
		r.fail("COGNITO_DOMAIN", "is a prefix, and COGNITO_AWS_REGION is not set")
	default:
		domain = "https://" + domain + ".auth." + region + ".amazoncognito.com"
	}
	return domain + "/oauth2/userInfo"
}
