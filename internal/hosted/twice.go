package hosted

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A code is good once, and people press buttons twice. The browser shows the answer
// to the second form alone, so that must lead where the first one led. Where that
// was is kept for a moment under the form and the page-data cookie it came with, the
// one that the answer to the first takes away: it is found only by the browser that
// did not get that answer, and by the very same form. Nothing is spent again; a
// sign-in that was complete begins the browser's session anew.

// end is where a form led.
type end struct {
	Progress *progress `json:"p,omitempty"` // the next challenge; nil: the user is signed in
	Sub      string    `json:"s,omitempty"` // the user
	AMR      []string  `json:"m,omitempty"`
	At       int64     `json:"a"` // unix milliseconds
}

const (
	endPurpose keys.Purpose = "page-end"
	endLife                 = time.Minute

	// How often, and after which pauses, the second form looks for what the first led
	// to while that is still at work.
	endTries = 20
	endPause = 50 * time.Millisecond
)

// stepOf tells the form of a step of a sign-in from those of all others.
func (v *visit) stepOf(p *progress) string {
	return base64.RawURLEncoding.EncodeToString(v.pages.Ring.MAC(endPurpose, v.pool.ID, p.Session)[:12])
}

// once lets the next page be told from forms that are sent twice.
func once(next page) page {
	return func(v *visit) error {
		if c, err := v.r.Cookie(progressCookie); err == nil {
			mac := v.pages.Ring.MAC(endPurpose, v.pool.ID, v.client.ID, v.r.URL.Path, c.Value, v.r.PostForm.Encode())
			v.step = "end " + base64.RawURLEncoding.EncodeToString(mac)
		}
		return next(v)
	}
}

// keepEnd keeps where the form leads, if it is one that must not be taken twice.
func (v *visit) keepEnd(e end) error {
	if v.step == "" {
		return nil
	}
	now := v.pages.DB.Now()
	e.At = now.UnixMilli()
	plain, err := json.Marshal(e)
	if err != nil {
		return err
	}
	sealed, err := v.pages.Ring.Seal(endPurpose, plain, v.pool.ID, v.step)
	if err != nil {
		return err
	}
	return v.pages.DB.Update(v.r.Context(), func(tx *store.Tx) error {
		_, err := tx.KeptSession(v.pool.ID, v.step)
		if !errors.Is(err, store.ErrNotFound) {
			return err // the first of them stands
		}
		return tx.KeepSession(v.pool.ID, v.step, sealed, now.Add(endLife))
	})
}

// leadAsFirst answers a form whose code was spent as the first time, if this is the
// second.
func (v *visit) leadAsFirst() (bool, error) {
	e, err := v.firstEnd()
	if e == nil || err != nil {
		return false, err
	}
	if e.Progress != nil {
		return true, v.waitFor(*e.Progress)
	}
	var user *store.User
	err = v.pages.DB.View(v.r.Context(), func(tx *store.Tx) (err error) { user, err = v.pool.User(tx, e.Sub); return err })
	if errors.Is(err, store.ErrNotFound) || err == nil && (!user.Enabled || user.Status != userpool.StatusConfirmed || user.SignedOutAt.UnixMilli() >= e.At) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, v.finish(&signin.Proven{User: user, AMR: e.AMR})
}

// firstEnd is where the form led the first time, nil if there was none. It waits a
// moment for a first one that is not done.
func (v *visit) firstEnd() (*end, error) {
	if v.step == "" {
		return nil, nil
	}
	for try := range endTries {
		if try > 0 {
			select {
			case <-v.r.Context().Done():
				return nil, v.r.Context().Err()
			case <-time.After(endPause):
			}
		}
		var sealed string
		err := v.pages.DB.View(v.r.Context(), func(tx *store.Tx) (err error) {
			sealed, err = tx.KeptSession(v.pool.ID, v.step)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		plain, err := v.pages.Ring.Open(endPurpose, sealed, v.pool.ID, v.step)
		if err != nil {
			return nil, err
		}
		var e end
		if err := json.Unmarshal(plain, &e); err != nil || v.pages.DB.Now().Sub(time.UnixMilli(e.At)) >= endLife {
			return nil, err
		}
		return &e, nil
	}
	return nil, nil
}
