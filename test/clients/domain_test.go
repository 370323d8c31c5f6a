package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestDomainsByAWSCLI gives the demo pool its domains from a shell, and takes them
// away.
func TestDomainsByAWSCLI(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	s := start(t, "url")
	for _, tc := range []struct{ line, want string }{
		{"create-user-pool-domain --user-pool-id POOL --domain my-app --query CloudFrontDomain", "None"},
		{"create-user-pool-domain --user-pool-id POOL --domain id.example.com --query CloudFrontDomain" +
			" --custom-domain-config CertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/one", "DISTRIBUTION"},
		{"describe-user-pool --user-pool-id POOL --query UserPool.[Domain,CustomDomain]", "my-app\tid.example.com"},
		{"describe-user-pool-domain --domain my-app --query DomainDescription.[UserPoolId,Status,AWSAccountId]", "POOL\tACTIVE\t123456789012"},
		{"describe-user-pool-domain --domain id.example.com --query DomainDescription.CloudFrontDistribution", "DISTRIBUTION"},
		{"update-user-pool-domain --user-pool-id POOL --domain id.example.com --query CloudFrontDomain" +
			" --custom-domain-config CertificateArn=arn:aws:acm:us-east-1:123456789012:certificate/two", "DISTRIBUTION"},
		{"describe-user-pool-domain --domain id.example.com --query DomainDescription.CustomDomainConfig.CertificateArn",
			"arn:aws:acm:us-east-1:123456789012:certificate/two"},
		{"delete-user-pool-domain --user-pool-id POOL --domain my-app", ""},
		{"delete-user-pool-domain --user-pool-id POOL --domain id.example.com", ""},
		{"describe-user-pool-domain --domain my-app --query DomainDescription.UserPoolId", "None"},
	} {
		line := strings.ReplaceAll(tc.line, "POOL", app.DemoPoolID)
		got := strings.TrimSpace(s.run("", "aws", append([]string{"cognito-idp", "--output", "text"}, strings.Fields(line)...)...))
		want := strings.ReplaceAll(tc.want, "POOL", app.DemoPoolID)
		if want == "DISTRIBUTION" {
			if !strings.HasPrefix(got, "d") || !strings.HasSuffix(got, ".auth.localhost") {
				t.Errorf("%s printed %s", line, got)
			}
		} else if got != want {
			t.Errorf("%s printed %s, want %s", line, got, want)
		}
	}
}

// TestNewOperationsByAWSCLI calls operations that the CLI learns from the API
// model: those of replicas and of provisioned limits.
func TestNewOperationsByAWSCLI(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	dir := dataPath(t)

	s := start(t, "url")
	aws := func(line string) string {
		t.Helper()
		cmd := s.program(t.Context(), "aws", append([]string{"cognito-idp", "--output", "text"}, strings.Fields(line)...)...)
		cmd.Env = append(cmd.Env, "AWS_DATA_PATH="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, tail(string(out)))
		}
		return strings.TrimSpace(string(out))
	}
	pool := aws("create-user-pool --pool-name replicated --query UserPool.Id --key-configuration " +
		"KeyType=CUSTOMER_MANAGED_KEY,KmsKeyArn=arn:aws:kms:us-east-1:123456789012:key/mrk-0a1b2c3d00004000800000000000000a")
	const limit = " --limit-definition LimitClass=API_CATEGORY,Attributes={Category=UserCreation} --query Limit.[FreeLimitValue,ProvisionedLimitValue]"
	for _, tc := range []struct{ line, want string }{
		{"create-user-pool-replica --user-pool-id POOL --region-name eu-west-1 --query UserPoolReplica.[RegionName,Status,Role]", "eu-west-1\tINACTIVE\tSECONDARY"},
		{"update-user-pool-replica --user-pool-id POOL --region-name eu-west-1 --status ACTIVE --query UserPoolReplica.Status", "ACTIVE"},
		{"list-user-pool-replicas --user-pool-id POOL --query UserPoolReplicas[].[RegionName,Status,Role]",
			"us-east-1\tACTIVE\tPRIMARY\neu-west-1\tACTIVE\tSECONDARY"},
		{"delete-user-pool-replica --user-pool-id POOL --region-name eu-west-1 --query UserPoolReplica.Status", "DELETING"},
		{"list-user-pool-replicas --user-pool-id POOL --query UserPoolReplicas[].RegionName", "us-east-1"},
		{"get-provisioned-limit" + limit, "50\t50"},
		{"update-provisioned-limit --requested-limit-value 70" + limit, "50\t70"},
		{"get-provisioned-limit" + limit, "50\t70"},
	} {
		if got := aws(strings.ReplaceAll(tc.line, "POOL", pool)); got != tc.want {
			t.Errorf("%s printed %q, want %q", tc.line, got, tc.want)
		}
	}
}

// dataPath is a directory for AWS_DATA_PATH, from which the CLI and boto3 learn of
// operations that are newer than they are.
func dataPath(t *testing.T) string {
	t.Helper()
	models := os.Getenv("POOLHOUSE_API_MODELS")
	testenv.Require(t, "models", models != "", "POOLHOUSE_API_MODELS is not set")
	model, err := os.ReadFile(filepath.Join(models, "cognito-idp.service-2.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	place := filepath.Join(dir, "cognito-idp", "2016-04-18")
	if err := os.MkdirAll(place, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "service-2.json"), model, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestControlPlaneByAWSCLI calls every operation that configures a pool once; the
// program finds in the API model which ones there are.
func TestControlPlaneByAWSCLI(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	_, err = exec.LookPath("python3")
	testenv.Require(t, "boto3", err == nil, "there is no program python3")
	s := start(t, "url")
	knowFiles(t, "python")
	cmd := s.program(t.Context(), "python3", "control_plane.py")
	cmd.Dir = "python"
	cmd.Env = append(cmd.Env, "AWS_DATA_PATH="+dataPath(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("control_plane.py: %v\n%s", err, tail(string(out)))
	}
}
