package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func samlMetadata(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/saml_metadata.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// published is what the addresses of the tests answer with.
func published(t *testing.T) userpool.Fetch {
	metadata := samlMetadata(t)
	return func(_ context.Context, address string) (int, []byte, error) {
		switch address {
		case "https://idp.example.com/metadata":
			return 200, []byte(metadata), nil
		case "https://idp.example.com/junk":
			return 200, []byte("<html>"), nil
		case "https://idp.example.com/post":
			return 200, []byte(strings.ReplaceAll(metadata, "HTTP-Redirect", "HTTP-POST")), nil
		case "https://idp.example.com/bare":
			return 200, []byte(strings.ReplaceAll(metadata, "KeyDescriptor", "Other")), nil
		case "https://idp.example.com/sp":
			return 200, []byte(strings.ReplaceAll(metadata, "IDPSSODescriptor", "SPSSODescriptor")), nil
		case "https://idp.example.com/old":
			return 200, []byte(strings.Replace(metadata, "entityID", `validUntil="2020-01-01T00:00:00Z" entityID`, 1)), nil
		case "https://op.example.com/.well-known/openid-configuration":
			return 200, []byte(`{"issuer":"https://op.example.com","authorization_endpoint":"https://op.example.com/authorize",
				"token_endpoint":"https://op.example.com/token","userinfo_endpoint":"https://op.example.com/userinfo","jwks_uri":"https://op.example.com/keys"}`), nil
		case "https://half.example.com/.well-known/openid-configuration":
			return 200, []byte(`{"issuer":"https://half.example.com","authorization_endpoint":"https://half.example.com/authorize"}`), nil
		case "https://down.example.com/":
			return 0, nil, errors.New("connection refused by 10.0.0.1")
		}
		return 404, nil, nil
	}
}

const (
	oidcKeys = `"client_id":"c","client_secret":"s","authorize_scopes":"openid email","attributes_request_method":"GET"`
	oidc     = `{` + oidcKeys + `,"oidc_issuer":"https://op.example.com"}`
)

func TestIdentityProviders(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{Fetch: published(t)})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","Schema":[{"Name":"team","AttributeDataType":"String","Mutable":true}]}`).text("UserPool.Id")
	certificate := a.do(t, "GetSigningCertificate", fill(`{"UserPoolId":"POOL"}`, id, "")).text("Certificate")
	file, err := json.Marshal(samlMetadata(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, providerType, input, details, mapping string }{
		{"Google", "Google", `"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"email profile openid"}`,
			`{"attributes_url":"https://people.googleapis.com/v1/people/me?personFields=","attributes_url_add_attributes":"true","authorize_scopes":"email profile openid","authorize_url":"https://accounts.google.com/o/oauth2/v2/auth","client_id":"c","client_secret":"s","oidc_issuer":"https://accounts.google.com","token_request_method":"POST","token_url":"https://www.googleapis.com/oauth2/v4/token"}`,
			`{"username":"sub"}`},
		{"Facebook", "Facebook", `"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"public_profile, email","api_version":"v19.0"},"AttributeMapping":{"email":"email","username":"id"}`,
			`{"api_version":"v19.0","attributes_url":"https://graph.facebook.com/v19.0/me?fields=","attributes_url_add_attributes":"true","authorize_scopes":"public_profile, email","authorize_url":"https://www.facebook.com/v19.0/dialog/oauth","client_id":"c","client_secret":"s","token_request_method":"GET","token_url":"https://graph.facebook.com/v19.0/oauth/access_token"}`,
			`{"email":"email","username":"id"}`},
		{"LoginWithAmazon", "LoginWithAmazon", `"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"profile"}`,
			`{"attributes_url":"https://api.amazon.com/user/profile","attributes_url_add_attributes":"false","authorize_scopes":"profile","authorize_url":"https://www.amazon.com/ap/oa","client_id":"c","client_secret":"s","token_request_method":"POST","token_url":"https://api.amazon.com/auth/o2/token"}`,
			`{"username":"user_id"}`},
		{"SignInWithApple", "SignInWithApple", `"ProviderDetails":{"client_id":"c","team_id":"t","key_id":"k","private_key":"secret","authorize_scopes":"email name"}`,
			`{"attributes_url_add_attributes":"false","authorize_scopes":"email name","authorize_url":"https://appleid.apple.com/auth/authorize","client_id":"c","key_id":"k","oidc_issuer":"https://appleid.apple.com","team_id":"t","token_request_method":"POST","token_url":"https://appleid.apple.com/auth/token"}`,
			`{"username":"sub"}`},
		{"discovered", "OIDC", `"ProviderDetails":` + oidc + `,"AttributeMapping":{"custom:team":"team","email_verified":"email_verified"}`,
			`{"attributes_request_method":"GET","attributes_url_add_attributes":"false","authorize_scopes":"openid email","client_id":"c","client_secret":"s","oidc_issuer":"https://op.example.com"}`,
			`{"custom:team":"team","email_verified":"email_verified"}`},
		{"spelt-out", "OIDC", `"ProviderDetails":{` + oidcKeys + `,"oidc_issuer":"https://gone.example.com","authorize_url":"https://gone.example.com/a","token_url":"https://gone.example.com/t","attributes_url":"https://gone.example.com/u","jwks_uri":"https://gone.example.com/k"}`,
			`{"attributes_request_method":"GET","attributes_url":"https://gone.example.com/u","attributes_url_add_attributes":"false","authorize_scopes":"openid email","authorize_url":"https://gone.example.com/a","client_id":"c","client_secret":"s","jwks_uri":"https://gone.example.com/k","oidc_issuer":"https://gone.example.com","token_url":"https://gone.example.com/t"}`,
			`{"username":"sub"}`},
		{"saml-file", "SAML", `"ProviderDetails":{"MetadataFile":` + string(file) + `,"IDPSignout":"true"},"AttributeMapping":{"email":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"}`,
			`{"ActiveEncryptionCertificate":"` + certificate + `","IDPSignout":"true","MetadataFile":FILE,"SLORedirectBindingURI":"https://idp.example.com/slo","SSORedirectBindingURI":"https://idp.example.com/sso"}`,
			`{"email":"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"}`},
		{"saml-url", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/metadata","RequestSigningAlgorithm":"rsa-sha256","EncryptedResponses":"true","SSORedirectBindingURI":"https://told.by.metadata"}`,
			`{"ActiveEncryptionCertificate":"` + certificate + `","EncryptedResponses":"true","MetadataURL":"https://idp.example.com/metadata","RequestSigningAlgorithm":"rsa-sha256","SLORedirectBindingURI":"https://idp.example.com/slo","SSORedirectBindingURI":"https://idp.example.com/sso"}`,
			`{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			created := a.do(t, "CreateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":%q,"ProviderType":%q,%s}`, id, tc.name, tc.providerType, tc.input))
			shown := a.do(t, "DescribeIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":%q}`, id, tc.name))
			// The encoder of the tests escapes what the one of the server need not.
			want, err := json.Marshal(json.RawMessage(strings.Replace(tc.details, "FILE", string(file), 1)))
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range []answer{created, shown} {
				if details := got.json("IdentityProvider.ProviderDetails"); details != string(want) {
					t.Errorf("details\n%s, want\n%s", details, want)
				}
				if mapping := got.json("IdentityProvider.AttributeMapping"); mapping != tc.mapping {
					t.Errorf("mapping %s, want %s", mapping, tc.mapping)
				}
				if got.text("IdentityProvider.ProviderType") != tc.providerType || got.json("IdentityProvider.IdpIdentifiers") != `[]` {
					t.Errorf("shows %v", got.body)
				}
			}
			// What is shown can be written back, and nothing changes.
			updated := a.do(t, "UpdateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":%q,"ProviderDetails":%s}`, id, tc.name, shown.json("IdentityProvider.ProviderDetails")))
			if got, want := updated.json("IdentityProvider.ProviderDetails"), shown.json("IdentityProvider.ProviderDetails"); got != want {
				t.Errorf("written back\n%s, want\n%s", got, want)
			}
		})
	}

	var names []string
	token := ""
	for page := 0; page == 0 || token != ""; page++ {
		input := fmt.Sprintf(`{"UserPoolId":%q,"MaxResults":5}`, id)
		if token != "" {
			input = fmt.Sprintf(`{"UserPoolId":%q,"MaxResults":5,"NextToken":%q}`, id, token)
		}
		got := a.do(t, "ListIdentityProviders", input)
		for _, p := range got.at("Providers").([]any) {
			names = append(names, p.(map[string]any)["ProviderName"].(string))
		}
		token, _ = got.at("NextToken").(string)
	}
	if got := strings.Join(names, " "); got != "Facebook Google LoginWithAmazon SignInWithApple discovered saml-file saml-url spelt-out" {
		t.Errorf("listed are %s", got)
	}

	schema := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).json("UserPool.SchemaAttributes")
	const identities = `{"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":true,"Name":"identities","Required":false,"StringAttributeConstraints":{}}`
	if strings.Count(schema, identities) != 1 || strings.Index(schema, `"identities"`) > strings.Index(schema, `"custom:team"`) {
		t.Errorf("schema %s", schema)
	}
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).json("UserPool.SchemaAttributes"); got != schema {
		t.Errorf("schema after an update %s, want %s", got, schema)
	}
}

