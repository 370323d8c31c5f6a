package dpop_test

import (
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/verify/dpop"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

func Example() {
	client := dpoptest.NewKey()
	header := client.Proof("POST", "https://api.example.com/orders", time.Now(), "", "the access token")

	seen := dpop.NewSeen(1000) // one for all requests
	check := func(thumbprint string) error {
		proof, err := dpop.Parse(header)
		if err != nil {
			return err
		}
		if proof.Thumbprint() != thumbprint { // cnf.jkt of the access token
			return dpop.ErrKey
		}
		now := time.Now()
		err = proof.Check(dpop.Request{
			Method: "POST", URLs: []string{"https://api.example.com/orders"}, Now: now, AccessToken: "the access token",
		})
		if err != nil {
			return err
		}
		if first, _ := seen.Spend(proof.ID(), now); !first {
			return dpop.ErrReplayed
		}
		return nil
	}
	fmt.Println(check(client.Thumbprint()))
	fmt.Println(check(client.Thumbprint()))
	// Output:
	// <nil>
	// The DPoP proof was used before
}
