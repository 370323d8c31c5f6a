package userpool

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// attributePool has an attribute of each kind.
func attributePool(t testing.TB) *Pool {
	return testPool(t, required("email"), custom(
		SchemaAttribute{Name: "custom:text", AttributeDataType: "String", Mutable: true,
			StringAttributeConstraints: &StringConstraints{MinLength: "2", MaxLength: "4"}},
		SchemaAttribute{Name: "custom:free", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &StringConstraints{}},
		SchemaAttribute{Name: "custom:number", AttributeDataType: "Number", Mutable: true,
			NumberAttributeConstraints: &NumberConstraints{MinValue: "-5", MaxValue: "10"}},
		SchemaAttribute{Name: "custom:flag", AttributeDataType: "Boolean", Mutable: true},
		SchemaAttribute{Name: "custom:when", AttributeDataType: "DateTime", Mutable: true},
		SchemaAttribute{Name: "custom:once", AttributeDataType: "String"},
		SchemaAttribute{Name: "dev:custom:inner", AttributeDataType: "String", Mutable: true, DeveloperOnlyAttribute: true},
	))
}

func TestAttributeValues(t *testing.T) {
	pool := attributePool(t)
	const schema = "Attributes did not conform to the schema: "
	for _, tt := range []struct{ name, value, text string }{
		{"custom:text", "ab", ""},
		{"custom:text", "äöüß", ""},
		{"custom:text", "a", schema + "custom:text: String must be no shorter than 2 chars\n"},
		{"custom:text", "äöüßx", schema + "custom:text: String must be no longer than 4 chars\n"},
		{"custom:text", "", ""}, // deletes
		{"custom:free", strings.Repeat("x", 2048), ""},
		{"custom:free", strings.Repeat("x", 2049), schema + "custom:free: String must be no longer than 2048 chars\n"},
		{"custom:free", "a\x00b", schema + "custom:free: String must be valid UTF-8 text\n"},
		{"custom:free", "a\xffb", schema + "custom:free: String must be valid UTF-8 text\n"},
		{"custom:number", "-5", ""},
		{"custom:number", "10", ""},
		{"custom:number", "-6", schema + "custom:number: Number must be no less than -5\n"},
		{"custom:number", "11", schema + "custom:number: Number must be no greater than 10\n"},
		{"custom:number", "1.5", schema + "custom:number: Number must be a whole number\n"},
		{"custom:flag", "true", ""},
		{"custom:flag", "False", ""},
		{"custom:flag", "yes", schema + "custom:flag: Boolean must be true or false\n"},
		{"custom:when", "2026-11-21T07:14:00Z", ""},
		{"custom:when", "2026-11-21", ""},
		{"custom:when", "yesterday", schema + "custom:when: DateTime must be in ISO 8601 format\n"},
		{"updated_at", "1700000000", ""},
		{"updated_at", "-1", schema + "updated_at: Number must be no less than 0\n"},
		{"birthdate", "1990-02-28", ""},
		{"birthdate", "1990-02-8", schema + "birthdate: String must be no shorter than 10 chars\n"},
		{"birthdate", "1990-02-30", "Invalid birthdate format, please use YYYY-MM-DD."},
		{"phone_number", "+15550001111", ""},
		{"phone_number", "+123456789012345", ""},
		{"phone_number", "+1234567890123456", "Invalid phone number format."},
		{"phone_number", "15550001111", "Invalid phone number format."},
		{"phone_number", "+1 555 000 1111", "Invalid phone number format."},
		{"phone_number", "+", "Invalid phone number format."},
		{"email", "ann@example.com", ""},
		{"email", "ann+tag.x_y@mail.example.co.uk", ""},
		{"email", "änn@exämple.com", ""},
		{"email", "ann@localhost", ""},
		{"email", "ann", "Invalid email address format."},
		{"email", "@example.com", "Invalid email address format."},
		{"email", "ann@", "Invalid email address format."},
		{"email", "ann@@example.com", "Invalid email address format."},
		{"email", "ann@example..com", "Invalid email address format."},
		{"email", "ann @example.com", "Invalid email address format."},
		{"email", "ann@example.com\r\nBcc: eve@example.com", "Invalid email address format."},
		{"email", "Ann <ann@example.com>", "Invalid email address format."},
		{"email", strings.Repeat("a", 65) + "@example.com", "Invalid email address format."},
		{"custom:missing", "x", schema + "custom:missing: Attribute does not exist in the schema.\n"},
	} {
		t.Run(tt.name+" "+tt.value[:min(len(tt.value), 20)], func(t *testing.T) {
			var code fault.Code
			if tt.text != "" {
				code = fault.InvalidParameter
			}
			user := &store.User{Attributes: map[string]string{}}
			err := pool.CheckChangedAttributes(user, map[string]string{tt.name: tt.value}, Writer{revealing})
			checkFault(t, err, code, tt.text)
			attrs := map[string]string{"email": "ann@example.com"}
			attrs[tt.name] = tt.value
			checkFault(t, pool.checkNewAttributes(attrs, Writer{revealing}, ""), code, tt.text)
		})
	}
}

