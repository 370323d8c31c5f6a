package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

const (
	importRole = "arn:aws:iam::123456789012:role/import"

	// bcryptHash is of bcryptPassword (Openwall's test of crypt_blowfish).
	bcryptHash     = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	bcryptPassword = "U*U"
)

// createImport makes a job for the client's pool, which from then on verifies
// emails by itself, with a file.
func (c *client) createImport(in *installation, algorithm, file string) *types.UserImportJobType {
	c.t.Helper()
	ctx := c.t.Context()
	must[*cognito.UpdateUserPoolOutput](c.t)(c.UpdateUserPool(ctx, &cognito.UpdateUserPoolInput{
		UserPoolId: &c.pool, AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail}}))
	// The SDK does not know of PasswordHashingAlgorithm yet.
	input := map[string]string{"UserPoolId": c.pool, "JobName": "test", "CloudWatchLogsRoleArn": importRole}
	if algorithm != "" {
		input["PasswordHashingAlgorithm"] = algorithm
	}
	body, err := json.Marshal(input)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server.URL+"/", bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.CreateUserImportJob")
	status, text := c.sign(r, body, in.keyID, in.secret)
	var made struct {
		UserImportJob *struct{ JobId, PreSignedUrl, PasswordHashingAlgorithm string } //nolint:revive // the API's names
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.UserImportJob == nil || made.UserImportJob.PasswordHashingAlgorithm != algorithm {
		c.t.Fatalf("CreateUserImportJob: %d %s", status, text)
	}
	job := &types.UserImportJobType{JobId: &made.UserImportJob.JobId, PreSignedUrl: &made.UserImportJob.PreSignedUrl}
	path := strings.TrimPrefix(*job.PreSignedUrl, publicURL)
	if status, body := c.server.do(http.MethodPut, path, file, "x-amz-server-side-encryption", "aws:kms"); status != http.StatusOK || body != "" {
		c.t.Fatalf("PUT %s: %d %s", path, status, body)
	}
	return job
}

func (c *client) startImport(job *types.UserImportJobType) {
	c.t.Helper()
	must[*cognito.StartUserImportJobOutput](c.t)(c.StartUserImportJob(c.t.Context(), &cognito.StartUserImportJobInput{UserPoolId: &c.pool, JobId: job.JobId}))
}

func (c *client) describeImport(job *types.UserImportJobType) *types.UserImportJobType {
	c.t.Helper()
	return must[*cognito.DescribeUserImportJobOutput](c.t)(c.DescribeUserImportJob(c.t.Context(),
		&cognito.DescribeUserImportJobInput{UserPoolId: &c.pool, JobId: job.JobId})).UserImportJob
}

// finishImport waits until a job has ended.
func (c *client) finishImport(job *types.UserImportJobType) *types.UserImportJobType {
	c.t.Helper()
	var now *types.UserImportJobType
	eventually(c.t, 60*time.Second, "the import has ended", func() bool {
		now = c.describeImport(job)
		return now.CompletionDate != nil
	})
	return now
}

// importLog reads what a job did not import, with a signature of the access key.
func (c *client) importLog(job *types.UserImportJobType, keyID, secret string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.server.URL+"/_poolhouse/import/"+c.pool+"/"+*job.JobId+"/log", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.sign(r, nil, keyID, secret)
}

