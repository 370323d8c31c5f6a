package apimodel

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Time is a timestamp of the API. On the wire it is a JSON number, epoch
// seconds with three decimals (1726788459.464). The zero Time is absent.
type Time struct {
	time.Time
}

// MarshalJSON cuts what is finer than a millisecond.
func (t Time) MarshalJSON() ([]byte, error) {
	ms := t.UnixMilli()
	b := make([]byte, 0, 16)
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	frac := ms % 1000
	return append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10)), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and ISO 8601 strings.
func (t *Time) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	parse := parseEpoch
	if inner, ok := strings.CutPrefix(text, `"`); ok {
		parse, text = parseISO8601, strings.TrimSuffix(inner, `"`)
	}
	at, err := parse(text)
	if err != nil {
		return err
	}
	t.Time = at
	return nil
}

// The years a timestamp may lie in: those that ISO 8601 writes with four digits.
var (
	firstSecond = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

var errTimestamp = errors.New("not a timestamp")

// parseEpoch reads a JSON number of seconds. Decimals without an exponent are
// exact to the nanosecond.
func parseEpoch(text string) (time.Time, error) {
	if strings.ContainsAny(text, "eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < float64(firstSecond) || f > float64(lastSecond) {
			return time.Time{}, errTimestamp
		}
		sec := math.Floor(f)
		return time.Unix(int64(sec), int64((f-sec)*1e9)).UTC(), nil
	}
	whole, frac, _ := strings.Cut(text, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < firstSecond || sec > lastSecond {
		return time.Time{}, errTimestamp
	}
	frac = (frac + "000000000")[:9]
	nsec, err := strconv.ParseInt(frac, 10, 64)
	if err != nil {
		return time.Time{}, errTimestamp
	}
	if strings.HasPrefix(whole, "-") {
		nsec = -nsec
	}
	return time.Unix(sec, nsec).UTC(), nil
}

// parseISO8601 reads the forms AWS's services take: RFC 3339, with or without a
// fraction, and the basic form 20060102T150405Z.
func parseISO8601(text string) (time.Time, error) {
	if len(text) > 64 {
		return time.Time{}, errTimestamp
	}
	for _, layout := range []string{time.RFC3339, "20060102T150405Z"} {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() >= firstSecond && at.Unix() <= lastSecond {
			return at.UTC(), nil
		}
	}
	return time.Time{}, errTimestamp
}
