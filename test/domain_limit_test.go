package test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestDomainLimits floods the domain of a pool: the flood is told to slow down and
// seen by the operator, other domains and the API do not suffer, and it ends.
func TestDomainLimits(t *testing.T) {
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe("--log-level", "debug", "--rate-limits", "DomainAddress=5,*=off")
	c := s.newPool(in)
	other := s.newPool(in)
	for domain, pool := range map[string]string{"flooded": c.pool, "other": other.pool} {
		must[*cognito.CreateUserPoolDomainOutput](t)(c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{
			UserPoolId: &pool, Domain: aws.String(domain)}))
	}
	const page, endpoint = "/_domain/flooded/signedOut", "/_domain/flooded/oauth2/userInfo"
	if status, body := s.get(page); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	refused := 0
	for range 600 {
		if status, _ := s.get(page); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused > 596 { // the one before was the first of five
		t.Errorf("%d of 600 requests were refused, want up to 596", refused)
	}
	// One of a few in a row, for the limit lets one through now and then.
	refusal := func(path string) *http.Response {
		for range 20 {
			r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path+"?code=in-the-query", nil))
			answer := must[*http.Response](t)(http.DefaultClient.Do(r))
			answer.Body.Close()
			if answer.StatusCode == http.StatusTooManyRequests {
				return answer
			}
		}
		t.Fatalf("%s is not refused", path)
		return nil
	}
	for path, kind := range map[string]string{page: "text/html; charset=utf-8", endpoint: "application/json;charset=UTF-8"} {
		answer := refusal(path)
		if answer.Header.Get("Retry-After") != "1" || answer.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %v", path, answer.Header)
		}
		id := answer.Header.Get("X-Amzn-Requestid")
		eventually(t, soon, "the log has the request "+id, func() bool {
			return id != "" && strings.Contains(s.output.String(), `msg="domain request" request_id=`+id+" domain=flooded")
		})
	}
	if strings.Contains(s.output.String(), "in-the-query") {
		t.Error("the log has what stood in a query")
	}
	_, metrics := s.get("/_poolhouse/metrics")
	for _, want := range []string{
		`poolhouse_api_errors_total{operation="signedOut",service="domain",type="429"} `,
		`poolhouse_api_errors_total{operation="oauth2/userInfo",service="domain",type="429"} `,
		`poolhouse_api_duration_seconds_count{operation="signedOut",service="domain"} `,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if status, body := s.get("/_domain/other/signedOut"); status != http.StatusOK {
		t.Errorf("another domain: %d %s", status, body)
	}
	c.createUser("ada", password)
	eventually(t, soon, "the domain has room again", func() bool { status, _ := s.get(page); return status == http.StatusOK })
}
