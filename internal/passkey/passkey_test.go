package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/passkey"
	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
)

const relyingParty = "example.com"

// vector is one of the test vectors of WebAuthn level 3, section 16, in
// hexadecimal.
type vector struct {
	Name, ID string
	Create   struct{ Challenge, ClientDataJSON, AttestationObject string }
	Get      struct{ Challenge, ClientDataJSON, AuthenticatorData, Signature string }
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			r, err := passkey.ParseRegistration(answer(t, v.ID, map[string]string{
				"clientDataJSON": v.Create.ClientDataJSON, "attestationObject": v.Create.AttestationObject}))
			if err != nil {
				t.Fatal(err)
			}
			err = r.Verify(passkey.Ceremony{Challenge: unhex(t, v.Create.Challenge), RelyingParty: "example.org"})
			if strings.Contains(v.Name, "EdDSA") { // not asked for
				if !errors.Is(err, passkey.ErrUnsupported) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			a, err := passkey.ParseAssertion(answer(t, v.ID, map[string]string{
				"clientDataJSON": v.Get.ClientDataJSON, "authenticatorData": v.Get.AuthenticatorData, "signature": v.Get.Signature}))
			if err != nil {
				t.Fatal(err)
			}
			c := passkey.Ceremony{Challenge: unhex(t, v.Get.Challenge), RelyingParty: "example.org"}
			if err := a.Verify(c, r.PublicKey); err != nil {
				t.Fatal(err)
			}
			other := passkeytest.New(t, "https://example.org")
			if err := a.Verify(c, other.PublicKey(t)); !errors.Is(err, passkey.ErrSignature) {
				t.Errorf("with another key: %v", err)
			}
		})
	}
}

func answer(t *testing.T, id string, response map[string]string) []byte {
	t.Helper()
	for k, v := range response {
		response[k] = base64.RawURLEncoding.EncodeToString(unhex(t, v))
	}
	text := base64.RawURLEncoding.EncodeToString(unhex(t, id))
	b, err := json.Marshal(map[string]any{"id": text, "rawId": text, "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ceremony() passkey.Ceremony {
	return passkey.Ceremony{Challenge: []byte("a challenge of no less than 16"), RelyingParty: relyingParty, VerifyUser: true}
}

func creationOptions(t *testing.T, c passkey.Ceremony) string {
	t.Helper()
	b, err := passkey.CreationOptions(c, passkey.User{ID: []byte("user"), Name: "alice"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func requestOptions(t *testing.T, c passkey.Ceremony, ids ...[]byte) string {
	t.Helper()
	b, err := passkey.RequestOptions(c, ids)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRegistration(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*passkeytest.Authenticator, *passkey.Ceremony)
		want   error
	}{
		{"good", func(*passkeytest.Authenticator, *passkey.Ceremony) {}, nil},
		{"from a subdomain", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "https://login.example.com:8443" }, nil},
		{"from an Android app", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) {
			a.Origin = "android:apk-key-hash:" + strings.Repeat("x", 43)
		}, nil},
		{"synchronized", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) {
			a.Flags |= passkeytest.BackupEligible | passkeytest.BackedUp
		}, nil},
		{"presence is enough", func(a *passkeytest.Authenticator, c *passkey.Ceremony) {
			a.Flags, c.VerifyUser = passkeytest.Present, false
		}, nil},
		{"user not verified", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Flags = passkeytest.Present }, passkey.ErrUnverified},
		{"nobody present", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Flags = passkeytest.Verified }, passkey.ErrMalformed},
		{"backed up though it cannot be", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Flags |= passkeytest.BackedUp }, passkey.ErrMalformed},
		{"other challenge", func(_ *passkeytest.Authenticator, c *passkey.Ceremony) { c.Challenge = []byte("another") }, passkey.ErrChallenge},
		{"no challenge", func(_ *passkeytest.Authenticator, c *passkey.Ceremony) { c.Challenge = nil }, passkey.ErrChallenge},
		{"other relying party", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.RelyingParty = "example.org" }, passkey.ErrRelyingParty},
		{"other origin", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "https://example.org" }, passkey.ErrOrigin},
		{"a longer name", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "https://notexample.com" }, passkey.ErrOrigin},
		{"without TLS", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "http://example.com" }, passkey.ErrOrigin},
		{"more than an origin", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "https://example.com/" }, passkey.ErrOrigin},
		{"in a frame", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.CrossOrigin = true }, passkey.ErrOrigin},
		{"other ceremony", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Type = "webauthn.get" }, passkey.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, c := passkeytest.New(t, "https://example.com"), ceremony()
			options := creationOptions(t, c)
			tt.change(a, &c)
			r, err := passkey.ParseRegistration([]byte(a.Create(t, options)))
			if err == nil {
				err = r.Verify(c)
			}
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && (!bytes.Equal(r.ID, a.ID) || !bytes.Equal(r.PublicKey, a.PublicKey(t)) || r.SignCount != 1 ||
				strings.Join(r.Transports, " ") != "usb" || r.Attachment != "cross-platform" || r.Name() != "Roaming passkey") {
				t.Errorf("read %+v", r)
			}
		})
	}
}

