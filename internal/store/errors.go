package store

import "errors"

var (
	// ErrNotFound is returned where a row that was asked for does not exist.
	ErrNotFound = errors.New("not found")

	// ErrExists is returned where a row would break a primary key or a unique index.
	ErrExists = errors.New("already exists")

	// ErrBusy is returned by Update, and by View of a database in memory, when
	// the transaction could not begin within 10 seconds: an overload, another
	// process that holds the file, or a call from inside another transaction.
	ErrBusy = errors.New("store: the transaction could not begin in time (overload, or nested in another)")

	// ErrCommitUnknown is returned when the connection was lost during COMMIT: the
	// update may or may not have happened, and is not retried.
	ErrCommitUnknown = errors.New("store: connection lost during commit; its outcome is unknown")

	// ErrClosed is returned after Close.
	ErrClosed = errors.New("store: closed")

	// ErrFuture is returned by Open for a database that a newer Poolhouse migrated.
	ErrFuture = errors.New("store: the database was migrated by a newer version")

	// ErrBehind is returned by Open for a database that must be migrated first.
	ErrBehind = errors.New("store: the database must be migrated")

	errReadOnly = errors.New("store: View cannot write")
	errGoexit   = errors.New("store: the update's function ended its goroutine")
)
