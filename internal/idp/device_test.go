package idp

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// deviceTest is the API with a pool that tracks devices.
type deviceTest struct {
	*testAPI
	t            *testing.T
	pool, client string
}

func newDeviceTest(t *testing.T, config string) *deviceTest {
	t.Helper()
	d := &deviceTest{testAPI: newTestAPI(t, userpool.PoolsOptions{}), t: t}
	d.pool = d.do(t, "CreateUserPool", `{"PoolName":"test","DeviceConfiguration":`+config+`}`).text("UserPool.Id")
	d.client = d.do(t, "CreateUserPoolClient", `{"UserPoolId":"`+d.pool+
		`","ClientName":"web","ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}`).text("UserPoolClient.ClientId")
	for _, name := range []string{"ada", "eve"} {
		d.do(t, "AdminCreateUser", d.in(`{"UserPoolId":"POOL","Username":"`+name+`","MessageAction":"SUPPRESS"}`))
		d.do(t, "AdminSetUserPassword", d.in(`{"UserPoolId":"POOL","Username":"`+name+`","Password":"Correct-Horse-7","Permanent":true}`))
	}
	return d
}

func (d *deviceTest) in(input string) string { return fill(input, d.pool, d.client) }

// signIn signs a user in without a device.
func (d *deviceTest) signIn(name string) (accessToken, deviceKey, refreshToken string) {
	d.t.Helper()
	r := d.do(d.t, "InitiateAuth", d.in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"`+
		name+`","PASSWORD":"Correct-Horse-7","DEVICE_KEY":null}}`))
	if group := r.text("AuthenticationResult.NewDeviceMetadata.DeviceGroupKey"); !regexp.MustCompile(`^-[\w-]{8}$`).MatchString(group) {
		d.t.Errorf("device group %q", group)
	}
	return r.text("AuthenticationResult.AccessToken"), r.text("AuthenticationResult.NewDeviceMetadata.DeviceKey"), r.text("AuthenticationResult.RefreshToken")
}

const verifierConfig = `{"Salt":"nxwrOktcbX6PcIGSo7TF1uf4","PasswordVerifier":"CQ=="}`

