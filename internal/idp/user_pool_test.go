package idp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// golden compares an answer with a file, indented.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text)+"\n" != string(want) {
		t.Errorf("%s differs, got:\n%s", file, text)
	}
}

// mask replaces what differs from run to run, after checking its form.
func mask(t *testing.T, m map[string]any, values map[string]string) {
	t.Helper()
	for _, date := range []string{"CreationDate", "LastModifiedDate"} {
		seconds, ok := m[date].(float64)
		if age := float64(time.Now().Unix()) - seconds; !ok || age < -5 || age > 60 {
			t.Errorf("%s is %v", date, m[date])
		}
		m[date] = "DATE"
	}
	for name, value := range values {
		if m[name] != value {
			t.Errorf("%s is %v, want %s", name, m[name], value)
		}
		m[name] = strings.ToUpper(name)
	}
}

func TestMinimalUserPool(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	created := a.do(t, "CreateUserPool", `{"PoolName":"minimal"}`)
	id := created.text("UserPool.Id")
	described := a.do(t, "DescribeUserPool", fmt.Sprintf(`{"UserPoolId":%q}`, id))
	if created.json("UserPool") != described.json("UserPool") {
		t.Errorf("created %s\ndescribed %s", created.json("UserPool"), described.json("UserPool"))
	}
	pool := described.at("UserPool").(map[string]any)
	if pool["CreationDate"] != pool["LastModifiedDate"] {
		t.Errorf("created %v, modified %v", pool["CreationDate"], pool["LastModifiedDate"])
	}
	mask(t, pool, map[string]string{"Id": id, "Arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/" + id})
	golden(t, "user_pool_minimal.json", pool)
}

// Whatever is set is given back.
func TestCompleteUserPool(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	input, err := os.ReadFile("testdata/user_pool_input.json")
	if err != nil {
		t.Fatal(err)
	}
	id := a.do(t, "CreateUserPool", string(input)).text("UserPool.Id")
	pool := a.do(t, "DescribeUserPool", fmt.Sprintf(`{"UserPoolId":%q}`, id)).at("UserPool").(map[string]any)
	mask(t, pool, map[string]string{"Id": id, "Arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/" + id})
	golden(t, "user_pool_complete.json", pool)
}

