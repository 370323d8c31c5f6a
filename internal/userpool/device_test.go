package userpool

import (
	"encoding/base64"
	"testing"

	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

// A device's verifier opens for that device of that user alone, and is not at
// rest as it came.
func TestDeviceVerifierIsSealed(t *testing.T) {
	d := newDirectory(t, NoLimits())
	c := DeviceConfirmation{Key: "us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111", Salt: "AQ==", Verifier: "CQ=="}
	sealed, err := d.users.sealDevice("us-east-1_AbCdEfGhI", "sub", c)
	if err != nil {
		t.Fatal(err)
	}
	device := store.Device{PoolID: "us-east-1_AbCdEfGhI", Sub: "sub", Key: c.Key, SealedVerifier: sealed}
	if v, err := d.users.DeviceVerifier(&device); err != nil || v.Salt() != "01" {
		t.Errorf("salt %s, %v", v.Salt(), err)
	}
	for name, change := range map[string]func(*store.Device){
		"another pool":   func(d *store.Device) { d.PoolID = "us-east-1_AbCdEfGhJ" },
		"another user":   func(d *store.Device) { d.Sub = "another" },
		"another device": func(d *store.Device) { d.Key = "us-east-1_a1b2c3d4-5678-90ab-cdef-222222222222" },
	} {
		other := device
		change(&other)
		if _, err := d.users.DeviceVerifier(&other); err == nil {
			t.Errorf("%s opens it", name)
		}
	}
	if _, err := d.ring.Open(passwordPurpose, sealed, device.PoolID, device.Sub, device.Key); err == nil {
		t.Error("it opens as a password")
	}
}

// What is taken for a verifier can be kept and read again.
func FuzzDeviceVerifier(f *testing.F) {
	for _, salt := range []string{"", "AQ==", "AP8=", "nxwrOktcbX6PcIGSo7TF1uf4", "?", "AQ", "AQ==\n"} {
		for _, verifier := range []string{"", "AA==", "AQ==", "Ag==", "AP8=", base64.StdEncoding.EncodeToString(make([]byte, 385))} {
			f.Add(salt, verifier)
		}
	}
	f.Fuzz(func(t *testing.T, salt, verifier string) {
		v, err := parseDeviceVerifier(salt, verifier)
		if err != nil {
			return
		}
		form, err := v.MarshalBinary()
		if err != nil {
			t.Fatalf("%q, %q: %v", salt, verifier, err)
		}
		var again srp.Verifier
		if err := again.UnmarshalBinary(form); err != nil || again.Salt() != v.Salt() {
			t.Errorf("%q, %q: read as %s, %v", salt, verifier, again.Salt(), err)
		}
	})
}