// sign sends a request with a signature of an access key.
func (c *client) sign(r *http.Request, body []byte, keyID, secret string) (int, string) {
	c.t.Helper()
	key, err := credentials.NewStaticCredentialsProvider(keyID, secret, "").Retrieve(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(c.t.Context(), key, r, hex.EncodeToString(sum[:]), "cognito-idp", region, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestImportedUsersKeepTheirPasswords brings users of another system in with
// their bcrypt hashes. They sign in by the password first, and by SRP from then on.
func TestImportedUsersKeepTheirPasswords(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		s := in.startServe()
		c := s.newPool(in)
		job := c.createImport(in, "BCRYPT", "cognito:username,email,email_verified,password_hash\n"+
			"ada,ada@example.com,TRUE,"+bcryptHash+"\n"+
			"grace,grace@example.com,TRUE,\n"+
			"hedy,hedy@example.com,TRUE,nonsense\n")
		c.startImport(job)
		done := c.finishImport(job)
		if done.Status != types.UserImportJobStatusTypeSucceeded || done.ImportedUsers != 2 || done.FailedUsers != 1 ||
			aws.ToString(done.CompletionMessage) != "Import Job Completed Successfully." {
			t.Errorf("the job ended as %s: %s, imported %d, failed %d", done.Status, aws.ToString(done.CompletionMessage), done.ImportedUsers, done.FailedUsers)
		}

		_, err := c.startSRP("ada", bcryptPassword).sendTo(c)
		wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
		_, err = c.tryPassword("ada", "U*V")
		wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
		c.signIn("ada", bcryptPassword)
		signedIn := must[*cognito.RespondToAuthChallengeOutput](t)(c.startSRP("ada", bcryptPassword).sendTo(c))
		tokens(t, signedIn.AuthenticationResult)
		c.signIn("ada", bcryptPassword)
		grace := must[*cognito.AdminGetUserOutput](t)(c.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: &c.pool, Username: aws.String("grace")}))
		if grace.UserStatus != types.UserStatusTypeResetRequired {
			t.Errorf("a user without a hash is %s", grace.UserStatus)
		}

		const want = "[FAILED] Line Number 4 - The password hash does not have the format of the job's password hashing algorithm.\n"
		if status, text := c.importLog(job, in.keyID, in.secret); status != http.StatusOK || text != want {
			t.Errorf("the log is %d %s, want %s", status, text, want)
		}
		policy := filepath.Join(t.TempDir(), "policy.json")
		if err := os.WriteFile(policy, []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cognito-idp:AdminGetUser", "Resource": "*"}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _ := c.importLog(job, in.keyID, "wrong"); status != http.StatusForbidden {
			t.Errorf("the log with a wrong secret: %d", status)
		}
		keyID, secret := in.accessKey("reader", "--policy", policy)
		if status, _ := c.importLog(job, keyID, secret); status != http.StatusForbidden {
			t.Errorf("the log without the right to it: %d", status)
		}

		path := strings.TrimPrefix(*job.PreSignedUrl, publicURL)
		for what, tc := range map[string]struct {
			path   string
			status int
			code   string
		}{
			"a job that has ended": {path, http.StatusConflict, "<Code>OperationAborted</Code>"},
			"a wrong signature":    {path + "x", http.StatusForbidden, "<Code>SignatureDoesNotMatch</Code>"},
		} {
			if status, body := s.do(http.MethodPut, tc.path, "x"); status != tc.status || !strings.Contains(body, tc.code) {
				t.Errorf("an upload for %s: %d %s", what, status, body)
			}
		}
	})
}

// TestImportsGoOnAfterAKill kills the node that imports. Another, or on SQLite the
// next start, ends the job with each user there once.
func TestImportsGoOnAfterAKill(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		doomed := in.startServe()
		c := doomed.newPool(in)
		const people = 15_000
		var file strings.Builder
		header := must[*cognito.GetCSVHeaderOutput](t)(c.GetCSVHeader(t.Context(), &cognito.GetCSVHeaderInput{UserPoolId: &c.pool})).CSVHeader
		file.WriteString(strings.Join(header, ",") + "\n")
		for i := range people {
			for _, column := range header {
				switch column {
				case "email":
					fmt.Fprintf(&file, "user-%d@example.com", i)
				case "email_verified":
					file.WriteString("true")
				case "cognito:username":
					fmt.Fprintf(&file, "user-%d\n", i)
					continue
				}
				file.WriteByte(',')
			}
		}
		job := c.createImport(in, "", file.String())
		c.startImport(job)
		eventually(t, 30*time.Second, "the import has begun", func() bool { return c.describeImport(job).ImportedUsers > 0 })
		doomed.kill()
		survivor := c.at(in.startServe(), in)
		if before := survivor.describeImport(job); before.Status != types.UserImportJobStatusTypeInProgress {
			t.Fatalf("the job had ended before: %s", before.Status)
		}
		done := survivor.finishImport(job)
		if done.Status != types.UserImportJobStatusTypeSucceeded || done.ImportedUsers != people || done.SkippedUsers != 0 || done.FailedUsers != 0 {
			t.Errorf("%s: imported %d, skipped %d, failed %d", done.Status, done.ImportedUsers, done.SkippedUsers, done.FailedUsers)
		}
		pool := must[*cognito.DescribeUserPoolOutput](t)(survivor.DescribeUserPool(t.Context(), &cognito.DescribeUserPoolInput{UserPoolId: &c.pool}))
		if pool.UserPool.EstimatedNumberOfUsers != people {
			t.Errorf("the pool has %d users", pool.UserPool.EstimatedNumberOfUsers)
		}
	})
}

