package app

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Anybody may have an image of a login page, for ever, but as an image only.
func TestImages(t *testing.T) {
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{})
	pool, err := pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertDomain(&store.Domain{PoolID: pool.ID, Kind: "prefix", Domain: "looks", Doc: "{}"})
	}); err != nil {
		t.Fatal(err)
	}
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	set, err := pools.SetUICustomization(t.Context(), pool.ID, "", "", logo.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /_poolhouse/images/{pool}/{image}", images(pools, slog.New(slog.DiscardHandler)))
	for _, tc := range []struct {
		name, method, path string
		status             int
	}{
		{"the logo", "GET", pool.ID + "/" + set.Logo, 200},
		{"its size", "HEAD", pool.ID + "/" + set.Logo, 200},
		{"of another pool", "GET", "us-east-1_none/" + set.Logo, 404},
		{"another name", "GET", pool.ID + "/" + strings.Repeat("0", 64) + ".png", 404},
		{"no name", "GET", pool.ID + "/x", 404},
		{"a change", "POST", pool.ID + "/" + set.Logo, 405},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(tc.method, "/_poolhouse/images/"+tc.path, nil))
			if w.Code != tc.status {
				t.Fatalf("status %d, want %d", w.Code, tc.status)
			}
			if tc.status == 405 {
				return
			}
			h := w.Header()
			if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("headers %v", h)
			}
			if tc.status != 200 {
				if strings.Contains(h.Get("Cache-Control"), "max-age") {
					t.Error("what is not there is cached")
				}
				return
			}
			if h.Get("Content-Type") != "image/png" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("headers %v", h)
			}
			body, err := io.ReadAll(w.Body)
			if err != nil || tc.method == "GET" && !bytes.Equal(body, logo.Bytes()) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
		})
	}
}
