package apimodel_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// FuzzDecode holds that Decode gives no error but its two, and that what it
// accepts is stable: encoded, decoded and encoded again it is the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `{"Text":"\ud83d\ude00","At":1726788459.464,"Raw":"/+8="}`,
		`{"Int":-1,"Long":1e3,"Flag":true,"Doc":{"a":[1.50,null]},"List":["a"],"Map":{"a":"b"},"Inner":{"lower":""},"Inners":{"k":{}}}`,
		`{"At":"2024-09-19T23:27:39.464Z","x":[[[]]]}`,
		`{"PoolName":"p","Schema":[{"Name":"n","AttributeDataType":"String"}],"UserPoolTags":{"k":"v"},"Policies":{"PasswordPolicy":{"MinimumLength":8}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkStable(t, everyShape, body, func() any { return new(every) })
		checkStable(t, idpapi.OpCreateUserPool.Input, body, func() any { return new(idpapi.CreateUserPoolInput) })
	})
}

func checkStable(t *testing.T, shape *apimodel.Shape, body []byte, newValue func() any) {
	t.Helper()
	first := newValue()
	if err := apimodel.Decode(shape, body, first); err != nil {
		var serialization *apimodel.SerializationError
		var validation *apimodel.ValidationError
		if !errors.As(err, &serialization) && !errors.As(err, &validation) {
			t.Fatalf("an error of another kind: %v", err)
		}
		return
	}
	once, err := apimodel.Encode(first)
	if err != nil {
		t.Fatal(err)
	}
	second := newValue()
	err = apimodel.Decode(shape, once, second)
	if err != nil && onlyMissing(err) {
		return // an empty string is left out, also where one is required
	}
	if err != nil {
		t.Fatalf("%s\nencoded as %s\nis refused: %v", body, once, err)
	}
	twice, err := apimodel.Encode(second)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(once, twice) {
		t.Fatalf("%s\nis encoded as %s\nand then  as %s", body, once, twice)
	}
}

func onlyMissing(err error) bool {
	var validation *apimodel.ValidationError
	if !errors.As(err, &validation) {
		return false
	}
	for _, v := range validation.Violations {
		if !strings.HasSuffix(v.Constraint, "must not be null") {
			return false
		}
	}
	return true
}

func BenchmarkDecodeInitiateAuth(b *testing.B) {
	body := []byte(`{"AuthFlow":"USER_SRP_AUTH","ClientId":"1h57kf5cpq17m0eml12EXAMPLE","AuthParameters":{"USERNAME":"jane@example.com",` +
		`"SRP_A":"` + strings.Repeat("0123456789abcdef", 48) + `","SECRET_HASH":"oT5ZkS8ctnrhYeeGsGTvOzPhoc/Jd1cO5fueBWFVmp8="},` +
		`"ClientMetadata":{},"UserContextData":{"EncodedData":"` + strings.Repeat("AmazonCognito", 40) + `"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var in idpapi.InitiateAuthInput
		if err := apimodel.Decode(idpapi.OpInitiateAuth.Input, body, &in); err != nil {
			b.Fatal(err)
		}
	}
}
