package poolhousetest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/poolhouse/poolhouse/poolhousetest"
	"github.com/poolhouse/poolhouse/verify"
)

// t is what go test gives to a test. Examples get none.
var t testing.TB = exampleT{}

type exampleT struct{ testing.TB }

func (exampleT) Helper()                      {}
func (exampleT) Cleanup(func())               {} // the server ends with the process
func (exampleT) Context() context.Context     { return context.Background() }
func (exampleT) Fatal(args ...any)            { log.Fatal(args...) }
func (exampleT) Fatalf(form string, a ...any) { log.Fatalf(form, a...) }
func (exampleT) Errorf(form string, a ...any) { log.Fatalf(form, a...) }

// A user signs in, and the application checks the token.
func Example() {
	cognito := poolhousetest.New(t)
	ada := cognito.CreateUser(poolhousetest.User{Username: "ada", Groups: []string{"editors"}})
	tokens := cognito.SignIn(ada)

	v := cognito.Verifier() // goes to the application under test
	token, err := v.Verify(t.Context(), tokens.Access)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(token.Username(), token.Groups(), token.Subject() == ada.Sub)
	// Output: ada [editors] true
}

func ExampleServer_Expire() {
	cognito := poolhousetest.New(t)
	tokens := cognito.SignIn(cognito.CreateUser(poolhousetest.User{Username: "ada"}))
	v := cognito.Verifier()

	cognito.Expire(tokens.Access)
	_, err := v.Verify(t.Context(), tokens.Access)
	fmt.Println(errors.Is(err, verify.ErrExpired))

	tokens = cognito.Refresh(tokens)
	_, err = v.Verify(t.Context(), tokens.Access)
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleServer_Mint() {
	cognito := poolhousetest.New(t)
	v := cognito.Verifier(func(c *verify.Config) { c.Pools[0].AllScopes = []string{"articles/write"} })

	for _, scope := range []any{"articles/write", "articles/read", nil} {
		_, err := v.Verify(t.Context(), cognito.Mint(poolhousetest.Claims{"scope": scope}))
		fmt.Println(scope, errors.Is(err, verify.ErrScope))
	}
	// Output:
	// articles/write false
	// articles/read true
	// <nil> true
}

// No forgery may pass, whatever it claims.
func ExampleServer_Forge() {
	cognito := poolhousetest.New(t)
	v := cognito.Verifier()
	for _, how := range poolhousetest.Forgeries {
		if _, err := v.Verify(t.Context(), cognito.Forge(how, poolhousetest.Claims{"cognito:groups": []string{"admins"}})); err == nil {
			fmt.Println("accepted:", how)
		}
	}
	// Output:
}

// A user signs up by themselves, and confirms with the code that they were sent.
func ExampleServer_Code() {
	cognito := poolhousetest.New(t)
	type object = map[string]any
	ada := poolhousetest.User{Username: "ada", Password: "Correct-Horse-7"}
	err := cognito.Call(t.Context(), "SignUp", object{
		"ClientId": cognito.ClientID, "Username": ada.Username, "Password": ada.Password,
		"UserAttributes": []object{{"Name": "email", "Value": "ada@example.com"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = cognito.Call(t.Context(), "ConfirmSignUp", object{
		"ClientId": cognito.ClientID, "Username": ada.Username, "ConfirmationCode": cognito.Code(ada.Username),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(cognito.SignIn(ada).ID != "")
	// Output: true
}
