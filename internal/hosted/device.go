package hosted

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// In pools that track devices a browser is a device of each user who signed in
// with it: a row as those of other devices have, and an entry in the cookie device.
// The cookie is sealed and bound to the pool; an entry is worth something for its
// user only, and nothing once the row is gone (ForgetDevice, or the account page).

// browserDevice is an entry of the cookie.
type browserDevice struct {
	Sub string `json:"s"`
	Key string `json:"k"`
}

const (
	deviceCookie                = "device"
	devicePurpose  keys.Purpose = "browser-device"
	maxDevices                  = 12 // users of one browser whose devices are known; they fit into a cookie
	maxDeviceInput              = 4096
	deviceLife                  = 400 * 24 * 60 * 60 // seconds; browsers keep no cookie longer
)

// devices are the entries of the browser's cookie, the newest first.
func (v *visit) devices() (all []browserDevice) {
	c, err := v.r.Cookie(deviceCookie)
	if err != nil || len(c.Value) > maxDeviceInput {
		return nil
	}
	plain, err := v.pages.Ring.Open(devicePurpose, c.Value, v.pool.ID)
	if err != nil || json.Unmarshal(plain, &all) != nil {
		return nil
	}
	return all
}

// browsers are the keys of all devices that the browser is. The machine takes the
// one that is the user's.
func (v *visit) browsers() (keys []string) {
	if !v.pool.TracksDevices() {
		return nil
	}
	for _, d := range v.devices() {
		keys = append(keys, d.Key)
	}
	return keys
}

// asksToRemember says whether the page of a challenge asks if the device shall be
// remembered.
func (v *visit) asksToRemember(state *progress) bool {
	if !v.pool.AsksToRemember() || !v.pool.TrustsRememberedDevices() || len(state.Available) > 0 {
		return false
	}
	switch kinds[state.Challenge].form {
	case "code", "app":
		return true
	case "setup":
		return state.Values[setUpFactor] == userpool.FactorToken
	}
	return false
}

// keepDevice makes the browser a device of the user who has signed in, where the
// pool tracks devices and it is none yet.
func (v *visit) keepDevice(who *signin.Proven) error {
	wanted := v.r.PostForm.Get("remember") == "1"
	switch {
	case who.NewDevice != nil:
	case who.Device != "" && wanted:
		err := v.pages.Users.RememberDevice(v.r.Context(), v.pool, who.User.Sub, who.Device, true)
		if isNotFound(err) { // forgotten meanwhile
			return nil
		}
		return err
	default:
		return nil
	}
	origin := v.pages.Origin(v.r)
	err := v.pages.Users.KeepBrowser(v.r.Context(), v.pool, who.User.Sub, userpool.Browser{
		Device: who.NewDevice, Name: userpool.UserAgentName(origin.UserAgent), IPAddress: origin.IPAddress,
		Remember: wanted,
	})
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(v.devices(), func(d browserDevice) bool { return d.Sub == who.User.Sub })
	all = append([]browserDevice{{who.User.Sub, who.NewDevice.Key}}, all...)
	plain, err := json.Marshal(all[:min(len(all), maxDevices)])
	if err != nil {
		return err
	}
	sealed, err := v.pages.Ring.Seal(devicePurpose, plain, v.pool.ID)
	if err != nil {
		return err
	}
	http.SetCookie(v.w, v.pages.OAuth.Cookie(v.r, deviceCookie, sealed, deviceLife))
	return nil
}
