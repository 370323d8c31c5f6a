//go:build !unix

package main

import (
	"errors"
	"time"
)

func clientCPU() (time.Duration, error) {
	return 0, errors.ErrUnsupported
}