func TestCreateUserPoolRefuses(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
	many := func(n int, item func(i int) string) string {
		var items []string
		for i := range n {
			items = append(items, item(i))
		}
		return strings.Join(items, ",")
	}
	a := newTestAPI(t, userpool.PoolsOptions{})
	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	for _, tc := range []struct {
		name, input, want string
	}{
		{"alias and username attributes", `"AliasAttributes":["email"],"UsernameAttributes":["email"]`,
			"InvalidParameterException: Only one of the aliasAttributes or usernameAttributes can be set in a User Pool."},
		{"required preferred_username alias", `"AliasAttributes":["preferred_username"],"Schema":[{"Name":"preferred_username","Required":true}]`,
			"InvalidParameterException: preferred_username cannot be a required attribute when it is an alias."},
		{"verification before update without auto-verification", `"UserAttributeUpdateSettings":{"AttributesRequireVerificationBeforeUpdate":["email"]}`,
			"InvalidParameterException: All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes"},
		{"auto-verified phone without SMS", `"AutoVerifiedAttributes":["phone_number"]`,
			"InvalidParameterException: SMS configuration is required when phone_number is selected for auto verification"},
		{"required MFA without SMS", `"MfaConfiguration":"ON"`,
			"InvalidParameterException: SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		{"optional MFA without SMS", `"MfaConfiguration":"OPTIONAL"`,
			"InvalidParameterException: SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		{"no password factor", `"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["EMAIL_OTP"]}}`,
			"InvalidParameterException: Password should be configured as one of the allowed first auth factors."},
		{"software token as first factor", `"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","SOFTWARE_TOKEN"]}}`,
			"InvalidParameterException: SOFTWARE_TOKEN can not be configured as one of the allowed first auth factors."},
		{"one-time codes with required MFA", `"MfaConfiguration":"ON","SmsConfiguration":{"SnsCallerArn":"` + arn + `"},"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","EMAIL_OTP"]}}`,
			"InvalidParameterException: EMAIL_OTP and SMS_OTP can not be allowed first auth factors when MFA is required."},
		{"admin_only with another", `"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"admin_only"},{"Priority":2,"Name":"verified_email"}]}`,
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."},
		{"two of one priority", `"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"verified_phone_number"},{"Priority":1,"Name":"verified_email"}]}`,
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot have two mechanisms of the same name or priority."},
		{"recovery by the second factor", `"MfaConfiguration":"ON","SmsConfiguration":{"SnsCallerArn":"` + arn + `"},"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"verified_phone_number"}]}`,
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot use verified_phone_number as a recovery mechanism when SMS MFA is configured."},
		{"both validity days", `"Policies":{"PasswordPolicy":{"TemporaryPasswordValidityDays":3}},"AdminCreateUserConfig":{"UnusedAccountValidityDays":3}`,
			"InvalidParameterException: Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"},
		{"two pre token triggers", `"LambdaConfig":{"PreTokenGeneration":"` + arn + `","PreTokenGenerationConfig":{"LambdaVersion":"V2_0","LambdaArn":"` + arn + `2"}}`,
			"InvalidParameterException: PreTokenGeneration and PreTokenGenerationConfig must name the same Lambda function."},
		{"custom sender without key", `"LambdaConfig":{"CustomEmailSender":{"LambdaVersion":"V1_0","LambdaArn":"` + arn + `"}}`,
			"InvalidParameterException: KMSKeyID is required when CustomSMSSender or CustomEmailSender is configured."},
		{"developer email without identity", `"EmailConfiguration":{"EmailSendingAccount":"DEVELOPER"}`,
			"InvalidParameterException: Source ARN is required to use DEVELOPER email sending owner"},
		{"sender that is no address", `"EmailConfiguration":{"From":"nobody"}`,
			"InvalidParameterException: Provided From email address is invalid"},
		{"SMS invitation without a name", `"AdminCreateUserConfig":{"InviteMessageTemplate":{"SMSMessage":"code {####}"}}`,
			"InvalidParameterException: Invalid SMS message for Admin create user flow parameter"},
		{"email invitation without a code", `"AdminCreateUserConfig":{"InviteMessageTemplate":{"EmailMessage":"hello {username}"}}`,
			"InvalidParameterException: Invalid email message for Admin create user flow parameter"},
		{"reserved tag", `"UserPoolTags":{"AWS:x":"y"}`,
			"UserPoolTaggingException: aws: prefixed tag key names are not allowed for external use."},
		{"too many tags", `"UserPoolTags":{` + many(51, func(i int) string { return fmt.Sprintf(`"t%d":""`, i) }) + `}`,
			"UserPoolTaggingException: A user pool can not have more than 50 tags."},
		{"equal ACR values", `"AcrConfiguration":{"Level1":{"AcrValue":"urn:cognito:loa:2"}}`,
			"InvalidParameterException: ACR values must be unique."},

		{"retyped standard attribute", `"Schema":[{"Name":"email","AttributeDataType":"Number"}]`,
			"InvalidParameterException: You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"},
		{"standard attribute for developers", `"Schema":[{"Name":"email","DeveloperOnlyAttribute":true}]`,
			"InvalidParameterException: You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"},
		{"required custom attribute", `"Schema":[{"Name":"banana","AttributeDataType":"String","Required":true}]`,
			"InvalidParameterException: Required custom attributes are not supported currently."},
		{"custom attribute without type", `"Schema":[{"Name":"banana"}]`,
			"InvalidParameterException: Invalid AttributeDataType input, consider using the provided AttributeDataType enum."},
		{"custom attribute twice", `"Schema":[{"Name":"banana","AttributeDataType":"String"},{"Name":"banana","AttributeDataType":"Number"}]`,
			"InvalidParameterException: Duplicate custom attribute names custom:banana are not allowed in a user pool schema."},
		{"standard attribute twice", `"Schema":[{"Name":"email"},{"Name":"email"}]`,
			"InvalidParameterException: Duplicate custom attribute names email are not allowed in a user pool schema."},
		{"too long", `"Schema":[{"Name":"banana","AttributeDataType":"String","StringAttributeConstraints":{"MaxLength":"2049"}}]`,
			"InvalidParameterException: user.custom:banana: String attributes cannot have a length of more than 2048"},
		{"too long a standard attribute", `"Schema":[{"Name":"email","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"2049"}}]`,
			"InvalidParameterException: user.email: String attributes cannot have a length of more than 2048"},
		{"lengths the wrong way round", `"Schema":[{"Name":"banana","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"10","MaxLength":"9"}}]`,
			"InvalidParameterException: user.custom:banana: Max length cannot be less than min length."},
		{"negative length", `"Schema":[{"Name":"banana","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"-1"}}]`,
			"InvalidParameterException: user.custom:banana: String attributes cannot have a negative length"},
		{"length that is no number", `"Schema":[{"Name":"banana","AttributeDataType":"String","StringAttributeConstraints":{"MaxLength":"ten"}}]`,
			"InvalidParameterException: user.custom:banana: Max length must be a whole number."},
		{"values the wrong way round", `"Schema":[{"Name":"banana","AttributeDataType":"Number","NumberAttributeConstraints":{"MinValue":"10","MaxValue":"9"}}]`,
			"InvalidParameterException: user.custom:banana: Max value cannot be less than min value."},
		{"attribute without a name", `"Schema":[{"AttributeDataType":"String"}]`,
			"InvalidParameterException: 1 validation error detected: Value at 'schema.1.member.name' failed to satisfy constraint: Member must not be null"},
		{"second attribute without a name", `"Schema":[{"Name":"banana","AttributeDataType":"String"},{"AttributeDataType":"String"}]`,
			"InvalidParameterException: 1 validation error detected: Value at 'schema.2.member.name' failed to satisfy constraint: Member must not be null"},
		{"several unknown ACR levels", `"AcrConfiguration":{"d":{"AcrValue":"1"},"c":{"AcrValue":"2"},"b":{"AcrValue":"3"},"a":{"AcrValue":"4"}}`,
			"InvalidParameterException: Invalid ACR level a, use Level1 to Level4."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a.refuse(t, "CreateUserPool", `{"PoolName":"p",`+tc.input+`}`, tc.want)
		})
	}
	for _, tc := range []struct {
		name, input, want string
	}{
		{"lite without passwords", `"UserPoolTier":"LITE","Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","WEB_AUTHN"]}}`,
			"FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier configured: Passwordless Sign-In"},
		{"threat protection below plus", `"UserPoolAddOns":{"AdvancedSecurityMode":"AUDIT"}`,
			"FeatureUnavailableInTierException: The following features need to be disabled for the ESSENTIALS pricing tier configured: Threat Protection"},
	} {
		t.Run("strict tiers: "+tc.name, func(t *testing.T) {
			strict.refuse(t, "CreateUserPool", `{"PoolName":"p",`+tc.input+`}`, tc.want)
		})
	}
	if pools := a.do(t, "ListUserPools", `{"MaxResults":60}`); pools.json("UserPools") != "[]" {
		t.Errorf("refused pools were made: %s", pools.json("UserPools"))
	}
}

