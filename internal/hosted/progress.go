package hosted

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// progress is what a sign-in has come to between two pages: the challenge that
// waits for its answer. It is in the cookie page-data, sealed and bound to the
// pool, or in the database where it is too long for that (a user with many
// passkeys).
type progress struct {
	ClientID  string            `json:"c"` // whose pages it belongs to
	Challenge string            `json:"h"`
	Session   string            `json:"s"` // of the machine
	Name      string            `json:"n"` // what the user typed as a name
	Values    map[string]string `json:"v,omitempty"`
	Available []string          `json:"a,omitempty"`
	Kept      string            `json:"k,omitempty"` // where the rest is
	ExpiresAt int64             `json:"e"`           // unix milliseconds
}

const (
	progressCookie               = "page-data"
	progressPurpose keys.Purpose = "page-data"
	maxProgress                  = 3800 // characters: browsers take cookies of 4096 bytes with their names
)

// setProgress gives the browser what the next page needs.
func (v *visit) setProgress(ctx context.Context, p progress) error {
	return v.setProgressFor(ctx, p, v.client.SessionTTL())
}

func (v *visit) setProgressFor(ctx context.Context, p progress, life time.Duration) error {
	p.ClientID, p.ExpiresAt = v.client.ID, v.pages.DB.Now().Add(life).UnixMilli()
	sealed, err := v.sealProgress(p)
	if err != nil {
		return err
	}
	if len(sealed) > maxProgress {
		id := "page " + rand.Text()
		err := v.pages.DB.Update(ctx, func(tx *store.Tx) error {
			return tx.KeepSession(v.pool.ID, id, sealed, time.UnixMilli(p.ExpiresAt))
		})
		if err != nil {
			return err
		}
		if sealed, err = v.sealProgress(progress{Kept: id, ExpiresAt: p.ExpiresAt}); err != nil {
			return err
		}
	}
	http.SetCookie(v.w, v.pages.OAuth.Cookie(v.r, progressCookie, sealed, int(life/time.Second)))
	return nil
}

func (v *visit) sealProgress(p progress) (string, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return v.pages.Ring.Seal(progressPurpose, plain, v.pool.ID)
}

// progress is what the browser's sign-in has come to, nil if it has not begun, or
// began too long ago, or with another client.
func (v *visit) progress() (*progress, error) {
	c, err := v.r.Cookie(progressCookie)
	if err != nil {
		return nil, nil
	}
	p := v.openProgress(c.Value)
	if p != nil && p.Kept != "" {
		var sealed string
		err := v.pages.DB.View(v.r.Context(), func(tx *store.Tx) (err error) {
			sealed, err = tx.KeptSession(v.pool.ID, p.Kept)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("page data: %w", err)
		}
		p = v.openProgress(sealed)
	}
	if p == nil || p.ClientID != v.client.ID {
		return nil, nil
	}
	return p, nil
}

func (v *visit) openProgress(sealed string) *progress {
	plain, err := v.pages.Ring.Open(progressPurpose, sealed, v.pool.ID)
	if err != nil {
		return nil
	}
	var p progress
	if json.Unmarshal(plain, &p) != nil || v.pages.DB.Now().UnixMilli() >= p.ExpiresAt {
		return nil
	}
	return &p
}

// forgetProgress takes the cookie away.
func (v *visit) forgetProgress() {
	http.SetCookie(v.w, v.pages.OAuth.Cookie(v.r, progressCookie, "", -1))
}
