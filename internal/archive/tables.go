package archive

import (
	"encoding/json"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// table is a table of the archive.
type table struct {
	store.PoolTable

	// secrets are the columns with sealed text.
	secrets []secret

	// within swaps what is sealed inside of a document; nil: nothing.
	within func(poolID string, r row, swap swapper) error

	// last says that rows are found by more than their pool, are what makes the pool
	// work, or go with a deleted pool at once and not in steps. They are written in
	// the transaction that ends the import, thus must be few.
	last bool
}

// secret is a column with sealed text; ” is none.
type secret struct {
	column  string
	purpose keys.Purpose
	bound   []string // the columns it is bound to, after the pool
}

// swapper turns sealed text into base64 of its content, in an export, and back,
// in an import.
type swapper func(purpose keys.Purpose, value string, context ...string) (string, error)

func named(name string, key ...string) store.PoolTable { return store.PoolTable{Name: name, Key: key} }

// tables are all that a pool consists of, in the order of the file. A table with
// rows of pools stands here or in leftOut.
var tables = []table{
	{PoolTable: named("users", "sub"), secrets: []secret{
		{"sealed_password", "password", []string{"sub"}},
		{"sealed_password_history", "password-history", []string{"sub"}},
	}},
	{PoolTable: named("user_names", "name", "kind")},
	{PoolTable: named("user_attributes", "name", "value", "sub")},
	{PoolTable: named("user_groups", "id")},
	{PoolTable: named("user_group_members", "sub", "group_id")},
	{PoolTable: named("deleted_user_groups", "id")}, // after the members, so that none comes after it is cleared
	{PoolTable: named("revoked_tokens", "origin_jti")},
	{PoolTable: named("refresh_rotations", "origin_jti")},
	{PoolTable: named("revocation_events", "recorded_at", "id")},
	{PoolTable: named("resource_servers", "identifier"), last: true},
	{PoolTable: named("software_tokens", "sub"), secrets: []secret{
		{"sealed_secret", "software-token", []string{"sub"}},
		{"sealed_pending", "software-token", []string{"sub"}},
	}},
	{PoolTable: named("passkeys", "sub", "id")},
	{PoolTable: named("user_devices", "sub", "device_key"), secrets: []secret{
		{"sealed_verifier", "device", []string{"sub", "device_key"}},
	}},
	{PoolTable: named("forgotten_devices", "sub", "device_key")},
	{PoolTable: named("user_sessions", "id")},
	{PoolTable: named("client_sessions", "sid")},
	{PoolTable: named("auth_events", "sub", "id")},
	{PoolTable: named("identity_providers", "id"), within: providerSecrets, last: true},
	{PoolTable: named("identity_provider_identifiers", "identifier"), last: true},
	{PoolTable: named("identity_links", "provider_id", "attribute", "value")},
	{PoolTable: named("deleted_identity_providers", "id")}, // after the links, so that none comes after it is cleared
	{PoolTable: named("ui_customizations", "client_id")},
	{PoolTable: named("branding_styles", "id")},
	{PoolTable: named("branding_images", "digest", "owner")},
	{PoolTable: named("terms", "id")},
	{PoolTable: named("user_pool_replicas", "region")},
	{PoolTable: named("user_pool_domains", "kind"), last: true},
	{PoolTable: named("user_pool_clients", "id"), within: clientSecrets, last: true},
	{PoolTable: signingKeys, last: true, secrets: []secret{
		{"sealed_private", signingKeyPurpose, []string{"kid", "token_use"}},
	}},
	{PoolTable: userPools, last: true},
}

// leftOut are the tables whose rows stay behind, and why.
var leftOut = map[string]string{
	"codes":          "live for minutes; users ask for another",
	"attempts":       "counters of an hour or so; locked-out users of the pool start with a new count",
	"spent_sessions": "sessions of sign-ins under way are sealed under the deployment's own keys and do not move",
	"kept_sessions":  "as spent_sessions",
	"messages":       "messages on their way leave from where they were written",
	"outbox":         "messages on their way leave from where they were written",
	"logout_notices": "as outbox",

	"oauth_codes":    "live for minutes and are sealed under the deployment's own keys; applications ask for another",
	"oauth_requests": "as oauth_codes; their users begin again",
	"device_grants":  "as oauth_codes; devices ask for other codes",

	"user_import_jobs":   "jobs are of the deployment that runs them; the users that they have imported move",
	"user_import_chunks": "as user_import_jobs",
	"user_import_log":    "as user_import_jobs",
}

var (
	userPools   = store.PoolTable{Name: "user_pools", Pool: "id"}
	signingKeys = named("signing_keys", "kid")
)

const (
	signingKeyPurpose keys.Purpose = "signing-key"

	// refreshPurpose is what package token seals refresh tokens for.
	refreshPurpose keys.Purpose = "refresh-token"
)

// clientSecrets are in the document of an app client, each bound to its id.
func clientSecrets(poolID string, r row, swap swapper) error {
	return swapInList(r, "doc", "Secrets", "Sealed", func(item map[string]json.RawMessage, value string) (string, error) {
		var id string
		if err := json.Unmarshal(item["ID"], &id); err != nil {
			return "", fmt.Errorf("a secret without ID: %w", err)
		}
		return swap("client-secret", value, poolID, r.text("id"), id)
	})
}

// providerSecrets are in the document of an identity provider, by name.
func providerSecrets(poolID string, r row, swap swapper) error {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.text("doc")), &doc); err != nil {
		return fmt.Errorf("doc: %w", err)
	}
	if doc["Sealed"] == nil {
		return nil
	}
	var sealed map[string]string
	if err := json.Unmarshal(doc["Sealed"], &sealed); err != nil {
		return fmt.Errorf("doc.Sealed: %w", err)
	}
	for name, value := range sealed {
		value, err := swap("identity-provider-secret", value, poolID, r.text("id"), name)
		if err != nil {
			return fmt.Errorf("doc.Sealed: %w", err)
		}
		sealed[name] = value
	}
	text, err := json.Marshal(sealed)
	if err != nil {
		return err
	}
	doc["Sealed"] = text
	if text, err = json.Marshal(doc); err != nil {
		return err
	}
	r.set("doc", string(text))
	return nil
}

