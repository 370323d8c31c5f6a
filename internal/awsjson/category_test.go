package awsjson

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// TestCategories holds the tables of categories against the APIs' operations.
func TestCategories(t *testing.T) {
	for _, c := range []struct {
		name       string
		operations []*apimodel.Operation
		list       []allotment
		count      int
	}{
		{"user pools", idpapi.AllOperations(), userPoolAllotments, 140},
		{"identity pools", identityapi.AllOperations(), identityPoolAllotments, 23},
	} {
		t.Run(c.name, func(t *testing.T) {
			category := categories(c.list)
			names := 0
			for _, a := range c.list {
				names += len(strings.Fields(a.operations))
				if a.rate <= 0 {
					t.Errorf("%s has no rate", a.category)
				}
			}
			if names != c.count || len(category) != c.count || len(c.operations) != c.count {
				t.Errorf("%d names, %d different, %d operations; want %d of each", names, len(category), len(c.operations), c.count)
			}
			for _, op := range c.operations {
				if category[op.Name] == "" {
					t.Errorf("%s has no category", op.Name)
				}
			}
		})
	}
}
