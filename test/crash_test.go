package test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// TestNoAcknowledgedUserIsLost kills a server that many sign up at, and finds
// every user who was told of success in place and able to sign in. On SQLite the
// next start finds them, on PostgreSQL a node that was there all along.
func TestNoAcknowledgedUserIsLost(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		doomed := in.startServe()
		c := doomed.newPool(in)

		const writers, enough = 16, 150
		var (
			mu           sync.Mutex
			acknowledged []string
			signUps      sync.WaitGroup
		)
		for w := range writers {
			signUps.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("user-%d-%d", w, i)
					if _, err := c.SignUp(t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: &name, Password: aws.String(password)}); err != nil {
						return // the server is gone
					}
					mu.Lock()
					acknowledged = append(acknowledged, name)
					mu.Unlock()
				}
			})
		}
		eventually(t, 30*time.Second, "enough users have signed up", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(acknowledged) >= enough
		})
		doomed.kill()
		signUps.Wait()
		t.Logf("%d users had signed up", len(acknowledged))

		survivor := c.at(in.startServe(), in)
		for _, name := range acknowledged {
			if _, err := survivor.AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{UserPoolId: &c.pool, Username: &name}); err != nil {
				t.Errorf("%s signed up and is lost: %v", name, err)
				continue
			}
			survivor.signIn(name, password)
		}
	})
}

// TestNodesOutliveEachOther kills one of two nodes while users sign up at both;
// the other goes on without a failure and knows the users of both.
func TestNodesOutliveEachOther(t *testing.T) {
	a, b := twoNodes(t)
	signUp := func(c *client, name string) error {
		_, err := c.SignUp(t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: &name, Password: aws.String(password)})
		return err
	}
	var acknowledged, survived []string
	var signUps sync.WaitGroup
	underWay, dead := make(chan struct{}), make(chan struct{})
	signUps.Go(func() {
		defer close(dead)
		for i := 0; ; i++ {
			name := fmt.Sprintf("a-%d", i)
			if signUp(a, name) != nil {
				return // the node is gone
			}
			if acknowledged = append(acknowledged, name); len(acknowledged) == 25 {
				close(underWay)
			}
		}
	})
	signUps.Go(func() {
		for afterwards := 0; afterwards < 20; {
			name := fmt.Sprintf("b-%d", len(survived))
			if err := signUp(b, name); err != nil {
				t.Errorf("the surviving node: %v", err)
				return
			}
			survived = append(survived, name)
			select {
			case <-dead:
				afterwards++
			default:
			}
		}
	})
	select {
	case <-underWay:
	case <-dead:
		t.Error("sign-ups fail")
	}
	a.server.kill()
	signUps.Wait()
	for _, name := range append(acknowledged, survived...) {
		must[*cognito.AdminConfirmSignUpOutput](t)(b.AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{UserPoolId: &b.pool, Username: &name}))
	}
}