func TestAssertion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*passkeytest.Authenticator, *passkey.Ceremony)
		want   error
	}{
		{"good", func(*passkeytest.Authenticator, *passkey.Ceremony) {}, nil},
		{"user not verified", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Flags = passkeytest.Present }, passkey.ErrUnverified},
		{"other challenge", func(_ *passkeytest.Authenticator, c *passkey.Ceremony) { c.Challenge = []byte("another") }, passkey.ErrChallenge},
		{"other relying party", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.RelyingParty = "example.org" }, passkey.ErrRelyingParty},
		{"other origin", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Origin = "https://example.org" }, passkey.ErrOrigin},
		{"other ceremony", func(a *passkeytest.Authenticator, _ *passkey.Ceremony) { a.Type = "webauthn.create" }, passkey.ErrMalformed},
	} {
		for kind, make := range map[string]func(testing.TB, string) *passkeytest.Authenticator{"ES256": passkeytest.New, "RS256": passkeytest.NewRSA} {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				a, c := make(t, "https://example.com"), ceremony()
				options := requestOptions(t, c, a.ID)
				tt.change(a, &c)
				got, err := passkey.ParseAssertion([]byte(a.Get(t, options)))
				if err == nil {
					err = got.Verify(c, a.PublicKey(t))
				}
				if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
					t.Fatalf("got %v, want %v", err, tt.want)
				}
			})
		}
	}
}

func TestWentOn(t *testing.T) {
	for _, tt := range []struct {
		stored, said uint32
		want         bool
	}{{0, 0, true}, {0, 1, true}, {5, 6, true}, {5, 5, false}, {5, 4, false}, {5, 0, false}} {
		if got := (&passkey.Assertion{SignCount: tt.said}).WentOn(tt.stored); got != tt.want {
			t.Errorf("from %d to %d: got %v", tt.stored, tt.said, got)
		}
	}
}

// TestOptions holds the options to the form that Cognito's have.
func TestOptions(t *testing.T) {
	c := passkey.Ceremony{Challenge: []byte{1, 2, 3}, RelyingParty: relyingParty}
	got, err := passkey.CreationOptions(c, passkey.User{ID: []byte("sub"), Name: "alice"}, [][]byte{{9}})
	if err != nil {
		t.Fatal(err)
	}
	const creation = `{"authenticatorSelection":{"requireResidentKey":true,"residentKey":"required","userVerification":"preferred"},` +
		`"challenge":"AQID","excludeCredentials":[{"id":"CQ","type":"public-key"}],` +
		`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],` +
		`"rp":{"id":"example.com","name":"example.com"},"timeout":60000,"user":{"id":"c3Vi","name":"alice","displayName":"alice"}}`
	if string(got) != creation {
		t.Errorf("creation options:\ngot  %s\nwant %s", got, creation)
	}
	c.VerifyUser = true
	const request = `{"challenge":"AQID","timeout":60000,"rpId":"example.com",` +
		`"allowCredentials":[{"id":"CQ","type":"public-key"}],"userVerification":"required"}`
	if got := requestOptions(t, c, []byte{9}); got != request {
		t.Errorf("request options:\ngot  %s\nwant %s", got, request)
	}
}

func TestName(t *testing.T) {
	r := &passkey.Registration{Attachment: "platform"}
	if r.Name() != "Platform passkey" {
		t.Errorf("unknown maker: %q", r.Name())
	}
	copy(r.AAGUID[:], unhex(t, "bada5566a7aa401fbd9645619a55120d"))
	if r.Name() != "1Password" {
		t.Errorf("known maker: %q", r.Name())
	}
}

func FuzzParseRegistration(f *testing.F) {
	a, c := passkeytest.New(f, "https://example.com"), ceremony()
	options, err := passkey.CreationOptions(c, passkey.User{ID: []byte("user"), Name: "alice"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(a.Create(f, string(options))))
	f.Add([]byte(`{"id":"AA","rawId":"AA==","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := passkey.ParseRegistration(text)
		if err != nil {
			if !errors.Is(err, passkey.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if len(r.ID) == 0 || len(r.ID) > 1023 || len(r.PublicKey) > 2048 || len(r.Transports) > 6 {
			t.Fatalf("unbounded: %+v", r)
		}
		_ = r.Verify(passkey.Ceremony{Challenge: r.Challenge(), RelyingParty: relyingParty})
	})
}

func FuzzParseAssertion(f *testing.F) {
	a, c := passkeytest.New(f, "https://example.com"), ceremony()
	options, err := passkey.RequestOptions(c, [][]byte{a.ID})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(a.Get(f, string(options))))
	key := a.PublicKey(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := passkey.ParseAssertion(text)
		if err != nil {
			if !errors.Is(err, passkey.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		_ = got.Verify(c, key)
	})
}
