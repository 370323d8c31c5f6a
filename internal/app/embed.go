package app

import (
	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/keys"
)

// Clock is the server's time, which poolhousetest moves.
func (a *App) Clock() *devserver.Clock { return a.clock }

// Ring holds the pools' signing keys, for the tokens that poolhousetest mints.
func (a *App) Ring() *keys.Ring { return a.ring }
