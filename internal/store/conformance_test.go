package store_test

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return storetest.SQLite(t) })
	t.Run("config change of another handle", func(t *testing.T) {
		url := storetest.SQLiteURL(t)
		storetest.ConfigChange(t, storetest.Open(t, url), storetest.Open(t, url))
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return storetest.Memory(t) })
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.DB { return storetest.Postgres(t) })
	t.Run("config change of another handle", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		storetest.ConfigChange(t, storetest.Open(t, url), storetest.Open(t, url))
	})
}