// TestImportByHand does what AWS's guide says, with the AWS CLI and curl.
func TestImportByHand(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	_, err = exec.LookPath("curl")
	testenv.Require(t, "awscli", err == nil, "there is no program curl")
	s := startDev(t)
	run := func(name string, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append(environment(), "AWS_ENDPOINT_URL="+s.URL, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing",
			"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
			"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return out
	}
	cli := func(answer any, args ...string) {
		t.Helper()
		if err := json.Unmarshal(run("aws", append([]string{"cognito-idp", "--output", "json"}, args...)...), answer); err != nil {
			t.Fatal(err)
		}
	}
	var header struct{ CSVHeader []string }
	cli(&header, "get-csv-header", "--user-pool-id", demoPool)
	row := map[string]string{"cognito:username": "ada", "email": "ada@example.com", "email_verified": "TRUE", "birthdate": "12/10/1815", "name": `Lovelace\, Ada`}
	var values []string
	for _, column := range header.CSVHeader {
		values = append(values, row[column])
	}
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte(strings.Join(header.CSVHeader, ",")+"\r\n"+strings.Join(values, ",")+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	type answer struct {
		UserImportJob struct {
			JobId, PreSignedUrl, Status string //nolint:revive // the API's names
			ImportedUsers               int
		}
	}
	var job answer
	cli(&job, "create-user-import-job", "--user-pool-id", demoPool, "--job-name", "by hand", "--cloud-watch-logs-role-arn", importRole)
	run("curl", "-sSf", "-T", file, "-H", "x-amz-server-side-encryption:aws:kms", job.UserImportJob.PreSignedUrl)
	named := []string{"--user-pool-id", demoPool, "--job-id", job.UserImportJob.JobId}
	cli(&job, append([]string{"start-user-import-job"}, named...)...)
	eventually(t, 30*time.Second, "the import has succeeded", func() bool {
		cli(&job, append([]string{"describe-user-import-job"}, named...)...)
		return job.UserImportJob.Status == "Succeeded"
	})
	if job.UserImportJob.ImportedUsers != 1 {
		t.Errorf("imported %d", job.UserImportJob.ImportedUsers)
	}
	var user struct{ UserStatus string }
	cli(&user, "admin-get-user", "--user-pool-id", demoPool, "--username", "ada")
	if user.UserStatus != "RESET_REQUIRED" {
		t.Errorf("the user is %s", user.UserStatus)
	}
	var listed struct{ UserImportJobs []struct{ Status string } }
	cli(&listed, "list-user-import-jobs", "--user-pool-id", demoPool, "--max-results", "10")
	if len(listed.UserImportJobs) != 1 || listed.UserImportJobs[0].Status != "Succeeded" {
		t.Errorf("listed %+v", listed)
	}
	if status, text := s.get("/_poolhouse/import/" + demoPool + "/" + job.UserImportJob.JobId + "/log"); status != http.StatusOK || text != "" {
		t.Errorf("the log is %d %q", status, text)
	}
}
