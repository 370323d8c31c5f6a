package userpool

import (
	"slices"
	"strings"
)

// The methods that the amr claim names.
const (
	AMRPassword = "pwd"
	AMRToken    = "otp" // of an authenticator app
	AMRSMS      = "sms"
	AMREmail    = "email_otp"
	AMRPlatform = "swk" // a passkey of the device itself
	AMRRoaming  = "hwk" // any other passkey
	amrSeveral  = "mfa"
)

// Level is the authentication level, 1 to 4, that methods reach together; 0 for
// none (developer guide, "Authentication levels with ACR and AMR claims").
func Level(methods []string) int {
	has := func(m string) bool { return slices.Contains(methods, m) }
	code := has(AMRSMS) || has(AMREmail)
	switch {
	case has(AMRPassword) && has(AMRToken):
		return 4
	case has(AMRPlatform), has(AMRRoaming), has(AMRPassword) && code:
		return 3
	case code:
		return 2
	case has(AMRPassword):
		return 1
	}
	return 0
}

// AMR is the amr claim of methods: they, and mfa for more than one.
func AMR(methods []string) []string {
	if len(methods) > 1 {
		return append(slices.Clone(methods), amrSeveral)
	}
	return methods
}

// MethodsOf are the methods that an amr claim tells of.
func MethodsOf(amr []string) []string {
	return slices.DeleteFunc(slices.Clone(amr), func(m string) bool { return m == amrSeveral })
}

// ACR is the acr claim of methods: the pool's name for their level, "" for none.
func (p *Pool) ACR(methods []string) string {
	return p.acrNames()[Level(methods)]
}

// Levels are the levels that an ordered list of acr values asks for. Values that
// are none of the pool's are passed over.
func (p *Pool) Levels(targets string) []int {
	names := p.acrNames()
	var levels []int
	for _, target := range strings.Fields(targets) {
		if level := slices.Index(names[:], target); level > 0 && !slices.Contains(levels, level) {
			levels = append(levels, level)
		}
	}
	return levels
}

// ACRValues are the names of the levels, from the lowest to the highest.
func (p *Pool) ACRValues() []string {
	names := p.acrNames()
	return names[1:]
}

// acrNames are the names of the levels at their index.
func (p *Pool) acrNames() [5]string {
	var names [5]string
	for i, level := range []string{"Level1", "Level2", "Level3", "Level4"} {
		names[i+1] = acrLevels[level]
		if own := p.AcrConfiguration[level].AcrValue; own != "" {
			names[i+1] = own
		}
	}
	return names
}