// What is left out on creation or in an update, and what then is shown.
func TestUserPoolSettings(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
	const sms = `"SmsConfiguration":{"SnsCallerArn":"` + arn + `"}`
	a := newTestAPI(t, userpool.PoolsOptions{})
	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","UsernameAttributes":["email"],"UsernameConfiguration":{"CaseSensitive":false}}`).text("UserPool.Id")
	strictID := strict.do(t, "CreateUserPool", `{"PoolName":"p","UserPoolTier":"PLUS","UserPoolAddOns":{"AdvancedSecurityMode":"AUDIT"}}`).text("UserPool.Id")
	for _, tc := range []struct {
		name, input string // of UpdateUserPool, one after the other
		path, want  string
	}{
		{"flags of a given policy default to false", `"Policies":{"PasswordPolicy":{"MinimumLength":10,"RequireNumbers":true}}`,
			"Policies.PasswordPolicy", `{"MinimumLength":10,"RequireLowercase":false,"RequireNumbers":true,"RequireSymbols":false,"RequireUppercase":false,"TemporaryPasswordValidityDays":7}`},
		{"no policy is the default policy", ``,
			"Policies.PasswordPolicy", `{"MinimumLength":8,"RequireLowercase":true,"RequireNumbers":true,"RequireSymbols":true,"RequireUppercase":true,"TemporaryPasswordValidityDays":7}`},
		{"a history of zero is shown", `"Policies":{"PasswordPolicy":{"PasswordHistorySize":0}}`, "Policies.PasswordPolicy.PasswordHistorySize", `0`},
		{"temporary days show as unused days", `"Policies":{"PasswordPolicy":{"TemporaryPasswordValidityDays":3}}`, "AdminCreateUserConfig.UnusedAccountValidityDays", `3`},
		{"unused days show as temporary days", `"AdminCreateUserConfig":{"UnusedAccountValidityDays":5}`, "Policies.PasswordPolicy.TemporaryPasswordValidityDays", `5`},
		{"first factors", `"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","EMAIL_OTP"]}}`, "Policies.SignInPolicy", `{"AllowedFirstAuthFactors":["PASSWORD","EMAIL_OTP"]}`},
		{"first factors go back", ``, "Policies.SignInPolicy", `{"AllowedFirstAuthFactors":["PASSWORD"]}`},
		{"older member shows in the template", `"EmailVerificationMessage":"code {####}"`, "VerificationMessageTemplate", `{"DefaultEmailOption":"CONFIRM_WITH_CODE","EmailMessage":"code {####}"}`},
		{"template shows in the older member", `"VerificationMessageTemplate":{"SmsMessage":"sms {####}","EmailSubject":"hello"}`, "SmsVerificationMessage", `"sms {####}"`},
		{"texts go back", ``, "SmsVerificationMessage", `null`},
		{"bare trigger shows with its version", `"LambdaConfig":{"PreTokenGeneration":"` + arn + `"}`, "LambdaConfig.PreTokenGenerationConfig", `{"LambdaArn":"` + arn + `","LambdaVersion":"V1_0"}`},
		{"versioned trigger shows as bare", `"LambdaConfig":{"PreTokenGenerationConfig":{"LambdaVersion":"V3_0","LambdaArn":"` + arn + `"}}`, "LambdaConfig.PreTokenGeneration", `"` + arn + `"`},
		{"triggers go back", ``, "LambdaConfig", `{}`},
		{"email account defaults", `"EmailConfiguration":{"ReplyToEmailAddress":"a@example.com"}`, "EmailConfiguration", `{"EmailSendingAccount":"COGNITO_DEFAULT","ReplyToEmailAddress":"a@example.com"}`},
		{"SMS is set", sms + `,"MfaConfiguration":"ON"`, "MfaConfiguration", `"ON"`},
		{"SMS survives", ``, "SmsConfiguration", `{"SnsCallerArn":"` + arn + `"}`},
		{"but MFA goes back", ``, "MfaConfiguration", `"OFF"`},
		{"surviving SMS is enough for MFA", `"MfaConfiguration":"OPTIONAL"`, "MfaConfiguration", `"OPTIONAL"`},
		{"update settings are set", `"AutoVerifiedAttributes":["email"],"UserAttributeUpdateSettings":{"AttributesRequireVerificationBeforeUpdate":["email"]}`,
			"UserAttributeUpdateSettings", `{"AttributesRequireVerificationBeforeUpdate":["email"]}`},
		{"update settings survive", `"AutoVerifiedAttributes":["email"]`, "UserAttributeUpdateSettings", `{"AttributesRequireVerificationBeforeUpdate":["email"]}`},
		{"update settings switched off are shown", `"UserAttributeUpdateSettings":{"AttributesRequireVerificationBeforeUpdate":[]}`,
			"UserAttributeUpdateSettings", `{"AttributesRequireVerificationBeforeUpdate":[]}`},
		{"recovery is set", `"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"admin_only"}]}`, "AccountRecoverySetting", `{"RecoveryMechanisms":[{"Name":"admin_only","Priority":1}]}`},
		{"empty recovery is the old rule", `"AccountRecoverySetting":{}`, "AccountRecoverySetting", `null`},
		{"recovery goes back", ``, "AccountRecoverySetting", `{"RecoveryMechanisms":[{"Name":"verified_email","Priority":1},{"Name":"verified_phone_number","Priority":2}]}`},
		{"tier is set", `"UserPoolTier":"LITE"`, "UserPoolTier", `"LITE"`},
		{"tier survives", ``, "UserPoolTier", `"LITE"`},
		{"add-ons are set", `"UserPoolAddOns":{"AdvancedSecurityMode":"ENFORCED","AdvancedSecurityAdditionalFlows":{}}`, "UserPoolAddOns", `{"AdvancedSecurityAdditionalFlows":{},"AdvancedSecurityMode":"ENFORCED"}`},
		{"add-ons go", ``, "UserPoolAddOns", `null`},
		{"devices are set", `"DeviceConfiguration":{"ChallengeRequiredOnNewDevice":true}`, "DeviceConfiguration", `{"ChallengeRequiredOnNewDevice":true,"DeviceOnlyRememberedOnUserPrompt":false}`},
		{"devices go", ``, "DeviceConfiguration", `null`},
		{"protection is set", `"DeletionProtection":"ACTIVE"`, "DeletionProtection", `"ACTIVE"`},
		{"protection goes back", ``, "DeletionProtection", `"INACTIVE"`},
		{"tags are set", `"UserPoolTags":{"a":"b"}`, "UserPoolTags", `{"a":"b"}`},
		{"tags survive", ``, "UserPoolTags", `{"a":"b"}`},
		{"tags go", `"UserPoolTags":{}`, "UserPoolTags", `{}`},
		{"name is set", `"PoolName":"renamed"`, "Name", `"renamed"`},
		{"name survives", ``, "Name", `"renamed"`},
		{"username attributes survive", ``, "UsernameAttributes", `["email"]`},
		{"case survives", ``, "UsernameConfiguration", `{"CaseSensitive":false}`},
		{"ACR levels are completed", `"AcrConfiguration":{"Level2":{"AcrValue":"two"}}`, "AcrConfiguration",
			`{"Level1":{"AcrValue":"urn:cognito:loa:1"},"Level2":{"AcrValue":"two"},"Level3":{"AcrValue":"urn:cognito:loa:3"},"Level4":{"AcrValue":"urn:cognito:loa:4"}}`},
		{"registration defaults", `"DcrConfiguration":{}`, "DcrConfiguration",
			`{"AuthenticatedGrantTypes":["code","client_credentials"],"EnableStatus":"ENABLED","OpenDcrEnabled":false,"OpenDcrGrantTypes":["code"]}`},
		{"registration without grants", `"DcrConfiguration":{"OpenDcrGrantTypes":[]}`, "DcrConfiguration.OpenDcrGrantTypes", `[]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			input := fill(`{"UserPoolId":"POOL"`, id, "")
			if tc.input != "" {
				input += "," + tc.input
			}
			if got := a.do(t, "UpdateUserPool", input+"}"); len(got.body) != 0 {
				t.Errorf("UpdateUserPool answers %v, want {}", got.body)
			}
			if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).json("UserPool." + tc.path); got != tc.want {
				t.Errorf("%s is %s, want %s", tc.path, got, tc.want)
			}
		})
	}
	// What is no longer verified by itself cannot wait for its verification.
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","AutoVerifiedAttributes":["email"],"UserAttributeUpdateSettings":{"AttributesRequireVerificationBeforeUpdate":["email"]}}`, id, ""))
	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	if got := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).json("UserPool.UserAttributeUpdateSettings"); got != `{"AttributesRequireVerificationBeforeUpdate":[]}` {
		t.Errorf("UserAttributeUpdateSettings is %s", got)
	}
	strict.refuse(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL","UserPoolTier":"ESSENTIALS","UserPoolAddOns":{"AdvancedSecurityMode":"AUDIT"}}`, strictID, ""),
		"TierChangeNotAllowedException: The following features need to be disabled for the ESSENTIALS pricing tier configured: Threat Protection")
}

