package userpool

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/federation/metadata"
)

// The types of identity providers, as the API names them.
const (
	ProviderSAML     = "SAML"
	ProviderOIDC     = "OIDC"
	ProviderGoogle   = "Google"
	ProviderFacebook = "Facebook"
	ProviderAmazon   = "LoginWithAmazon"
	ProviderApple    = "SignInWithApple"
)

// providerKind is what sets the providers of a type apart. The details are those
// of the API reference, "CreateIdentityProvider".
type providerKind struct {
	named    bool     // the only name is that of the type
	required []string // in the order in which the refusal names them
	optional []string // besides those filled in
	subject  string   // what the provider calls its users' ids; "" if no mapping may name it

	// filled are the details that Cognito knows, for an api_version of Facebook.
	filled func(version string) map[string]string
}

var providerKinds = map[string]providerKind{
	ProviderGoogle: {
		named: true, required: []string{"client_id", detailClientSecret, "authorize_scopes"}, subject: "sub",
		filled: func(string) map[string]string {
			return map[string]string{
				"attributes_url":                "https://people.googleapis.com/v1/people/me?personFields=",
				"attributes_url_add_attributes": "true",
				"authorize_url":                 "https://accounts.google.com/o/oauth2/v2/auth",
				"oidc_issuer":                   "https://accounts.google.com",
				"token_request_method":          "POST",
				"token_url":                     "https://www.googleapis.com/oauth2/v4/token",
			}
		},
	},
	ProviderFacebook: {
		named: true, required: []string{"client_id", detailClientSecret, "authorize_scopes"}, optional: []string{"api_version"}, subject: "id",
		filled: func(version string) map[string]string {
			if version == "" {
				version = defaultFacebookVersion
			}
			return map[string]string{
				"attributes_url":                "https://graph.facebook.com/" + version + "/me?fields=",
				"attributes_url_add_attributes": "true",
				"authorize_url":                 "https://www.facebook.com/" + version + "/dialog/oauth",
				"token_request_method":          "GET",
				"token_url":                     "https://graph.facebook.com/" + version + "/oauth/access_token",
			}
		},
	},
	ProviderAmazon: {
		named: true, required: []string{"client_id", detailClientSecret, "authorize_scopes"}, subject: "user_id",
		filled: func(string) map[string]string {
			return map[string]string{
				"attributes_url":                "https://api.amazon.com/user/profile",
				"attributes_url_add_attributes": "false",
				"authorize_url":                 "https://www.amazon.com/ap/oa",
				"token_request_method":          "POST",
				"token_url":                     "https://api.amazon.com/auth/o2/token",
			}
		},
	},
	ProviderApple: {
		named: true, required: []string{"client_id", "team_id", "key_id", detailPrivateKey, "authorize_scopes"}, subject: "sub",
		filled: func(string) map[string]string {
			return map[string]string{
				"attributes_url_add_attributes": "false",
				"authorize_url":                 "https://appleid.apple.com/auth/authorize",
				"oidc_issuer":                   "https://appleid.apple.com",
				"token_request_method":          "POST",
				"token_url":                     "https://appleid.apple.com/auth/token",
			}
		},
	},
	ProviderOIDC: {
		required: []string{"client_id", detailClientSecret, "authorize_scopes", "oidc_issuer", "attributes_request_method"},
		optional: oidcEndpoints, subject: "sub",
		filled: func(string) map[string]string { return map[string]string{"attributes_url_add_attributes": "false"} },
	},
	ProviderSAML: {
		optional: []string{"MetadataFile", detailMetadataURL, "IDPSignout", "IDPInit", "EncryptedResponses", "RequestSigningAlgorithm",
			detailSSO, detailSLO, "ActiveEncryptionCertificate"},
		filled: func(string) map[string]string { return nil },
	},
}

const (
	// defaultFacebookVersion is that of the examples in the API reference.
	defaultFacebookVersion = "v17.0"

	detailMetadataURL = "MetadataURL"

	detailSSO = "SSORedirectBindingURI"
	detailSLO = "SLORedirectBindingURI"

	// maxDetail is the most bytes of a detail that is not a document.
	maxDetail = 4096

	maxMetadataFile = 131_072 // StringType of the API model
)

// oidcEndpoints are discovered where they are not given.
var oidcEndpoints = []string{"authorize_url", "token_url", "attributes_url", "jwks_uri"}

var (
	facebookVersion = regexp.MustCompile(`^v\d{1,3}\.\d{1,2}$`)

	// scopePattern is a list of RFC 6749's scope tokens between spaces or, as
	// Facebook has it, commas.
	scopePattern = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+(?:[ ,]+[\x21\x23-\x5B\x5D-\x7E]+)*$`)
)

// newDetails checks the details of a request and fills in what follows from the
// type alone.
func newDetails(providerType string, given map[string]string) (map[string]string, error) {
	kind := providerKinds[providerType]
	details := maps.Clone(given)
	if details == nil {
		details = map[string]string{}
	}
	filled := kind.filled(details["api_version"])
	for _, name := range slices.Sorted(maps.Keys(details)) {
		_, known := filled[name]
		if !known && !slices.Contains(kind.required, name) && !slices.Contains(kind.optional, name) {
			return nil, invalid("Provider details contain invalid key: [%s]", name)
		}
		if details[name] == "" {
			delete(details, name)
			continue
		}
		if err := checkDetail(name, details[name]); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(kind.required, func(name string) bool { return details[name] == "" }) {
		last := len(kind.required) - 1
		return nil, invalid("%s and %s are all required idp details", strings.Join(kind.required[:last], ", "), kind.required[last])
	}
	for name, value := range filled {
		if details[name] == "" {
			details[name] = value
		}
	}
	if providerType == ProviderSAML {
		return details, checkSAMLDetails(details)
	}
	return details, nil
}

func checkSAMLDetails(details map[string]string) error {
	switch {
	case details[detailMetadataURL] == "" && details["MetadataFile"] == "":
		return invalid("At least one of the MetadataURL or MetadataFile should be provided.")
	case details[detailMetadataURL] != "" && details["MetadataFile"] != "":
		return invalid("Only one of the MetadataURL or MetadataFile should be provided.")
	}
	// These are told by the metadata and the pool, not by the caller.
	for _, name := range []string{detailSSO, detailSLO, "ActiveEncryptionCertificate"} {
		delete(details, name)
	}
	return nil
}

// checkDetail checks the form of one detail.
func checkDetail(name, value string) error {
	most := maxDetail
	if name == "MetadataFile" {
		most = maxMetadataFile
	}
	if len(value) > most {
		return invalid("Invalid value of the provider detail %s: it is longer than %d bytes.", name, most)
	}
	valid, want := true, ""
	switch name {
	case "authorize_url", "token_url", "attributes_url", "jwks_uri", "oidc_issuer", detailMetadataURL:
		valid, want = metadata.IsURL(value), "a URL"
	case "attributes_request_method", "token_request_method":
		valid, want = value == "GET" || value == "POST", "GET or POST"
	case "attributes_url_add_attributes", "IDPSignout", "IDPInit", "EncryptedResponses":
		lower := strings.ToLower(value)
		valid, want = lower == "true" || lower == "false", "true or false"
	case "authorize_scopes":
		valid, want = scopePattern.MatchString(value), "a list of scopes"
	case "api_version":
		valid, want = facebookVersion.MatchString(value), "a version such as "+defaultFacebookVersion
	case "RequestSigningAlgorithm":
		valid, want = value == "rsa-sha256", "rsa-sha256"
	}
	if !valid {
		return invalid("Invalid value of the provider detail %s: it must be %s.", name, want)
	}
	return nil
}
