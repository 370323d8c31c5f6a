package token

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// BenchmarkIssueClient is to cost hardly more than the one signature.
func BenchmarkIssueClient(b *testing.B) {
	n := newPool(b, userpool.ClientConfig{AllowedOAuthScopes: []string{"openid"}})
	pool, client, err := n.pools.PoolClient(b.Context(), testPool, testClient)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := n.IssueClient(b.Context(), ClientGrant{Pool: pool, Client: client}); err != nil {
			b.Fatal(err)
		}
	}
}