func (d *deviceTest) confirmInput(accessToken, deviceKey string) string {
	return fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q,"DeviceName":"Ada's phone","DeviceSecretVerifierConfig":%s}`, accessToken, deviceKey, verifierConfig)
}

func TestDeviceOperations(t *testing.T) {
	d := newDeviceTest(t, `{"DeviceOnlyRememberedOnUserPrompt":true}`)
	accessToken, key, refresh := d.signIn("ada")
	if got := d.do(t, "ConfirmDevice", d.confirmInput(accessToken, key)).json("UserConfirmationNecessary"); got != "true" {
		t.Errorf("UserConfirmationNecessary %s", got)
	}
	byUser := fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, accessToken, key)
	byAdmin := d.in(`{"UserPoolId":"POOL","Username":"ada","DeviceKey":"` + key + `"}`)
	attributes := func(remembered string) string {
		return d.in(`[{"Name":"device_status","Value":"valid"},{"Name":"device_name","Value":"Ada's phone"},` +
			`{"Name":"dev:device_arn","Value":"arn:aws:cognito-idp:us-east-1:123456789012:owner/ada.POOL/device/` + key + `"},` +
			`{"Name":"dev:device_owner","Value":"ada.POOL"},{"Name":"last_ip_used","Value":"192.0.2.1"},` +
			`{"Name":"dev:device_remembered_status","Value":"` + remembered + `"},{"Name":"dev:device_sdk","Value":"aws-sdk"}]`)
	}
	expect := func(when, remembered string) {
		t.Helper()
		for _, got := range []answer{d.do(t, "GetDevice", byUser), d.do(t, "AdminGetDevice", byAdmin)} {
			if got := got.json("Device.DeviceAttributes"); got != attributes(remembered) {
				t.Errorf("%s: got %s, want %s", when, got, attributes(remembered))
			}
			for _, date := range []string{"DeviceCreateDate", "DeviceLastModifiedDate", "DeviceLastAuthenticatedDate"} {
				if _, ok := got.at("Device." + date).(float64); !ok {
					t.Errorf("%s: %s is %v", when, date, got.at("Device."+date))
				}
			}
		}
	}
	expect("confirmed", "not_remembered")
	d.do(t, "UpdateDeviceStatus", strings.Replace(byUser, "}", `,"DeviceRememberedStatus":"remembered"}`, 1))
	expect("remembered by the user", "remembered")
	d.do(t, "AdminUpdateDeviceStatus", strings.Replace(byAdmin, "}", `,"DeviceRememberedStatus":"not_remembered"}`, 1))
	expect("not remembered by an administrator", "not_remembered")

	another, second, _ := d.signIn("ada")
	d.do(t, "ConfirmDevice", d.confirmInput(another, second))
	for _, operation := range []string{"ListDevices", "AdminListDevices"} {
		keys := map[string]bool{}
		var next string
		for page := 0; page == 0 || next != ""; page++ {
			input := map[string]any{"AccessToken": accessToken, "Limit": 1}
			if operation == "AdminListDevices" {
				input = map[string]any{"UserPoolId": d.pool, "Username": "ada", "Limit": 1}
			}
			if next != "" {
				input["PaginationToken"] = next
			}
			text, err := json.Marshal(input)
			if err != nil {
				t.Fatal(err)
			}
			got := d.do(t, operation, string(text))
			for _, device := range got.at("Devices").([]any) {
				keys[device.(map[string]any)["DeviceKey"].(string)] = true
			}
			next, _ = got.at("PaginationToken").(string)
		}
		if len(keys) != 2 || !keys[key] || !keys[second] {
			t.Errorf("%s lists %v", operation, keys)
		}
	}

	renew := d.in(fmt.Sprintf(`{"ClientId":"CLIENT","RefreshToken":%q,"DeviceKey":%q}`, refresh, key))
	d.do(t, "GetTokensFromRefreshToken", renew)
	d.do(t, "ForgetDevice", byUser)
	d.refuse(t, "GetTokensFromRefreshToken", renew, "NotAuthorizedException: Invalid Refresh Token")
	d.do(t, "AdminForgetDevice", d.in(`{"UserPoolId":"POOL","Username":"ada","DeviceKey":"`+second+`"}`))
	if got := d.do(t, "ListDevices", fmt.Sprintf(`{"AccessToken":%q,"Limit":0}`, accessToken)).json("Devices"); got != "[]" {
		t.Errorf("devices left: %s", got)
	}
	d.refuse(t, "ConfirmDevice", d.confirmInput(accessToken, key), "InvalidParameterException: Invalid device key given.")
}

func TestDeviceRefusals(t *testing.T) {
	d := newDeviceTest(t, `{}`)
	ada, key, _ := d.signIn("ada")
	eve, others, _ := d.signIn("eve")
	if got := d.do(t, "ConfirmDevice", d.confirmInput(eve, others)).json("UserConfirmationNecessary"); got != "false" {
		t.Errorf("UserConfirmationNecessary %s", got)
	}
	const (
		invalid  = "InvalidParameterException: Invalid device key given."
		verifier = "InvalidParameterException: Invalid device secret verifier config given."
		missing  = "ResourceNotFoundException: Device does not exist."
	)
	withVerifier := func(salt, v string) string {
		return fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q,"DeviceSecretVerifierConfig":{"Salt":%q,"PasswordVerifier":%q}}`, ada, key, salt, v)
	}
	for _, c := range []struct{ name, operation, input, want string }{
		{"another user's key", "ConfirmDevice", d.confirmInput(ada, others), invalid},
		{"a key of one's own", "ConfirmDevice", d.confirmInput(ada, "us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111"), invalid},
		{"again", "ConfirmDevice", d.confirmInput(eve, others), "DeviceKeyExistsException: Device already exists."},
		{"no verifier", "ConfirmDevice", fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, ada, key), verifier},
		{"empty verifier", "ConfirmDevice", withVerifier("", ""), verifier},
		{"verifier 1", "ConfirmDevice", withVerifier("AQ==", "AQ=="), verifier},
		{"verifier is no base64", "ConfirmDevice", withVerifier("AQ==", "?"), verifier},
		{"salt is no base64", "ConfirmDevice", withVerifier("?", "CQ=="), verifier},
		{"long verifier", "ConfirmDevice", withVerifier("AQ==", strings.Repeat("AAAA", 30000)), verifier},
		{"no token", "ConfirmDevice", d.confirmInput("a.b.c", key), "NotAuthorizedException: Invalid Access Token"},
		{"another user's device", "GetDevice", fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, ada, others), missing},
		{"a device never confirmed", "GetDevice", fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, ada, key), missing},
		{"forget another user's device", "ForgetDevice", fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, ada, others), missing},
		{"remember another user's device", "UpdateDeviceStatus",
			fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q,"DeviceRememberedStatus":"remembered"}`, ada, others), missing},
		{"remember or not", "UpdateDeviceStatus", fmt.Sprintf(`{"AccessToken":%q,"DeviceKey":%q}`, eve, others),
			"InvalidParameterException: Missing required parameter DeviceRememberedStatus"},
		{"without a token", "ForgetDevice", `{"DeviceKey":"` + key + `"}`, "NotAuthorizedException: Invalid Access Token"},
		{"no such user", "AdminGetDevice", d.in(`{"UserPoolId":"POOL","Username":"nobody","DeviceKey":"` + key + `"}`),
			"UserNotFoundException: User does not exist."},
		{"no such pool", "AdminListDevices", `{"UserPoolId":"us-east-1_000000000","Username":"ada"}`,
			"ResourceNotFoundException: User pool us-east-1_000000000 does not exist."},
		{"administrator, another user's device", "AdminForgetDevice", d.in(`{"UserPoolId":"POOL","Username":"ada","DeviceKey":"` + others + `"}`), missing},
		{"administrator, a device never confirmed", "AdminUpdateDeviceStatus",
			d.in(`{"UserPoolId":"POOL","Username":"ada","DeviceKey":"` + key + `","DeviceRememberedStatus":"remembered"}`), missing},
		{"page of another list", "ListDevices", fmt.Sprintf(`{"AccessToken":%q,"PaginationToken":"eA"}`, ada),
			"InvalidParameterException: Invalid pagination token."},
	} {
		t.Run(c.name, func(t *testing.T) { d.refuse(t, c.operation, c.input, c.want) })
	}
	if got := d.do(t, "AdminListDevices", d.in(`{"UserPoolId":"POOL","Username":"ada"}`)).json("Devices"); got != "[]" {
		t.Errorf("a refused device was kept: %s", got)
	}

	d.do(t, "UpdateUserPool", d.in(`{"UserPoolId":"POOL"}`)) // devices are not tracked any more
	d.refuse(t, "ConfirmDevice", d.confirmInput(ada, key), invalid)
}

// The prime of the group, and what is beside it, are no verifiers.
func TestVerifierAtTheEdge(t *testing.T) {
	d := newDeviceTest(t, `{}`)
	prime, ok := new(big.Int).SetString(strings.Join(strings.Fields(`
		FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD
		EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
		EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F
		83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B
		E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510
		15728E5A 8AAAC42D AD33170D 04507A33 A85521AB DF1CBA64 ECFB8504 58DBEF0A 8AEA7157 5D060C7D B3970F85 A6E1E4C7
		ABF5AE8C DB0933D7 1E8C94E0 4A25619D CEE3D226 1AD2EE6B F12FFA06 D98A0864 D8760273 3EC86A64 521F2B18 177B200C
		BBE11757 7A615D6C 770988C0 BAD946E2 08E24FA0 74E5AB31 43DB5BFC E0FD108E 4B82D120 A93AD2CA FFFFFFFF FFFFFFFF`), ""), 16)
	if !ok {
		t.Fatal("no number")
	}
	for _, c := range []struct {
		off  int64
		want string
	}{{-2, ""}, {-1, "InvalidParameterException"}, {0, "InvalidParameterException"}, {1, "InvalidParameterException"}} {
		accessToken, key, _ := d.signIn("ada")
		v := append([]byte{0}, new(big.Int).Add(prime, big.NewInt(c.off)).Bytes()...)
		in, err := json.Marshal(map[string]any{"AccessToken": accessToken, "DeviceKey": key,
			"DeviceSecretVerifierConfig": map[string]any{"Salt": []byte{1}, "PasswordVerifier": v}})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.call(t, "ConfirmDevice", string(in)); got.errType != c.want {
			t.Errorf("prime%+d: %s: %s, want %s", c.off, got.errType, got.message, c.want)
		}
	}
}
