package app

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// images serves the images of login pages to anybody, as {pool}/{image}. What a
// name stands for never changes, so browsers keep it. An image that is opened by
// itself may do nothing: SVG can carry scripts.
func images(pools *userpool.Pools, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		data, mediaType, err := pools.Image(r.Context(), r.PathValue("pool"), r.PathValue("image"))
		switch {
		case fault.CodeOf(err) == fault.ResourceNotFound:
			plain(w, http.StatusNotFound, "Not found.\n")
		case err != nil:
			log.ErrorContext(r.Context(), "image", "path", r.URL.Path, "err", err)
			plain(w, http.StatusInternalServerError, "Internal server error\n")
		default:
			h.Set("Content-Type", mediaType)
			h.Set("Content-Length", strconv.Itoa(len(data)))
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			if _, err := w.Write(data); err != nil { //nolint:gosec // an image that was checked when it came, in a sandbox
				log.DebugContext(r.Context(), "image not sent", "err", err)
			}
		}
	})
}