// swapInList swaps a member of each item of a list in a document.
func swapInList(r row, column, list, member string, swap func(item map[string]json.RawMessage, value string) (string, error)) error {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.text(column)), &doc); err != nil {
		return fmt.Errorf("%s: %w", column, err)
	}
	if doc[list] == nil {
		return nil
	}
	var items []map[string]json.RawMessage
	if err := json.Unmarshal(doc[list], &items); err != nil {
		return fmt.Errorf("%s.%s: %w", column, list, err)
	}
	for _, item := range items {
		if err := swapMember(item, member, func(value string) (string, error) { return swap(item, value) }); err != nil {
			return fmt.Errorf("%s.%s: %w", column, list, err)
		}
	}
	var err error
	if doc[list], err = json.Marshal(items); err != nil {
		return err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	r.set(column, string(text))
	return nil
}

// swapMember swaps a text in a JSON object; one that is not there stays so.
func swapMember(object map[string]json.RawMessage, member string, swap func(string) (string, error)) error {
	if object[member] == nil {
		return nil
	}
	var value string
	err := json.Unmarshal(object[member], &value)
	if err == nil {
		value, err = swap(value)
	}
	if err == nil {
		object[member], err = json.Marshal(value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", member, err)
	}
	return nil
}

// find returns the table of a name.
func find(name string) (*table, bool) {
	for i := range tables {
		if tables[i].Name == name {
			return &tables[i], true
		}
	}
	return nil, false
}

// secretColumns are the names of the columns with secrets.
func (t *table) secretColumns() []string {
	var names []string
	for _, s := range t.secrets {
		names = append(names, s.column)
	}
	return names
}