func TestUserPoolSchema(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p","Schema":[
		{"Name":"plain","AttributeDataType":"String"},
		{"Name":"email","Required":true,"Mutable":false},
		{"Name":"half","AttributeDataType":"String","Mutable":false,"StringAttributeConstraints":{"MaxLength":"2048"}},
		{"Name":"name","AttributeDataType":"String","StringAttributeConstraints":{"MinLength":"1","MaxLength":"50"}},
		{"Name":"given_name","StringAttributeConstraints":{"MinLength":"1","MaxLength":"50"}},
		{"Name":"count","AttributeDataType":"Number"},
		{"Name":"secret","AttributeDataType":"Boolean","DeveloperOnlyAttribute":true},
		{"Name":"sub","AttributeDataType":"String","Required":false,"Mutable":true}]}`).text("UserPool.Id")
	schema := func() map[string]string {
		byName := map[string]string{}
		for i, v := range a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")).at("UserPool.SchemaAttributes").([]any) {
			m := v.(map[string]any)
			text, _ := json.Marshal(m)
			byName[m["Name"].(string)] = fmt.Sprint(i, " ", string(text))
		}
		return byName
	}
	got := schema()
	for name, want := range map[string]string{
		"sub":               `0 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":false,"Name":"sub","Required":true,"StringAttributeConstraints":{"MaxLength":"2048","MinLength":"1"}}`,
		"name":              `1 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":true,"Name":"name","Required":false,"StringAttributeConstraints":{"MaxLength":"50","MinLength":"1"}}`,
		"given_name":        `2 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":true,"Name":"given_name","Required":false,"StringAttributeConstraints":{"MaxLength":"2048","MinLength":"0"}}`,
		"email":             `10 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":false,"Name":"email","Required":true,"StringAttributeConstraints":{"MaxLength":"2048","MinLength":"0"}}`,
		"custom:plain":      `20 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":true,"Name":"custom:plain","Required":false,"StringAttributeConstraints":{}}`,
		"custom:half":       `21 {"AttributeDataType":"String","DeveloperOnlyAttribute":false,"Mutable":false,"Name":"custom:half","Required":false,"StringAttributeConstraints":{"MaxLength":"2048"}}`,
		"custom:count":      `22 {"AttributeDataType":"Number","DeveloperOnlyAttribute":false,"Mutable":true,"Name":"custom:count","NumberAttributeConstraints":{},"Required":false}`,
		"dev:custom:secret": `23 {"AttributeDataType":"Boolean","DeveloperOnlyAttribute":true,"Mutable":true,"Name":"dev:custom:secret","Required":false}`,
	} {
		if got[name] != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got[name], want)
		}
	}

	for _, tc := range []struct {
		name, attributes, want string
	}{
		{"existing", `{"Name":"plain","AttributeDataType":"String"}`,
			"InvalidParameterException: custom:plain: Existing attribute already has name custom:plain."},
		{"existing for developers", `{"Name":"secret","AttributeDataType":"String","DeveloperOnlyAttribute":true}`,
			"InvalidParameterException: custom:secret: Existing attribute already has name dev:custom:secret."},
		{"twice", `{"Name":"new","AttributeDataType":"String"},{"Name":"new","AttributeDataType":"String"}`,
			"InvalidParameterException: custom:new: Existing attribute already has name custom:new."},
		{"required", `{"Name":"new","AttributeDataType":"String","Required":true}`,
			"InvalidParameterException: Required custom attributes are not supported currently."},
		{"without type", `{"Name":"new"}`,
			"InvalidParameterException: Invalid AttributeDataType input, consider using the provided AttributeDataType enum."},
		{"without name", `{"Name":"new","AttributeDataType":"String"},{"AttributeDataType":"String"}`,
			"InvalidParameterException: 1 validation error detected: Value at 'customAttributes.2.member.name' failed to satisfy constraint: Member must not be null"},
	} {
		t.Run("add "+tc.name, func(t *testing.T) {
			a.refuse(t, "AddCustomAttributes", fill(`{"UserPoolId":"POOL","CustomAttributes":[`+tc.attributes+`]}`, id, ""), tc.want)
		})
	}
	if _, added := schema()["custom:new"]; added {
		t.Error("a refused attribute was added")
	}
	a.refuse(t, "AddCustomAttributes", `{"UserPoolId":"us-east-1_none","CustomAttributes":[{"Name":"new","AttributeDataType":"String"}]}`,
		"ResourceNotFoundException: User pool us-east-1_none does not exist.")

	for batch := range 2 { // 4 are there; 46 more are the most
		var items []string
		for i := range 23 {
			items = append(items, fmt.Sprintf(`{"Name":"n%d_%d","AttributeDataType":"DateTime"}`, batch, i))
		}
		a.do(t, "AddCustomAttributes", fill(`{"UserPoolId":"POOL","CustomAttributes":[`+strings.Join(items, ",")+`]}`, id, ""))
	}
	if got := len(schema()); got != 70 {
		t.Errorf("%d attributes, want 20 and 50", got)
	}
	a.refuse(t, "AddCustomAttributes", fill(`{"UserPoolId":"POOL","CustomAttributes":[{"Name":"new","AttributeDataType":"String"}]}`, id, ""),
		"InvalidParameterException: A user pool can not have more than 50 custom attributes.")
}

