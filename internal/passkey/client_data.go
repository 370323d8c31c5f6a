package passkey

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// clientData is what the browser or phone says of a ceremony
// (CollectedClientData). Members that are not known may come at any time.
type clientData struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
	TopOrigin   string `json:"topOrigin"`

	challenge []byte
}

// parse reads clientDataJSON and returns the hash of it that is signed.
func (c *clientData) parse(text string) (hash [sha256.Size]byte, err error) {
	raw, err := decode("clientDataJSON", text)
	if err != nil {
		return hash, err
	}
	if err := json.Unmarshal(raw, c); err != nil {
		return hash, malformed("clientDataJSON")
	}
	if c.challenge, err = decode("challenge", c.Challenge); err != nil {
		return hash, err
	}
	return sha256.Sum256(raw), nil
}

// check holds the client data to a ceremony, but for the challenge.
func (c *clientData) check(ceremony, relyingParty string) error {
	switch {
	case c.Type != ceremony:
		return malformed("type of ceremony")
	case c.CrossOrigin || c.TopOrigin != "":
		return fmt.Errorf("%w: asked from a frame in another site", ErrOrigin)
	case !IsOrigin(c.Origin, relyingParty):
		return ErrOrigin
	}
	return nil
}

// androidOrigin is how Android's apps name themselves. Which apps may act for a
// relying party the platform checks against the assetlinks.json of its domain.
var androidOrigin = regexp.MustCompile(`^android:apk-key-hash:[A-Za-z0-9_-]{43}$`)

// IsOrigin says whether a relying party's passkeys may be used from an origin:
// from the domain and those below it over HTTPS on any port, from localhost also
// without TLS, and from Android apps.
func IsOrigin(origin, relyingParty string) bool {
	if androidOrigin.MatchString(origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme+"://"+u.Host != origin {
		return false // an origin has no more than these
	}
	host := strings.ToLower(u.Hostname())
	if host != relyingParty && !strings.HasSuffix(host, "."+relyingParty) {
		return false
	}
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	return u.Scheme == "https" || u.Scheme == "http" && local
}
