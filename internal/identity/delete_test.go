package identity_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// An identity that the database does not let go is told of, and the others go.
func TestDeleteIdentitiesThatStay(t *testing.T) {
	url := storetest.SQLiteURL(t)
	s := serverAt(t, url, keys.GenerateMasterKey(), "")
	s.newUserPool()
	pool := s.newPool("")
	ids := []string{s.id(pool, "{}"), s.id(pool, "{}"), s.id(pool, "{}")}
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")) // the driver that store registers
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TRIGGER stays BEFORE DELETE ON identities WHEN OLD.id = '`+ids[1]+`'
		BEGIN SELECT RAISE(ABORT, 'it stays'); END`); err != nil {
		t.Fatal(err)
	}
	const missing = "us-east-1:00000000-0000-0000-0000-000000000000"
	got := s.do("Identity", "DeleteIdentities", `{"IdentityIdsToDelete":[%q,%q,%q,%q,%q]}`, ids[0], ids[1], ids[2], ids[1], missing).json("UnprocessedIdentityIds")
	if want := `[{"ErrorCode":"InternalServerError","IdentityId":"` + ids[1] + `"}]`; got != want {
		t.Errorf("left are %s, want %s", got, want)
	}
	left := s.do("Identity", "ListIdentities", `{"IdentityPoolId":%q,"MaxResults":60}`, pool).at("Identities").([]any)
	if len(left) != 1 || left[0].(map[string]any)["IdentityId"] != ids[1] {
		t.Errorf("there are %v, want %s", left, ids[1])
	}
}
