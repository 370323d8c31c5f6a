package idp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// svg is a drawing of a color in base64, padded to a size with a comment.
func svg(color string, size int) string {
	text := `<svg xmlns="http://www.w3.org/2000/svg"><path fill="` + color + `"/></svg>`
	if n := size - len(text) - len("<!---->"); n > 0 {
		text += "<!--" + strings.Repeat("x", n) + "-->"
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func TestBranding(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	made := a.do(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","UseCognitoProvidedValues":true}`, pool, client))
	id := made.text("ManagedLoginBranding.ManagedLoginBrandingId")
	shown := func(r answer) string {
		style := r.at("ManagedLoginBranding").(map[string]any)
		for _, date := range []string{"CreationDate", "LastModifiedDate"} {
			if _, ok := style[date].(float64); !ok {
				t.Errorf("%s is %v", date, style[date])
			}
			delete(style, date)
		}
		return r.json("ManagedLoginBranding")
	}
	asset := func(category, mode, rest string) string {
		return fmt.Sprintf(`{%s"Category":%q,"ColorMode":%q,"Extension":"SVG"%s}`, strings.Split(rest, "|")[0], category, mode, strings.Split(rest, "|")[1])
	}
	bytes := func(color string) string { return `"Bytes":"` + svg(color, 0) + `",|` }
	var (
		light   = asset("FORM_LOGO", "LIGHT", bytes("red"))
		dark    = asset("FORM_LOGO", "DARK", bytes("red"))
		blue    = asset("FORM_LOGO", "LIGHT", bytes("blue"))
		named   = asset("FORM_LOGO", "LIGHT", bytes("blue")+`,"ResourceId":"logo"`)
		google  = asset("IDP_BUTTON_ICON", "LIGHT", bytes("red")+`,"ResourceId":"Google"`)
		another = asset("IDP_BUTTON_ICON", "LIGHT", bytes("blue")+`,"ResourceId":"Another"`)
	)
	const radius = `{"componentClasses":{"buttons":{"borderRadius":3}}}`
	for _, tc := range []struct{ name, update, provided, settings, assets string }{ // one after the other
		{"made", "", "true", "", ``},
		{"nothing changes", `"Assets":[]`, "true", "", ``},
		{"settings end the provided values", `"Settings":` + radius, "false", radius, ``},
		{"settings are merged", `"Settings":{"componentClasses":{"input":{"borderRadius":4}}},"UseCognitoProvidedValues":false`, "false",
			`{"componentClasses":{"buttons":{"borderRadius":3},"input":{"borderRadius":4}}}`, ``},
		{"null takes away", `"Settings":{"componentClasses":{"input":null}}`, "false", radius, ``},
		{"images", `"Assets":[` + light + `,` + dark + `]`, "false", radius, light + "," + dark},
		{"one is replaced", `"Assets":[` + blue + `]`, "false", radius, blue + "," + dark},
		{"one keeps its bytes", `"Assets":[` + asset("FORM_LOGO", "LIGHT", `|,"ResourceId":"logo"`) + `]`, "false", radius, named + "," + dark},
		{"icons of two providers", `"Assets":[` + google + `,` + another + `]`, "false", radius, strings.Join([]string{named, dark, google, another}, ",")},
		{"all goes", `"UseCognitoProvidedValues":true`, "true", "", ``},
	} {
		settings := ""
		if tc.settings != "" {
			settings = `"Settings":` + tc.settings + ","
		}
		want := fmt.Sprintf(`{"Assets":[%s],"ManagedLoginBrandingId":%q,%s"UseCognitoProvidedValues":%s,"UserPoolId":%q}`, tc.assets, id, settings, tc.provided, pool)
		if tc.update != "" {
			made = a.do(t, "UpdateManagedLoginBranding", fmt.Sprintf(`{"UserPoolId":%q,"ManagedLoginBrandingId":%q,%s}`, pool, id, tc.update))
		}
		if got := shown(made); got != want {
			t.Errorf("%s: it answers\n%s, want\n%s", tc.name, got, want)
		}
		if got := shown(a.do(t, "DescribeManagedLoginBranding", fmt.Sprintf(`{"UserPoolId":%q,"ManagedLoginBrandingId":%q,"ReturnMergedResources":false}`, pool, id))); got != want {
			t.Errorf("%s: DescribeManagedLoginBranding shows\n%s, want\n%s", tc.name, got, want)
		}
		if got := shown(a.do(t, "DescribeManagedLoginBrandingByClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))); got != want {
			t.Errorf("%s: DescribeManagedLoginBrandingByClient shows\n%s, want\n%s", tc.name, got, want)
		}
		merged, err := branding.Merge(branding.Defaults(), json.RawMessage(tc.settings))
		if err != nil {
			t.Fatal(err)
		}
		for operation, of := range map[string]string{"DescribeManagedLoginBranding": `"ManagedLoginBrandingId":"` + id + `"`, "DescribeManagedLoginBrandingByClient": `"ClientId":"` + client + `"`} {
			if got := a.do(t, operation, fill(`{"UserPoolId":"POOL","ReturnMergedResources":true,`+of+`}`, pool, "")).json("ManagedLoginBranding.Settings"); got != sorted(t, string(merged)) {
				t.Errorf("%s: merged, %s shows\n%s, want\n%s", tc.name, operation, got, merged)
			}
		}
	}

	if got := a.do(t, "DeleteManagedLoginBranding", fmt.Sprintf(`{"UserPoolId":%q,"ManagedLoginBrandingId":%q}`, pool, id)); len(got.body) != 0 {
		t.Errorf("DeleteManagedLoginBranding answers %v, want {}", got.body)
	}
	again := a.do(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT","Settings":{},"Assets":[`+light+`]}`, pool, client))
	if got := again.json("ManagedLoginBranding.Settings"); got != `{}` {
		t.Errorf("empty settings become %s", got)
	}
	id = again.text("ManagedLoginBranding.ManagedLoginBrandingId")
	a.do(t, "DeleteUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))
	a.refuse(t, "DescribeManagedLoginBranding", fmt.Sprintf(`{"UserPoolId":%q,"ManagedLoginBrandingId":%q}`, pool, id),
		"ResourceNotFoundException: Managed login branding "+id+" does not exist.")
}

func TestBrandingRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	newClient := func() string {
		return a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	}
	client := newClient()
	id := a.do(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client)).text("ManagedLoginBranding.ManagedLoginBrandingId")
	other := newClient()
	const none = "3f2b4c1e-5b1e-4c6e-9a53-000000000000"
	update := func(rest string) string {
		return `{"UserPoolId":"POOL","ManagedLoginBrandingId":"` + id + `",` + rest + `}`
	}
	logo := `{"Category":"FORM_LOGO","ColorMode":"DYNAMIC","Extension":"SVG","Bytes":"` + svg("red", 0) + `"}`
	for _, tc := range []struct{ name, operation, input, want string }{
		{"create of no pool", "CreateManagedLoginBranding", `{"UserPoolId":"us-east-1_none","ClientId":"CLIENT"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"create of no client", "CreateManagedLoginBranding", `{"UserPoolId":"POOL","ClientId":"none"}`, "ResourceNotFoundException: User pool client none does not exist."},
		{"create again", "CreateManagedLoginBranding", `{"UserPoolId":"POOL","ClientId":"CLIENT"}`, "ManagedLoginBrandingExistsException: A managed login branding already exists for app client CLIENT."},
		{"provided values and settings", "CreateManagedLoginBranding", `{"UserPoolId":"POOL","ClientId":"OTHER","UseCognitoProvidedValues":true,"Settings":{}}`,
			"InvalidParameterException: Settings and Assets must be omitted when UseCognitoProvidedValues is true."},
		{"provided values and assets", "UpdateManagedLoginBranding", update(`"UseCognitoProvidedValues":true,"Assets":[` + logo + `]`),
			"InvalidParameterException: Settings and Assets must be omitted when UseCognitoProvidedValues is true."},
		{"unknown settings", "CreateManagedLoginBranding", `{"UserPoolId":"POOL","ClientId":"OTHER","Settings":{"colorScheme":"dark"}}`,
			"InvalidParameterException: Invalid Settings: colorScheme is not a known setting."},
		{"settings that are none", "UpdateManagedLoginBranding", update(`"Settings":"x"`), "InvalidParameterException: Invalid Settings: the document must be an object."},
		{"an asset twice", "UpdateManagedLoginBranding", update(`"Assets":[` + logo + `,` + logo + `]`),
			"InvalidParameterException: The asset of category FORM_LOGO and color mode DYNAMIC is there twice."},
		{"an asset without bytes", "UpdateManagedLoginBranding", update(`"Assets":[{"Category":"FORM_LOGO","ColorMode":"DARK","Extension":"SVG"}]`),
			"InvalidParameterException: The asset of category FORM_LOGO and color mode DARK has no bytes."},
		{"an asset of another kind", "UpdateManagedLoginBranding", update(`"Assets":[` + strings.Replace(logo, "SVG", "PNG", 1) + `]`),
			"InvalidParameterException: The bytes of the asset of category FORM_LOGO are not a valid PNG image."},
		{"a large asset", "UpdateManagedLoginBranding", update(`"Assets":[` + strings.Replace(logo, svg("red", 0), svg("red", 1_000_001), 1) + `]`),
			"InvalidParameterException: 1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1000001 cap=1000001]' at 'assets.1.member.bytes' failed to satisfy constraint: Member must have length less than or equal to 1000000"},
		{"update of none", "UpdateManagedLoginBranding", `{"UserPoolId":"POOL","ManagedLoginBrandingId":"` + none + `"}`, "ResourceNotFoundException: Managed login branding " + none + " does not exist."},
		{"update without a style", "UpdateManagedLoginBranding", `{"UserPoolId":"POOL"}`,
			"InvalidParameterException: 1 validation error detected: Value at 'managedLoginBrandingId' failed to satisfy constraint: Member must not be null"},
		{"update of nothing", "UpdateManagedLoginBranding", `{}`,
			"InvalidParameterException: 2 validation errors detected: Value at 'userPoolId' failed to satisfy constraint: Member must not be null; Value at 'managedLoginBrandingId' failed to satisfy constraint: Member must not be null"},
		{"delete none", "DeleteManagedLoginBranding", `{"UserPoolId":"POOL","ManagedLoginBrandingId":"` + none + `"}`, "ResourceNotFoundException: Managed login branding " + none + " does not exist."},
		{"describe in no pool", "DescribeManagedLoginBranding", `{"UserPoolId":"us-east-1_none","ManagedLoginBrandingId":"` + id + `"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"describe of no client", "DescribeManagedLoginBrandingByClient", `{"UserPoolId":"POOL","ClientId":"none"}`, "ResourceNotFoundException: User pool client none does not exist."},
		{"describe of a client without", "DescribeManagedLoginBrandingByClient", `{"UserPoolId":"POOL","ClientId":"OTHER"}`, "ResourceNotFoundException: Managed login branding does not exist for app client OTHER."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ids := strings.NewReplacer("POOL", pool, "CLIENT", client, "OTHER", other)
			a.refuse(t, tc.operation, ids.Replace(tc.input), ids.Replace(tc.want))
		})
	}
	if got := a.do(t, "DescribeManagedLoginBranding", fill(update(`"ReturnMergedResources":false`), pool, "")); got.json("ManagedLoginBranding.Assets") != `[]` || got.at("ManagedLoginBranding.Settings") != nil {
		t.Errorf("what was refused is there: %v", got.body)
	}
	for range 19 {
		a.do(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, newClient()))
	}
	a.refuse(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, other),
		"LimitExceededException: The maximum number of managed login branding styles, 20, is reached.")
}

// Images come in requests of up to 2 MB, and add up to more.
func TestBrandingSizes(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	newStyle := func() string {
		client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
		return a.do(t, "CreateManagedLoginBranding", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client)).text("ManagedLoginBranding.ManagedLoginBrandingId")
	}
	icon := func(n, size int) string {
		return fmt.Sprintf(`{"Category":"IDP_BUTTON_ICON","ColorMode":"LIGHT","Extension":"SVG","ResourceId":"p%d","Bytes":%q}`, n, svg("red", size))
	}
	set := func(id string, icons ...string) string {
		return fmt.Sprintf(`{"UserPoolId":%q,"ManagedLoginBrandingId":%q,"Assets":[%s]}`, pool, id, strings.Join(icons, ","))
	}
	large := newStyle()
	for n := range 8 {
		a.do(t, "UpdateManagedLoginBranding", set(large, icon(n, 1_000_000)))
	}
	a.refuse(t, "UpdateManagedLoginBranding", set(large, icon(8, 1_000_000)), "InvalidParameterException: The assets of a managed login branding style can have at most 8388608 bytes together.")

	many := newStyle()
	icons := make([]string, 40)
	for n := range icons {
		icons[n] = icon(n, 0)
	}
	a.do(t, "UpdateManagedLoginBranding", set(many, icons...))
	a.refuse(t, "UpdateManagedLoginBranding", set(many, icon(40, 0)), "InvalidParameterException: A managed login branding style can have at most 40 assets.")

	a.refuse(t, "UpdateManagedLoginBranding", strings.Repeat(" ", 2<<20+1), "RequestEntityTooLargeException: The request is larger than 2097152 bytes.")
	a.refuse(t, "DescribeManagedLoginBranding", strings.Repeat(" ", 1<<20+1), "RequestEntityTooLargeException: The request is larger than 1048576 bytes.")
}
