package poolhousetest

import (
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// VerifierConfig is what an application would configure for the pool and its
// client, with the server's clock. Changes of keys are seen at once, where others
// wait for seconds.
func (s *Server) VerifierConfig() verify.Config {
	return verify.Config{
		Pools:           []verify.Pool{{Issuer: s.Issuer, ClientIDs: []string{s.ClientID}}},
		Now:             s.Now,
		RefetchInterval: time.Nanosecond,
	}
}

// Verifier accepts the pool's access tokens, or what changes of VerifierConfig
// make it accept.
func (s *Server) Verifier(changes ...func(*verify.Config)) *verify.Verifier {
	s.t.Helper()
	c := s.VerifierConfig()
	for _, change := range changes {
		change(&c)
	}
	v, err := verify.New(c)
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	return v
}

// Revocations follows the pool's revocations; it is for verify.Pool.Revocation.
// Nothing is read until its Poll or Run is called.
func (s *Server) Revocations() *verify.PoolhouseRevocations {
	s.t.Helper()
	r, err := verify.NewPoolhouseRevocations(verify.RevocationFeed{
		URL: s.URL, PoolID: s.PoolID, Now: s.Now,
		AccessKey: verify.AccessKey{ID: "test", Secret: "test"}, // the server asks for none
	})
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	return r
}
