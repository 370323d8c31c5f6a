package archive

import (
	"errors"
	"time"
)

const (
	formatName    = "poolhouse-user-pool"
	formatVersion = 1

	// maxLine bounds a line, in bytes; the largest rows are images of login pages.
	maxLine = 16 << 20
)

var (
	// ErrNotArchive says that a file is not one that Export makes.
	ErrNotArchive = errors.New("the file is not an export of a user pool")

	// ErrDamaged says that a file ends too early, or is not as it was written.
	ErrDamaged = errors.New("the file is truncated or was altered")

	// ErrWrongKey says that none of the identities opens a file.
	ErrWrongKey = errors.New("the file is encrypted for another key or passphrase")

	// ErrFuture says that a file comes from a newer Poolhouse.
	ErrFuture = errors.New("the file was made by a newer version of Poolhouse")

	// ErrPoolExists says that the deployment has a pool of the file's id.
	ErrPoolExists = errors.New("there is such a user pool already")

	// ErrUnderWay says that another import of the pool is under way, or broke off
	// less than two minutes ago.
	ErrUnderWay = errors.New("another import of this pool is under way, or was cut off just now; try again in two minutes")

	// ErrProtected says that the pool to be replaced is protected from deletion.
	ErrProtected = errors.New("deletion protection of the present user pool is active")
)

// Header is the first line of a file: what it holds.
type Header struct {
	Format      string    `json:"format"`
	Version     int       `json:"version"`
	Software    string    `json:"software"` // the version of Poolhouse that made it
	Pool        string    `json:"pool"`
	Name        string    `json:"name"`
	ExportedAt  time.Time `json:"exportedAt"`
	SigningKeys bool      `json:"signingKeys"` // tokens go on holding
}

// section is the line before the rows of a table.
type section struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Secrets []string `json:"secrets,omitzero"` // columns whose value is base64 of what is sealed
}

// trailer is the last line: how many rows of each table there were, and the
// digest of all bytes before it.
type trailer struct {
	End    bool             `json:"end"`
	Rows   map[string]int64 `json:"rows"`
	SHA256 string           `json:"sha256"` // hexadecimal
}

// Summary tells what was exported or imported.
type Summary struct {
	Header
	Rows map[string]int64 // by table
}