func TestAttributesAreToldTogether(t *testing.T) {
	err := attributePool(t).checkNewAttributes(map[string]string{"custom:b": "1", "custom:a": "1", "custom:text": "x"}, Writer{revealing}, "")
	checkFault(t, err, "InvalidParameterException", "Attributes did not conform to the schema: email: The attribute is required\n"+
		"custom:a: Attribute does not exist in the schema.\ncustom:b: Attribute does not exist in the schema.\n"+
		"custom:text: String must be no shorter than 2 chars\n")
}

func TestWhoMayWriteAttributes(t *testing.T) {
	const (
		unauthorized = "A client attempted to write unauthorized attribute"
		undetermined = "Attributes did not conform to the schema: Type for attribute {custom:missing} could not be determined"
	)
	pool := attributePool(t)
	user := &store.User{Attributes: map[string]string{"email": "ann@example.com"}}
	narrow := &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"name"}}}
	for _, tt := range []struct {
		name      string
		attribute string
		value     string
		client    *Client // nil: an administrator
		code      fault.Code
		text      string
	}{
		{"user", "name", "Ann", revealing, "", ""},
		{"user of a narrow client", "name", "Ann", narrow, "", ""},
		{"off the list", "nickname", "Annie", narrow, "NotAuthorizedException", unauthorized},
		{"administrators know no list", "nickname", "Annie", nil, "", ""},
		{"user verifies", "email_verified", "true", revealing, "NotAuthorizedException", unauthorized},
		{"administrator verifies", "email_verified", "true", nil, "", ""},
		{"administrator verifies what is not there", "phone_number_verified", "false", nil, "InvalidParameterException",
			"Phone Number is required to verify/un-verify a phone number"},
		{"user sets sub", "sub", "x", revealing, "NotAuthorizedException", unauthorized},
		{"administrator sets sub", "sub", "x", nil, "InvalidParameterException", "Cannot modify the non-mutable attribute sub"},
		{"user sets a developer's", "dev:custom:inner", "x", revealing, "NotAuthorizedException", unauthorized},
		{"administrator sets a developer's", "dev:custom:inner", "x", nil, "", ""},
		{"immutable", "custom:once", "x", revealing, "InvalidParameterException", "user.custom:once: Attribute cannot be updated."},
		{"immutable for administrators", "custom:once", "x", nil, "InvalidParameterException", "user.custom:once: Attribute cannot be updated."},
		{"required emptied", "email", "", revealing, "InvalidParameterException", "user.email: Attribute cannot be deleted."},
		{"missing for administrators", "custom:missing", "x", nil, "InvalidParameterException", undetermined},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := pool.CheckChangedAttributes(user, map[string]string{tt.attribute: tt.value}, Writer{tt.client})
			checkFault(t, err, tt.code, tt.text)
		})
	}
}

func TestNewAttributesOfAdministrators(t *testing.T) {
	pool := attributePool(t)
	checkFault(t, pool.checkNewAttributes(map[string]string{"custom:once": "x"}, Writer{}, ""), "", "") // none required, immutable set once
	checkFault(t, pool.checkNewAttributes(map[string]string{"email_verified": "true"}, Writer{}, ""),
		"InvalidParameterException", "Email is required to verify/un-verify an email")
	checkFault(t, pool.checkNewAttributes(map[string]string{"email": "a@b.c", "email_verified": "true"}, Writer{}, ""), "", "")
}

func TestDeletedAttributes(t *testing.T) {
	pool := attributePool(t)
	narrow := &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"name"}}}
	for _, tt := range []struct {
		attribute string
		client    *Client
		code      fault.Code
		text      string
	}{
		{"name", revealing, "", ""},
		{"name", narrow, "", ""},
		{"name", nil, "", ""},
		{"nickname", narrow, "NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{"email", nil, "InvalidParameterException", "user.email: Attribute cannot be deleted."},
		{"custom:once", nil, "InvalidParameterException", "user.custom:once: Attribute cannot be updated."},
		{"email_verified", revealing, "NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		{"email_verified", nil, "InvalidParameterException", "Cannot modify the non-mutable attribute email_verified"},
		{"dev:custom:inner", nil, "", ""},
		{"custom:missing", revealing, "InvalidParameterException",
			"Attributes did not conform to the schema: custom:missing: Attribute does not exist in the schema.\n"},
	} {
		t.Run(tt.attribute, func(t *testing.T) {
			checkFault(t, pool.checkDeletedAttributes([]string{tt.attribute}, Writer{tt.client}), tt.code, tt.text)
		})
	}
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"ann@example.com", "a@b", "@", "a@b@c", "a\n@b", strings.Repeat("a", 64) + "@b.c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isEmail(s) && (strings.Count(s, "@") != 1 || strings.ContainsAny(s, " \t\r\n<>,;:\"()[]\\\x00") || len(s) > maxEmail) {
			t.Errorf("%q is taken for an address", s)
		}
	})
}

func TestMasks(t *testing.T) {
	for address, want := range map[string]string{
		"fixture@example.com": "f***@e***",
		"a@b":                 "a***@b***",
		"ägir@ørsted.example": "ä***@ø***",
	} {
		if got := maskEmail(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	for number, want := range map[string]string{
		"+15550001111": "+*******1111", // digits minus four
		"+12345":       "+*2345",
		"+1234":        "+1234",
		"+12":          "+12",
	} {
		if got := maskPhoneNumber(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
}
