package userpool

import (
	"slices"
	"strings"
)

// flowSwitch is what switches an authentication flow on: a member of
// ExplicitAuthFlows in its present and in its old form.
type flowSwitch struct {
	allow  string
	legacy string // "" if the old form has no name for it
}

// flowSwitches has an entry for each AuthFlow of InitiateAuth and
// AdminInitiateAuth, both names of each, and for the client's own token.
var flowSwitches = map[string]flowSwitch{
	"USER_SRP_AUTH":            {allow: "ALLOW_USER_SRP_AUTH"},
	"USER_PASSWORD_AUTH":       {allow: "ALLOW_USER_PASSWORD_AUTH", legacy: "USER_PASSWORD_AUTH"},
	"ADMIN_USER_PASSWORD_AUTH": {allow: "ALLOW_ADMIN_USER_PASSWORD_AUTH", legacy: "ADMIN_NO_SRP_AUTH"},
	"ADMIN_NO_SRP_AUTH":        {allow: "ALLOW_ADMIN_USER_PASSWORD_AUTH", legacy: "ADMIN_NO_SRP_AUTH"},
	"CUSTOM_AUTH":              {allow: "ALLOW_CUSTOM_AUTH", legacy: "CUSTOM_AUTH_FLOW_ONLY"},
	"REFRESH_TOKEN_AUTH":       {allow: "ALLOW_REFRESH_TOKEN_AUTH"},
	"REFRESH_TOKEN":            {allow: "ALLOW_REFRESH_TOKEN_AUTH"},
	"USER_AUTH":                {allow: "ALLOW_USER_AUTH"},
	"CLIENT_TOKEN_AUTH":        {allow: "ALLOW_CLIENT_TOKEN_AUTH"},
}

// AllowsFlow says whether the client may use an authentication flow, given by
// its AuthFlow name ("CLIENT_TOKEN_AUTH" for GetClientToken).
//
// A client that lists flows by their ALLOW_ names may use exactly those. One
// that lists old names, or none at all, may always refresh, use custom
// authentication and SRP; CUSTOM_AUTH_FLOW_ONLY takes SRP and passwords away. A
// client that rotates refresh tokens never uses REFRESH_TOKEN_AUTH, since that
// flow has no place for the new one.
func (c *Client) AllowsFlow(flow string) bool {
	s, known := flowSwitches[flow]
	if !known {
		return false
	}
	if s.allow == "ALLOW_REFRESH_TOKEN_AUTH" {
		if rotates, _ := c.Rotates(); rotates {
			return false
		}
	}
	if usesAllowNames(c.ExplicitAuthFlows) {
		return slices.Contains(c.ExplicitAuthFlows, s.allow)
	}
	switch s.allow {
	case "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH":
		return true
	}
	if slices.Contains(c.ExplicitAuthFlows, "CUSTOM_AUTH_FLOW_ONLY") {
		return false
	}
	if s.allow == "ALLOW_USER_SRP_AUTH" {
		return true
	}
	return s.legacy != "" && slices.Contains(c.ExplicitAuthFlows, s.legacy)
}

// usesAllowNames says whether a list of flows has any name of the present form.
// The two forms are never mixed in one client.
func usesAllowNames(flows []string) bool {
	return slices.ContainsFunc(flows, func(f string) bool { return strings.HasPrefix(f, "ALLOW_") })
}
