package config

import (
	"errors"
	"time"
)

// Threat says what threat protection knows and bears.
type Threat struct {
	LeakedPasswords    string        `name:"leaked-passwords" placeholder:"FILE" type:"existingfile" help:"File of passwords that attackers know, as made by 'poolhouse passwords build'. Without it only the most common ones are known."`
	GeoIP              string        `name:"geoip" placeholder:"FILE" type:"existingfile" help:"File of places in MaxMind's format, such as GeoLite2-City.mmdb. Without it nobody knows where addresses are."`
	AuthEventRetention time.Duration `name:"auth-event-retention" default:"17520h" help:"How long threat protection keeps its records of users (default two years)."`
}

// validate reports the first setting that cannot be.
func (t *Threat) validate() error {
	if t.AuthEventRetention != 0 && t.AuthEventRetention < time.Hour {
		return errors.New("--auth-event-retention must be at least 1h")
	}
	return nil
}
