package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// A page is as many rows as one statement reads: from minPage, doubled while
	// the rows are small, so that memory is bounded whatever the rows hold.
	minPage   = 16
	maxPage   = 1000
	pageBytes = 1 << 20

	// refreshLife is the longest life of a refresh token: Cognito's 3,650 days.
	refreshLife = 3650 * 24 * time.Hour
)

// ExportOptions say what to export and for whom.
type ExportOptions struct {
	Pool        string // id
	SigningKeys bool   // the keys that tokens are signed and sealed with as well
	Software    string // the version of this program
	Recipients  []age.Recipient
}

// Export writes a pool as it is at one moment. It returns store.ErrNotFound
// (wrapped) if there is no such pool; what it wrote until an error is worth
// nothing.
func Export(ctx context.Context, db *store.DB, ring *keys.Ring, out io.Writer, o ExportOptions) (*Summary, error) {
	if len(o.Recipients) == 0 {
		return nil, errors.New("export: for nobody: a recipient or a passphrase is needed")
	}
	encrypted, err := age.Encrypt(out, o.Recipients...)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	w := newWriter(encrypted)
	var summary *Summary
	err = db.Snapshot(ctx, func(tx *store.Tx) error {
		summary, err = export(tx, ring, w, o)
		return err
	})
	if err == nil {
		err = w.flush()
	}
	if err == nil {
		err = encrypted.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("export of user pool %s: %w", o.Pool, err)
	}
	return summary, nil
}

func export(tx *store.Tx, ring *keys.Ring, w *writer, o ExportOptions) (*Summary, error) {
	pool, err := tx.UserPool(o.Pool)
	if err != nil {
		return nil, err
	}
	header := Header{
		Format: formatName, Version: formatVersion, Software: o.Software,
		Pool: pool.ID, Name: pool.Name, ExportedAt: tx.Now(), SigningKeys: o.SigningKeys,
	}
	if err := w.line(header); err != nil {
		return nil, err
	}
	rows := make(map[string]int64)
	for i := range tables {
		t := &tables[i]
		if t.Name == signingKeys.Name && !o.SigningKeys {
			continue
		}
		if rows[t.Name], err = exportTable(tx, ring, w, t, o.Pool); err != nil {
			return nil, err
		}
	}
	end := trailer{End: true, Rows: rows, SHA256: hex.EncodeToString(w.hash.Sum(nil))}
	return &Summary{Header: header, Rows: rows}, w.line(end)
}

func exportTable(tx *store.Tx, ring *keys.Ring, w *writer, t *table, poolID string) (int64, error) {
	columns, err := tx.Columns(t.PoolTable)
	if err != nil {
		return 0, err
	}
	l := newLayout(t, columns)
	if name, ok := l.unknownSecret(); ok {
		return 0, fmt.Errorf("column %s of %s is sealed, and nothing is known about it", name, t.Name)
	}
	if err := w.line(section{Table: t.Name, Columns: l.names(), Secrets: t.secretColumns()}); err != nil {
		return 0, err
	}
	var count int64
	var after []any
	for limit := minPage; ; {
		page, err := tx.PoolRows(t.PoolTable, columns, poolID, after, limit)
		if err != nil {
			return 0, err
		}
		size := w.written
		for _, values := range page {
			after = l.key(values)
			if err := exportRow(ring, w, &l, poolID, values); err != nil {
				return 0, err
			}
		}
		count += int64(len(page))
		if len(page) < limit || len(t.Key) == 0 {
			break
		}
		if w.written-size < pageBytes {
			limit = min(2*limit, maxPage)
		} else {
			limit = max(limit/2, minPage)
		}
	}
	if t.Name == signingKeys.Name {
		carried, err := exportCarried(tx, ring, w, &l, poolID)
		return count + carried, err
	}
	return count, nil
}

func exportRow(ring *keys.Ring, w *writer, l *layout, poolID string, values []any) error {
	if err := checkText(values); err != nil {
		return fmt.Errorf("%s: %w", l.Name, err)
	}
	if err := l.swap(poolID, values, unseal(ring)); err != nil {
		return err
	}
	return w.line(values)
}

// exportCarried writes the keys that the pool's refresh tokens are sealed under,
// as rows beside those of its signing keys.
func exportCarried(tx *store.Tx, ring *keys.Ring, w *writer, l *layout, poolID string) (int64, error) {
	known := make(map[string]bool)
	rows, err := tx.SigningKeys(poolID)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		known[row.KeyID] = true
	}
	var count int64
	for _, k := range ring.CarryKeys(refreshPurpose, poolID) {
		if known[k.ID] { // the pool was exported here, and came back
			continue
		}
		cells := map[string]any{
			"kid": k.ID, "token_use": string(k.Purpose), "sealed_private": base64.StdEncoding.EncodeToString(k.Secret),
			"created_at": tx.Now().UnixMilli(), "active_at": tx.Now().UnixMilli(), "retire_at": tx.Now().Add(refreshLife).UnixMilli(),
		}
		values := make([]any, len(l.columns))
		for i, c := range l.columns {
			var ok bool
			if values[i], ok = cells[c.Name]; !ok {
				return 0, fmt.Errorf("column %s of %s: nothing is known about it", c.Name, l.Name)
			}
		}
		if err := w.line(values); err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// key are the values of a row's key after the pool.
func (l *layout) key(values []any) []any {
	key := make([]any, len(l.Key))
	for i, name := range l.Key {
		key[i] = values[l.place[name]]
	}
	return key
}

// writer writes lines and keeps their digest.
type writer struct {
	out     *bufio.Writer
	hash    hash.Hash
	written int64
	encoder *json.Encoder
}

func newWriter(out io.Writer) *writer {
	w := &writer{out: bufio.NewWriterSize(out, 64<<10), hash: sha256.New()}
	w.encoder = json.NewEncoder(w)
	w.encoder.SetEscapeHTML(false)
	return w
}

// Write takes a line from the encoder.
func (w *writer) Write(p []byte) (int, error) {
	if len(p) > maxLine {
		return 0, errors.New("a row is too large to be exported")
	}
	w.hash.Write(p)
	w.written += int64(len(p))
	return w.out.Write(p)
}

func (w *writer) line(v any) error { return w.encoder.Encode(v) }

func (w *writer) flush() error { return w.out.Flush() }
