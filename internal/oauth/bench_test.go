package oauth

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure reports the processor time of each run of fn, and how many signatures it
// costs.
func measure(b *testing.B, s *site, fn func(i int)) {
	b.Helper()
	key, err := s.Ring.Signer(context.Background(), testPool, keys.UseAccess)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("x"))
	start := cpu()
	for range 200 {
		if _, err := key.Sign(digest[:]); err != nil {
			b.Fatal(err)
		}
	}
	signature := (cpu() - start) / 200
	b.ResetTimer()
	start = cpu()
	for i := range b.N {
		fn(i)
	}
	each := (cpu() - start) / time.Duration(b.N)
	b.ReportMetric(float64(each.Nanoseconds())/1000, "cpu-µs/op")
	b.ReportMetric(float64(each)/float64(signature), "signatures/op")
}

// serve puts the site on a real connection.
func (s *site) serve(b *testing.B) (*httptest.Server, *http.Client) {
	server := httptest.NewServer(s.handler)
	b.Cleanup(server.Close)
	return server, server.Client()
}

func post(b *testing.B, client *http.Client, address string, form url.Values) {
	resp, err := client.Post(address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("%d %s", resp.StatusCode, body)
	}
}

// BenchmarkClientCredentials has the client in the same process: the server alone
// takes less.
func BenchmarkClientCredentials(b *testing.B) {
	s := newSite(b)
	server, client := s.serve(b)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {machineClient}, "client_secret": {testSecret}}
	measure(b, s, func(int) { post(b, client, server.URL+"/_domain/demo/oauth2/token", form) })
}

// BenchmarkBoundClientCredentials is what a proof costs beside
// BenchmarkClientCredentials: its check, and a write. Making it is left out.
func BenchmarkBoundClientCredentials(b *testing.B) {
	s := newSite(b)
	if err := s.Pools.SetClientExtensions(b.Context(), testPool, machineClient, dpopAllowed); err != nil {
		b.Fatal(err)
	}
	k := dpoptest.NewKey()
	proofs := make([][]string, b.N)
	for i := range proofs {
		proofs[i] = s.proof(k)
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	measure(b, s, func(i int) {
		if a := s.postWith("/oauth2/token", form, proofs[i], machineClient, testSecret); a.StatusCode != http.StatusOK {
			b.Fatalf("%d %s", a.StatusCode, a.body)
		}
	})
}

// BenchmarkCodeExchange leaves out how the codes came about.
func BenchmarkCodeExchange(b *testing.B) {
	s := newSite(b)
	server, client := s.serve(b)
	pool, app, err := s.Pools.PoolClient(b.Context(), testPool, publicClient)
	if err != nil {
		b.Fatal(err)
	}
	p := &Pending{Pool: pool, Client: app, RedirectURI: callback, Scopes: []string{"openid", "email"}, Challenge: challenge}
	session := &Session{User: &store.User{PoolID: testPool, Sub: testSub}, AMR: []string{"pwd"}, AuthTime: s.now()}
	codes := make([]string, b.N)
	for i := range codes {
		got, err := s.giveCode(b.Context(), p, session, func(*store.Tx) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		codes[i] = got.Get("code")
	}
	measure(b, s, func(i int) { post(b, client, server.URL+"/_domain/demo/oauth2/token", codeForm(codes[i])) })
}
