package lambdaauth

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// policy is the answer to whoever asks for the resource arn, for the whole of its
// stage.
func (g *guard) policy(arn string, d decision) (events.APIGatewayCustomAuthorizerPolicy, error) {
	none := events.APIGatewayCustomAuthorizerPolicy{}
	stage, err := stageOf(arn)
	if err != nil {
		return none, err
	}
	switch d.status {
	case 0:
	case http.StatusUnauthorized:
		return none, errUnauthorized
	case http.StatusForbidden:
		return statement("Deny", stage+"/*"), nil
	default:
		return none, errUnavailable
	}
	switch {
	case len(g.keys) == 0:
		return statement("Allow", stage+"/*"), nil
	case len(d.met) > 0:
		var allowed []string
		for _, key := range d.met {
			method, path, _ := strings.Cut(key, " ")
			for _, method := range methodsOf(method, path) {
				allowed = append(allowed, stage+"/"+method+path)
			}
		}
		return statement("Allow", allowed...), nil
	case d.expires.IsZero(): // a token would help
		return none, errUnauthorized
	}
	return statement("Deny", stage+"/*"), nil
}

// methods are those that API Gateway knows.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// methodsOf are the methods for a policy. There a "*" stands for slashes, too:
// "*/articles" would also be GET/admin/articles.
func methodsOf(method, path string) []string {
	if method == "*" && path != "/*" {
		return methods
	}
	return []string{method}
}

func statement(effect string, resources ...string) events.APIGatewayCustomAuthorizerPolicy {
	return events.APIGatewayCustomAuthorizerPolicy{
		Version: "2012-10-17",
		Statement: []events.IAMPolicyStatement{{
			Effect: effect, Action: []string{"execute-api:Invoke"}, Resource: resources,
		}},
	}
}

// stagePart is of the ARN of a route: API ids and names of stages have no more
// letters than these, and so are no patterns in a policy.
var stagePart = regexp.MustCompile(`^(arn:aws[a-z-]*:execute-api:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9]+/(?:\$default|[A-Za-z0-9_-]+))/`)

// stageOf is the part of a resource's ARN that all routes of its stage begin
// with: arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod of
// arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/articles.
func stageOf(arn string) (string, error) {
	m := stagePart.FindStringSubmatch(arn)
	if m == nil {
		return "", errors.New("lambdaauth: the event's ARN is not of a route of API Gateway")
	}
	return m[1], nil
}