func TestUpdateIdentityProvider(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{Fetch: published(t)})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	named := fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":"okta"`, id)
	a.do(t, "CreateIdentityProvider", named+`,"ProviderType":"OIDC","ProviderDetails":`+oidc+`,"IdpIdentifiers":["b.example","a.example"],"AcrMapping":{"urn:mfa":"Level2"}}`)
	for _, tc := range []struct{ name, input, path, want string }{
		{"nothing", ``, "IdpIdentifiers", `["a.example","b.example"]`},
		{"identifiers", `,"IdpIdentifiers":["c.example"]`, "IdpIdentifiers", `["c.example"]`},
		{"no identifiers", `,"IdpIdentifiers":[]`, "IdpIdentifiers", `[]`},
		{"a mapping", `,"AttributeMapping":{"email":"mail"}`, "AttributeMapping", `{"email":"mail"}`},
		{"the mapping stays", `,"IdpIdentifiers":["d.example"]`, "AttributeMapping", `{"email":"mail"}`},
		{"the acr mapping stays", ``, "AcrMapping", `{"urn:mfa":"Level2"}`},
		{"details", `,"ProviderDetails":` + strings.Replace(oidc, `"GET"`, `"POST"`, 1), "ProviderDetails.attributes_request_method", `"POST"`},
		{"the secret stays", ``, "ProviderDetails.client_secret", `"s"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := a.do(t, "UpdateIdentityProvider", named+tc.input+"}").json("IdentityProvider." + tc.path); got != tc.want {
				t.Errorf("answers %s, want %s", got, tc.want)
			}
			if got := a.do(t, "DescribeIdentityProvider", named+"}").json("IdentityProvider." + tc.path); got != tc.want {
				t.Errorf("shows %s, want %s", got, tc.want)
			}
		})
	}
	if got := a.do(t, "GetIdentityProviderByIdentifier", fmt.Sprintf(`{"UserPoolId":%q,"IdpIdentifier":"d.example"}`, id)).text("IdentityProvider.ProviderName"); got != "okta" {
		t.Errorf("found by identifier: %s", got)
	}

	client := a.do(t, "CreateUserPoolClient", fmt.Sprintf(`{"UserPoolId":%q,"ClientName":"c","SupportedIdentityProviders":["COGNITO","okta"]}`, id)).text("UserPoolClient.ClientId")
	a.do(t, "DeleteIdentityProvider", named+"}")
	a.refuse(t, "DescribeIdentityProvider", named+"}", "ResourceNotFoundException: Identity provider okta does not exist.")
	a.refuse(t, "GetIdentityProviderByIdentifier", fmt.Sprintf(`{"UserPoolId":%q,"IdpIdentifier":"d.example"}`, id), "ResourceNotFoundException: Identity provider d.example does not exist.")
	a.refuse(t, "UpdateUserPoolClient", fmt.Sprintf(`{"UserPoolId":%q,"ClientId":%q,"SupportedIdentityProviders":["okta"]}`, id, client),
		fmt.Sprintf("InvalidParameterException: The provider okta does not exist for User Pool %s.", id))
	a.do(t, "CreateIdentityProvider", named+`,"ProviderType":"OIDC","ProviderDetails":`+oidc+`,"IdpIdentifiers":["d.example"]}`)
}

func TestIdentityProvidersRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{Fetch: published(t)})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","Schema":[{"Name":"fixed","AttributeDataType":"String","Mutable":false}]}`).text("UserPool.Id")
	a.do(t, "CreateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":"there","ProviderType":"OIDC","ProviderDetails":%s,"IdpIdentifiers":["taken"]}`, id, oidc))
	social := `"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"email"}`
	details := func(more string) string { return `"ProviderDetails":{` + oidcKeys + `,` + more + `}` }
	const invalid = "InvalidParameterException: "
	for _, tc := range []struct{ name, provider, providerType, input, want string }{
		{"one that is there", "there", "OIDC", `"ProviderDetails":` + oidc, "DuplicateProviderException: there already exists in user pool POOL."},
		{"a social one with a name", "mine", "Google", social, invalid + "Provider mine cannot be of type Google."},
		{"a social name", "Google", "OIDC", `"ProviderDetails":` + oidc, invalid + "Provider Google cannot be of type OIDC."},
		{"the pool's own", "Cognito", "OIDC", `"ProviderDetails":` + oidc, invalid + "Provider name Cognito is reserved."},
		{"social without a secret", "Google", "Google", `"ProviderDetails":{"client_id":"c","authorize_scopes":"email"}`, invalid + "client_id, client_secret and authorize_scopes are all required idp details"},
		{"Apple without a key", "SignInWithApple", "SignInWithApple", `"ProviderDetails":{"client_id":"c","authorize_scopes":"email"}`,
			invalid + "client_id, team_id, key_id, private_key and authorize_scopes are all required idp details"},
		{"OIDC without an issuer", "new", "OIDC", `"ProviderDetails":{` + oidcKeys + `}`,
			invalid + "client_id, client_secret, authorize_scopes, oidc_issuer and attributes_request_method are all required idp details"},
		{"an unknown detail", "new", "OIDC", details(`"oidc_issuer":"https://op.example.com","token_endpoint":"x"`), invalid + "Provider details contain invalid key: [token_endpoint]"},
		{"no URL", "new", "OIDC", details(`"oidc_issuer":"op.example.com"`), invalid + "Invalid value of the provider detail oidc_issuer: it must be a URL."},
		{"no method", "new", "OIDC", `"ProviderDetails":` + strings.Replace(oidc, "GET", "PUT", 1), invalid + "Invalid value of the provider detail attributes_request_method: it must be GET or POST."},
		{"no scopes", "new", "OIDC", `"ProviderDetails":` + strings.Replace(oidc, "openid email", "open\\\"id", 1), invalid + "Invalid value of the provider detail authorize_scopes: it must be a list of scopes."},
		{"no version", "Facebook", "Facebook", `"ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"email","api_version":"../x"}`,
			invalid + "Invalid value of the provider detail api_version: it must be a version such as v17.0."},
		{"a long detail", "new", "OIDC", `"ProviderDetails":` + strings.Replace(oidc, `"s"`, `"`+strings.Repeat("s", 4097)+`"`, 1), invalid + "Invalid value of the provider detail client_secret: it is longer than 4096 bytes."},
		{"an issuer without discovery", "new", "OIDC", details(`"oidc_issuer":"https://none.example.com"`), invalid + "Unable to contact well-known endpoint"},
		{"an issuer with half a discovery", "new", "OIDC", details(`"oidc_issuer":"https://half.example.com"`), invalid + "The discovery document of https://half.example.com does not have the endpoint for token_url."},
		{"SAML without metadata", "new", "SAML", `"ProviderDetails":{"IDPSignout":"true"}`, invalid + "At least one of the MetadataURL or MetadataFile should be provided."},
		{"SAML with both", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/metadata","MetadataFile":"<x/>"}`, invalid + "Only one of the MetadataURL or MetadataFile should be provided."},
		{"no algorithm", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/metadata","RequestSigningAlgorithm":"rsa-sha1"}`, invalid + "Invalid value of the provider detail RequestSigningAlgorithm: it must be rsa-sha256."},
		{"no flag", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/metadata","IDPInit":"yes"}`, invalid + "Invalid value of the provider detail IDPInit: it must be true or false."},
		{"metadata that is not there", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/none"}`, invalid + "Non-ok status code 404 returned from remote metadata source https://idp.example.com/none"},
		{"metadata out of reach", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://down.example.com/"}`, invalid + "Unable to retrieve metadata from https://down.example.com/"},
		{"no metadata", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/junk"}`, invalid + "Unable to unmarshall metadata"},
		{"no metadata in the file", "new", "SAML", `"ProviderDetails":{"MetadataFile":"<x/>"}`, invalid + "Unable to unmarshall metadata"},
		{"metadata without redirect", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/post"}`, invalid + "No SingleSignOn Http redirect binding location found in metadata."},
		{"metadata without certificate", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/bare"}`, invalid + "No valid signing certificate found in metadata."},
		{"metadata of another role", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/sp"}`, invalid + "Metadata must describe one identity provider."},
		{"metadata that has ended", "new", "SAML", `"ProviderDetails":{"MetadataURL":"https://idp.example.com/old"}`, invalid + "Metadata is no longer valid."},
		{"a mapping to nothing", "new", "OIDC", `"ProviderDetails":` + oidc + `,"AttributeMapping":{"custom:none":"x"}`, invalid + "AttributeMapping contains invalid mapping: [custom:none]"},
		{"a mapping to what is fixed", "new", "OIDC", `"ProviderDetails":` + oidc + `,"AttributeMapping":{"custom:fixed":"x"}`, invalid + "AttributeMapping contains invalid mapping: [custom:fixed]"},
		{"a mapping of the name", "new", "OIDC", `"ProviderDetails":` + oidc + `,"AttributeMapping":{"username":"email"}`, invalid + "AttributeMapping contains invalid mapping: [username]"},
		{"a mapping of identities", "new", "OIDC", `"ProviderDetails":` + oidc + `,"AttributeMapping":{"identities":"x"}`, invalid + "AttributeMapping contains invalid mapping: [identities]"},
		{"an unknown level", "new", "OIDC", `"ProviderDetails":` + oidc + `,"AcrMapping":{"x":"Level9"}`, invalid + "Invalid ACR level Level9, use Level1 to Level4."},
		{"an identifier that is taken", "new", "OIDC", `"ProviderDetails":` + oidc + `,"IdpIdentifiers":["taken"]`, invalid + "The identifier taken belongs to another identity provider."},
		{"an identifier twice", "new", "OIDC", `"ProviderDetails":` + oidc + `,"IdpIdentifiers":["a","a"]`, invalid + "The identifier a is there twice."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, "CreateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":%q,"ProviderType":%q,%s}`, id, tc.provider, tc.providerType, tc.input), fill(tc.want, id, ""))
		})
	}
	for _, op := range []string{"DescribeIdentityProvider", "UpdateIdentityProvider", "DeleteIdentityProvider"} {
		a.refuse(t, op, fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":"new"}`, id), "ResourceNotFoundException: Identity provider new does not exist.")
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none","ProviderName":"new"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
	a.refuse(t, "ListIdentityProviders", fmt.Sprintf(`{"UserPoolId":%q,"NextToken":"junk"}`, id), "InvalidParameterException: Invalid pagination token.")
	// Nothing of what was refused is there.
	if got := a.do(t, "ListIdentityProviders", fmt.Sprintf(`{"UserPoolId":%q}`, id)).at("Providers").([]any); len(got) != 1 {
		t.Errorf("there are %d providers", len(got))
	}
	for n := 1; n < 300; n++ {
		a.do(t, "CreateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":"op%03d","ProviderType":"OIDC","ProviderDetails":%s}`, id, n, oidc))
	}
	a.refuse(t, "CreateIdentityProvider", fmt.Sprintf(`{"UserPoolId":%q,"ProviderName":"more","ProviderType":"OIDC","ProviderDetails":%s}`, id, oidc),
		"LimitExceededException: The maximum number of identity providers, 300, is reached.")
}