func TestDeleteAndListUserPools(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"one","DeletionProtection":"ACTIVE"}`).text("UserPool.Id")
	a.do(t, "CreateUserPool", `{"PoolName":"two"}`)
	a.refuse(t, "DeleteUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""),
		"InvalidParameterException: The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")

	page := a.do(t, "ListUserPools", `{"MaxResults":1}`)
	item := page.at("UserPools").([]any)[0].(map[string]any)
	for _, member := range []string{"Id", "Name", "LambdaConfig", "CreationDate", "LastModifiedDate"} {
		if _, ok := item[member]; !ok {
			t.Errorf("ListUserPools shows no %s", member)
		}
	}
	if len(item) != 5 {
		t.Errorf("ListUserPools shows %v, want five members", item)
	}
	if last := a.do(t, "ListUserPools", fmt.Sprintf(`{"MaxResults":1,"NextToken":%q}`, page.text("NextToken"))); last.at("NextToken") != nil || len(last.at("UserPools").([]any)) != 1 {
		t.Errorf("second page: %v", last.body)
	}
	a.refuse(t, "ListUserPools", `{"MaxResults":1,"NextToken":"junk"}`, "InvalidParameterException: Invalid pagination token.")
	a.refuse(t, "ListUserPools", `{"MaxResults":61}`,
		"InvalidParameterException: 1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60")

	a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	if got := a.do(t, "DeleteUserPool", fill(`{"UserPoolId":"POOL"}`, id, "")); len(got.body) != 0 {
		t.Errorf("DeleteUserPool answers %v, want {}", got.body)
	}
	for _, op := range []string{"DescribeUserPool", "DeleteUserPool", "UpdateUserPool", "ListUserPoolClients"} {
		a.refuse(t, op, fill(`{"UserPoolId":"POOL"}`, id, ""), fmt.Sprintf("ResourceNotFoundException: User pool %s does not exist.", id))
	}
}
