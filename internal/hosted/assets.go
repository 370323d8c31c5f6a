package hosted

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/oauth"
)

// assets are the files that all sites have in common.
type assets struct {
	version string // of all of them: addresses carry it, so that browsers can keep them
	files   map[string]asset
}

type asset struct {
	mediaType    string
	plain, small []byte // small is compressed
}

var assetTypes = map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8"}

func readAssets() (*assets, error) {
	a := &assets{files: make(map[string]asset)}
	sum := sha256.New()
	for _, name := range []string{"app.css", "app.js"} {
		plain, err := static.ReadFile("static/" + name)
		if err != nil {
			return nil, err
		}
		sum.Write(plain)
		small, err := compressed(plain)
		if err != nil {
			return nil, err
		}
		a.files[name] = asset{mediaType: assetTypes[name], plain: plain, small: small}
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

func compressed(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(plain); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return b.Bytes(), nil
}

// asset serves /assets/{name}: the files, and look.css, the look of a client.
func (p *Pages) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "look.css" {
		p.lookSheet(w, r)
		return
	}
	file, ok := p.assets.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	p.sendAsset(w, r, file)
}

// lookSheet serves the look of the client that the address names, or of a site
// where no client is known.
func (p *Pages) lookSheet(w http.ResponseWriter, r *http.Request) {
	site := oauth.SiteOf(r.Context())
	if !p.OAuth.AllowLookUp(w, r) {
		return
	}
	_, client, err := p.Pools.PoolClient(r.Context(), site.Pool.ID, r.URL.Query().Get("client_id"))
	if err != nil {
		client = nil // the look of nobody in particular
	}
	look, err := p.appearance(r.Context(), site, site.Pool.ID, client)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "look", "request_id", site.RequestID, "pool", site.Pool.ID, "err", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	p.sendAsset(w, r, look.sheet)
}

// sendAsset sends a file that its address names for good.
func (p *Pages) sendAsset(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Content-Type", a.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.small
	}
	if _, err := w.Write(body); err != nil {
		p.Log.DebugContext(r.Context(), "asset not sent", "path", r.URL.Path, "err", err)
	}
}

// isNotFound says whether something that pages can do without is not there.
func isNotFound(err error) bool { return fault.CodeOf(err) == fault.ResourceNotFound }
