package middleware

import (
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/verify"
)

// Source finds the token of a request. It returns "" if there is none, or an
// error to refuse the request for: a verify.Code, or anything else for a 503.
type Source func(*http.Request) (string, error)

// FromHeader takes the token from the Authorization header, after "Bearer" or,
// as some clients of Cognito send it, bare. Another scheme is no token.
func FromHeader(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 { // which one would a proxy in front have meant?
		return "", verify.ErrMalformed
	}
	value := strings.Trim(values[0], " \t")
	scheme, token, ok := strings.Cut(value, " ")
	switch {
	case ok && strings.EqualFold(scheme, "Bearer"):
		if token = strings.TrimLeft(token, " "); token == "" {
			return "", verify.ErrMalformed
		}
		return token, nil
	case strings.EqualFold(value, "Bearer"):
		return "", verify.ErrMalformed
	case !ok && strings.Count(value, ".") == 2:
		return value, nil
	}
	return "", nil
}

// FromCookie takes the token from the cookie of that name. See the package
// comment on requests that other sites cause.
func FromCookie(name string) Source {
	return func(r *http.Request) (string, error) {
		switch cookies := r.CookiesNamed(name); len(cookies) {
		case 0:
			return "", nil
		case 1:
			return cookies[0].Value, nil
		}
		return "", verify.ErrMalformed
	}
}

// FirstOf takes the token of the first source that has one.
func FirstOf(sources ...Source) Source {
	return func(r *http.Request) (string, error) {
		for _, source := range sources {
			if token, err := source(r); token != "" || err != nil {
				return token, err
			}
		}
		return "", nil
	}
}
