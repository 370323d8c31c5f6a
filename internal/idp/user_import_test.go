package idp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const importRole = "arn:aws:iam::123456789012:role/import"

func TestGetCSVHeader(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","Schema":[{"Name":"tenant","AttributeDataType":"String"}]}`).text("UserPool.Id")
	got := a.do(t, "GetCSVHeader", fill(`{"UserPoolId":"POOL"}`, id, ""))
	want := `["name","given_name","family_name","middle_name","nickname","preferred_username","profile","picture","website","email",` +
		`"email_verified","gender","birthdate","zoneinfo","locale","phone_number","phone_number_verified","address","updated_at",` +
		`"custom:tenant","cognito:mfa_enabled","cognito:username"]`
	if got.json("CSVHeader") != want || got.text("UserPoolId") != id {
		t.Errorf("got %s", got.body)
	}
	a.refuse(t, "GetCSVHeader", `{"UserPoolId":"us-east-1_none"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
}

func TestUserImportJobs(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","AutoVerifiedAttributes":["email"]}`).text("UserPool.Id")
	input := func(more string) string {
		return fmt.Sprintf(`{"UserPoolId":%q,"JobName":"my job","CloudWatchLogsRoleArn":%q%s}`, id, importRole, more)
	}
	first := a.do(t, "CreateUserImportJob", input(""))
	job := first.text("UserImportJob.JobId")
	address := first.text("UserImportJob.PreSignedUrl")
	if prefix := "http://localhost/_poolhouse/import/" + id + "/" + job + "?"; !strings.HasPrefix(address, prefix) {
		t.Errorf("the URL is %s", address)
	}
	members := first.at("UserImportJob").(map[string]any)
	if members["CreationDate"] == nil {
		t.Error("no CreationDate")
	}
	delete(members, "CreationDate")
	want := fmt.Sprintf(`{"CloudWatchLogsRoleArn":%q,"FailedUsers":0,"ImportedUsers":0,"JobId":%q,"JobName":"my job","PreSignedUrl":%q,"SkippedUsers":0,"Status":"Created","UserPoolId":%q}`,
		importRole, job, strings.ReplaceAll(address, "&", "AND"), id)
	if got := strings.ReplaceAll(first.json("UserImportJob"), `\u0026`, "AND"); got != want {
		t.Errorf("CreateUserImportJob answers\n%s, want\n%s", got, want)
	}
	second := a.do(t, "CreateUserImportJob", input(`,"PasswordHashingAlgorithm":"ARGON2ID"`))
	if got := second.text("UserImportJob.PasswordHashingAlgorithm"); got != "ARGON2ID" {
		t.Errorf("the algorithm is %q", got)
	}

	named := fmt.Sprintf(`{"UserPoolId":%q,"JobId":%q}`, id, job)
	if got := a.do(t, "DescribeUserImportJob", named).text("UserImportJob.PreSignedUrl"); got != address {
		t.Errorf("DescribeUserImportJob shows the URL %s", got)
	}
	page := a.do(t, "ListUserImportJobs", fill(`{"UserPoolId":"POOL","MaxResults":1}`, id, ""))
	rest := a.do(t, "ListUserImportJobs", fmt.Sprintf(`{"UserPoolId":%q,"MaxResults":60,"PaginationToken":%q}`, id, page.text("PaginationToken")))
	if page.json("UserImportJobs") == rest.json("UserImportJobs") || rest.at("PaginationToken") != nil {
		t.Errorf("pages %s and %s", page.body, rest.body)
	}

	if err := a.service.imports.Receive(t.Context(), id, job, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if got := a.do(t, "StartUserImportJob", named).text("UserImportJob.Status"); got != "Pending" {
		t.Errorf("StartUserImportJob says %s", got)
	}
	for op, input := range map[string]string{
		"AddCustomAttributes": `,"CustomAttributes":[{"Name":"x","AttributeDataType":"String"}]`, "UpdateUserPool": ``, "DeleteUserPool": ``,
	} {
		a.refuse(t, op, fmt.Sprintf(`{"UserPoolId":%q%s}`, id, input), "UserImportInProgressException: A user import job is in progress for this user pool.")
	}
	stopped := a.do(t, "StopUserImportJob", named)
	if stopped.text("UserImportJob.Status") != "Stopped" || stopped.text("UserImportJob.CompletionMessage") != "The Import Job was stopped by the developer." {
		t.Errorf("StopUserImportJob answers %s", stopped.body)
	}

	for _, tc := range []struct{ name, operation, input, want string }{
		{"start again", "StartUserImportJob", named, "PreconditionNotMetException: User import job " + job + " cannot be started. Current status is Stopped"},
		{"stop again", "StopUserImportJob", named, "PreconditionNotMetException: User import job " + job + " cannot be stopped. Current status is Stopped"},
		{"start without a file", "StartUserImportJob", fmt.Sprintf(`{"UserPoolId":%q,"JobId":%q}`, id, second.text("UserImportJob.JobId")),
			"PreconditionNotMetException: No csv file was uploaded for " + second.text("UserImportJob.JobId")},
		{"describe none", "DescribeUserImportJob", fill(`{"UserPoolId":"POOL","JobId":"import-none"}`, id, ""), "ResourceNotFoundException: User import job import-none does not exist."},
		{"list behind nothing", "ListUserImportJobs", fill(`{"UserPoolId":"POOL","MaxResults":1,"PaginationToken":"junk"}`, id, ""), "InvalidParameterException: Invalid pagination token."},
		{"another algorithm", "CreateUserImportJob", input(`,"PasswordHashingAlgorithm":"MD5"`),
			"InvalidParameterException: 1 validation error detected: Value 'MD5' at 'passwordHashingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [BCRYPT, SCRYPT, ARGON2ID, PBKDF2_SHA256]"},
	} {
		t.Run(tc.name, func(t *testing.T) { a.refuse(t, tc.operation, tc.input, tc.want) })
	}
}

// Imported users sign in with any password and are told to set one, where the
// client reveals who exists, and then set it by a code.
func TestImportedUsersSetAPassword(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","AutoVerifiedAttributes":["email"]}`).text("UserPool.Id")
	job := a.do(t, "CreateUserImportJob", fmt.Sprintf(`{"UserPoolId":%q,"JobName":"j","CloudWatchLogsRoleArn":%q,"PasswordHashingAlgorithm":"BCRYPT"}`, id, importRole)).text("UserImportJob.JobId")
	file := "cognito:username,email,email_verified,password_hash\nada,ada@example.com,true,\n"
	if err := a.service.imports.Receive(t.Context(), id, job, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	a.do(t, "StartUserImportJob", fmt.Sprintf(`{"UserPoolId":%q,"JobId":%q}`, id, job))
	if did, err := a.service.imports.Work(t.Context()); !did || err != nil {
		t.Fatal(did, err)
	}
	for errors, want := range map[string]string{
		"LEGACY":  "PasswordResetRequiredException: Password reset required for the user",
		"ENABLED": "NotAuthorizedException: Incorrect username or password.",
	} {
		client := a.do(t, "CreateUserPoolClient", fmt.Sprintf(`{"UserPoolId":%q,"ClientName":"c","PreventUserExistenceErrors":%q,"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH"]}`,
			id, errors)).text("UserPoolClient.ClientId")
		a.refuse(t, "InitiateAuth", fmt.Sprintf(`{"ClientId":%q,"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"any"}}`, client), want)
		if got := a.do(t, "ForgotPassword", fmt.Sprintf(`{"ClientId":%q,"Username":"ada"}`, client)).text("CodeDeliveryDetails.Destination"); got != "a***@e***" {
			t.Errorf("the code goes to %s", got)
		}
	}
}
