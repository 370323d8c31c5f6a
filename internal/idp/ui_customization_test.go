package idp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// pixel is an image of a pixel, PNG or GIF, in base64.
func pixel(t testing.TB, format string) string {
	t.Helper()
	var b bytes.Buffer
	i := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black})
	err := gif.Encode(&b, i, nil)
	if format == "png" {
		b.Reset()
		err = png.Encode(&b, i)
	}
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestUICustomization(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	a.refuse(t, "SetUICustomization", fill(`{"UserPoolId":"POOL","CSS":".label-customizable{color:red}"}`, pool, ""),
		"InvalidParameterException: There has to be an existing domain associated with this user pool")
	a.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"looks"}`, pool, ""))

	get := func(client string) string {
		t.Helper()
		got := a.do(t, "GetUICustomization", fill(`{"UserPoolId":"POOL"`+client+`}`, pool, ""))
		custom := got.at("UICustomization").(map[string]any)
		for _, date := range []string{"CreationDate", "LastModifiedDate"} {
			if _, ok := custom[date].(float64); !ok && len(custom) > 0 {
				t.Errorf("%s is %v", date, custom[date])
			}
			delete(custom, date)
		}
		return regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(got.json("UICustomization"), "DIGEST")
	}
	own, all := `,"ClientId":"`+client+`"`, `,"ClientId":"ALL"`
	of := func(client, rest string) string {
		return fmt.Sprintf(`{%s"CSSVersion":"20190128172214","ClientId":%q,%s"UserPoolId":%q}`, strings.Split(rest, "|")[0], client, strings.Split(rest, "|")[1], pool)
	}
	png, gif := pixel(t, "png"), pixel(t, "gif")
	for _, tc := range []struct{ name, set, all, own string }{ // one after the other
		{"nothing", "", `{}`, `{}`},
		{"all clients", `,"CSS":".label-customizable{color:red}"`, of("ALL", `"CSS":".label-customizable{color:red}",|`), of("ALL", `"CSS":".label-customizable{color:red}",|`)},
		{"one client", own + `,"ImageFile":"` + png + `"`, of("ALL", `"CSS":".label-customizable{color:red}",|`), of(client, `|"ImageUrl":"/_poolhouse/images/`+pool+`/DIGEST.png",`)},
		{"all is replaced", all + `,"ImageFile":"` + gif + `"`, of("ALL", `|"ImageUrl":"/_poolhouse/images/`+pool+`/DIGEST.gif",`), of(client, `|"ImageUrl":"/_poolhouse/images/`+pool+`/DIGEST.png",`)},
		{"the client's goes", own, of("ALL", `|"ImageUrl":"/_poolhouse/images/`+pool+`/DIGEST.gif",`), of("ALL", `|"ImageUrl":"/_poolhouse/images/`+pool+`/DIGEST.gif",`)},
		{"all goes", all + `,"CSS":"","ImageFile":""`, `{}`, `{}`},
	} {
		if tc.set != "" {
			set := a.do(t, "SetUICustomization", fill(`{"UserPoolId":"POOL"`+tc.set+`}`, pool, ""))
			if want := tc.set != "" && strings.Contains(tc.set, client); (set.text("UICustomization.ClientId") == client) != want {
				t.Errorf("%s: SetUICustomization answers %v", tc.name, set.body)
			}
		}
		if got := get(""); got != tc.all {
			t.Errorf("%s: all clients have\n%s, want\n%s", tc.name, got, tc.all)
		}
		if got := get(own); got != tc.own {
			t.Errorf("%s: the client has\n%s, want\n%s", tc.name, got, tc.own)
		}
	}
}

// An image is found under its address as long as something uses it.
func TestImages(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	a.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"looks"}`, pool, ""))
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	set := func(clientID, file string) string {
		answer := a.do(t, "SetUICustomization", fill(`{"UserPoolId":"POOL","ClientId":"`+clientID+`","ImageFile":"`+file+`"}`, pool, ""))
		url, _ := answer.at("UICustomization.ImageUrl").(string)
		return url[strings.LastIndex(url, "/")+1:]
	}
	is := func(when, name string, want bool) {
		t.Helper()
		data, mediaType, err := a.service.pools.Image(t.Context(), pool, name)
		switch {
		case want && (err != nil || base64.StdEncoding.EncodeToString(data) != pixel(t, "png") || mediaType != "image/png"):
			t.Errorf("%s: %d bytes of %s, %v", when, len(data), mediaType, err)
		case !want && (err == nil || err.Error() != "ResourceNotFoundException: There is no such image."):
			t.Errorf("%s: %v, want ResourceNotFoundException", when, err)
		}
	}
	name := set("ALL", pixel(t, "png"))
	is("set", name, true)
	is("with another format", strings.Replace(name, "png", "svg", 1), false)
	is("in capitals", strings.ToUpper(name), false)
	is("nonsense", "x.png", false)
	if other := set(client, pixel(t, "png")); other != name {
		t.Errorf("the same image has the names %s and %s", name, other)
	}
	set("ALL", pixel(t, "gif"))
	is("one of two uses is gone", name, true)
	a.do(t, "DeleteUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))
	is("both are gone", name, false)
}

func TestUICustomizationRefuse(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	a.do(t, "CreateUserPoolDomain", fill(`{"UserPoolId":"POOL","Domain":"looks"}`, pool, ""))
	for _, tc := range []struct{ name, operation, input, want string }{
		{"get of no pool", "GetUICustomization", `{"UserPoolId":"us-east-1_none"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"set of no pool", "SetUICustomization", `{"UserPoolId":"us-east-1_none"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist."},
		{"get of no client", "GetUICustomization", `{"UserPoolId":"POOL","ClientId":"none"}`, "ResourceNotFoundException: User pool client none does not exist."},
		{"set of no client", "SetUICustomization", `{"UserPoolId":"POOL","ClientId":"none"}`, "ResourceNotFoundException: User pool client none does not exist."},
		{"CSS", "SetUICustomization", `{"UserPoolId":"POOL","CSS":"body{color:red}"}`, `InvalidParameterException: Invalid CSS: "body" is not a class that can be customized.`},
		{"an image", "SetUICustomization", `{"UserPoolId":"POOL","ImageFile":"aGVsbG8="}`, "InvalidParameterException: The image must be a PNG, JPEG or GIF file."},
	} {
		t.Run(tc.name, func(t *testing.T) { a.refuse(t, tc.operation, fill(tc.input, pool, ""), tc.want) })
	}
	if got := a.do(t, "GetUICustomization", fill(`{"UserPoolId":"POOL"}`, pool, "")).json("UICustomization"); got != `{}` {
		t.Errorf("what was refused is there: %s", got)
	}
}
