package iam

import "github.com/poolhouse/poolhouse/internal/fault"

// A Principal is who a request speaks for once its signature is verified.
type Principal struct {
	AccessKeyID string  // the key the request was signed with
	ARN         string  // such as arn:aws:iam::123456789012:user/deploy
	Account     string  // 12 digits
	Policy      *Policy // nil allows nothing
}

// Authorize returns nil if the principal may do the action on the resource
// (see Policy.Decide), and AccessDeniedException in AWS's words otherwise. A nil
// principal may do nothing.
func (p *Principal) Authorize(action, resource string) error {
	if p == nil {
		return fault.Errorf(fault.AccessDenied, "User: anonymous is not authorized to perform: %s on resource: %s", action, resource)
	}
	because := "because no identity-based policy allows the " + action + " action"
	switch p.Policy.Decide(action, resource) {
	case Allow:
		return nil
	case ExplicitDeny:
		because = "with an explicit deny in an identity-based policy"
	}
	return fault.Errorf(fault.AccessDenied, "User: %s is not authorized to perform: %s on resource: %s %s", p.ARN, action, resource, because)
}
