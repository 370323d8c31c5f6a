package identity_test

import (
	"fmt"
	"testing"
)

func TestDeveloper(t *testing.T) {
	s := newServer(t)
	s.newUserPool()
	s.newUser("ada")
	pool := s.newPool(`,"DeveloperProviderName":"login.example.com"`)
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"arn:aws:iam::123456789012:role/user"}}`, pool)
	token := func(user, more string) (id, token string) {
		got := s.do("Identity", "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"Logins":{"login.example.com":%q}%s}`, pool, user, more)
		return got.text("IdentityId"), got.text("Token")
	}
	logins := func(token string) string { return fmt.Sprintf(`{"cognito-identity.amazonaws.com":%q}`, token) }

	first, proof := token("ada", `,"TokenDuration":60,"PrincipalTags":{"team":"engines"}`)
	if again, _ := token("ada", ""); again != first {
		t.Errorf("a second call is %s, want %s", again, first)
	}
	claims := claimsOf(t, proof)
	if got, want := fmt.Sprint(claims["amr"], claims["https://aws.amazon.com/tags"]),
		"[authenticated login.example.com login.example.com:"+pool+":ada] map[principal_tags:map[team:[engines]]]"; got != want {
		t.Errorf("the token says %s, want %s", got, want)
	}
	if got := s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, first, logins(proof)); got.text("IdentityId") != first {
		t.Errorf("credentials are of %v", got.body)
	}
	second, other := token("grace", "")
	s.refuse("NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, first, logins(other))
	s.refuse("NotAuthorizedException: Invalid login token. Couldn't verify signed token.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, first, logins(forge(t, proof)))
	s.refuse("DeveloperUserAlreadyRegisteredException: The developer user is already registered with another identity.",
		"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"IdentityId":%q,"Logins":{"login.example.com":"ada"}}`, pool, second)
	s.refuse("InvalidParameterException: Please include the developer provider of this identity pool in the logins.",
		"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"Logins":{"other.example.com":"ada"}}`, pool)
	s.refuse("ResourceNotFoundException: Identity 'us-east-1:0000' not found.",
		"GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"IdentityId":"us-east-1:0000","Logins":{"login.example.com":"new"}}`, pool)

	// Linked to an identity that somebody has who signs in with a user pool.
	ada := s.login(s.signIn("ada", s.client, "IdToken"))
	known := s.id(pool, ada)
	if id, _ := token("countess", fmt.Sprintf(`,"IdentityId":%q`, known)); id != known {
		t.Errorf("linked to %s, want %s", id, known)
	}
	token("lovelace", fmt.Sprintf(`,"IdentityId":%q`, known))
	lookup := func(input string) string {
		got := s.do("Identity", "LookupDeveloperIdentity", `{"IdentityPoolId":%q,%s}`, pool, input)
		return got.text("IdentityId") + got.json("DeveloperUserIdentifierList")
	}
	for _, input := range []string{fmt.Sprintf(`"IdentityId":%q`, known), `"DeveloperUserIdentifier":"lovelace"`, fmt.Sprintf(`"IdentityId":%q,"DeveloperUserIdentifier":"countess"`, known)} {
		if got, want := lookup(input), known+`["countess","lovelace"]`; got != want {
			t.Errorf("lookup by %s finds %s, want %s", input, got, want)
		}
	}
	page := s.do("Identity", "LookupDeveloperIdentity", `{"IdentityPoolId":%q,"IdentityId":%q,"MaxResults":1}`, pool, known)
	rest := s.do("Identity", "LookupDeveloperIdentity", `{"IdentityPoolId":%q,"IdentityId":%q,"MaxResults":1,"NextToken":%q}`, pool, known, page.text("NextToken"))
	if got := page.json("DeveloperUserIdentifierList") + rest.json("DeveloperUserIdentifierList"); got != `["countess"]["lovelace"]` || rest.at("NextToken") != nil {
		t.Errorf("pages %s", got)
	}
	s.refuse("ResourceConflictException: The developer user identifier belongs to another identity.", "LookupDeveloperIdentity", `{"IdentityPoolId":%q,"IdentityId":%q,"DeveloperUserIdentifier":"ada"}`, pool, known)
	s.refuse("ResourceNotFoundException: Developer user identifier not found.", "LookupDeveloperIdentity", `{"IdentityPoolId":%q,"DeveloperUserIdentifier":"nobody"}`, pool)
	s.refuse("InvalidParameterException: Please include an identity or a developer user identifier.", "LookupDeveloperIdentity", `{"IdentityPoolId":%q}`, pool)

	merge := `{"IdentityPoolId":%q,"DeveloperProviderName":%q,"SourceUserIdentifier":%q,"DestinationUserIdentifier":%q}`
	if got := s.do("Identity", "MergeDeveloperIdentities", merge, pool, "login.example.com", "ada", "lovelace").text("IdentityId"); got != known {
		t.Errorf("merged into %s, want %s", got, known)
	}
	if got, want := lookup(`"DeveloperUserIdentifier":"ada"`), known+`["ada","countess","lovelace"]`; got != want {
		t.Errorf("after the merge %s, want %s", got, want)
	}
	s.refuse("NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, first, logins(proof)) // it is disabled
	s.refuse("ResourceNotFoundException: Developer user identifier not found.", "MergeDeveloperIdentities", merge, pool, "login.example.com", "nobody", "ada")
	s.refuse("InvalidParameterException: other is not the developer provider of this identity pool.", "MergeDeveloperIdentities", merge, pool, "other", "grace", "ada")

	// Two users of one user pool are two persons.
	s.newUser("grace")
	token("grace", fmt.Sprintf(`,"IdentityId":%q`, second))
	s.do("Identity", "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"Logins":{"login.example.com":"grace",%q:%q}}`, pool, s.provider(), s.signIn("grace", s.client, "IdToken"))
	s.refuse("ResourceConflictException: The identity already has another login of "+s.provider()+".", "MergeDeveloperIdentities", merge, pool, "login.example.com", "grace", "ada")

	unlink := `{"IdentityId":%q,"IdentityPoolId":%q,"DeveloperProviderName":"login.example.com","DeveloperUserIdentifier":%q}`
	s.refuse("ResourceConflictException: The developer user identifier belongs to another identity.", "UnlinkDeveloperIdentity", unlink, second, pool, "ada")
	s.do("Identity", "UnlinkDeveloperIdentity", unlink, known, pool, "ada")
	s.refuse("ResourceNotFoundException: Developer user identifier not found.", "UnlinkDeveloperIdentity", unlink, known, pool, "ada")
	if got := s.id(pool, ada); got != known {
		t.Errorf("the login of the user pool leads to %s, want %s", got, known)
	}

	// The token of a user that was unlinked opens nothing, though another user of the
	// developer still has the identity.
	of, unlinked := token("countess", "")
	s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, of, logins(unlinked))
	s.do("Identity", "UnlinkDeveloperIdentity", unlink, of, pool, "countess")
	s.refuse("NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool.",
		"GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, of, logins(unlinked))
	if got, want := lookup(`"IdentityId":"`+of+`"`), of+`["lovelace"]`; got != want {
		t.Errorf("after unlinking %s, want %s", got, want)
	}

	_, short := token("short", `,"TokenDuration":60`)
	s.advance("61s")
	id, _ := token("short", "")
	got := s.call("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, logins(short))
	var exp, now int64
	if n, _ := fmt.Sscanf(got.err, "NotAuthorizedException: Invalid login token. Token expired: %d >= %d", &exp, &now); n != 2 {
		t.Errorf("an expired token gives %s", got.err)
	}
}
