package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

type messagesCommand struct {
	List  listMessagesCommand  `cmd:"" help:"List the messages that could not be delivered."`
	Retry retryMessagesCommand `cmd:"" help:"Try to deliver such messages again."`
	Drop  dropMessagesCommand  `cmd:"" help:"Remove such messages."`
}

// deadPage is how many messages are read at once.
const deadPage = 500

// eachDead calls do for each dead message of a pool, or of all where it is "".
func eachDead(ctx context.Context, db *store.DB, outbox *message.Outbox, pool string, do func(message.DeadLetter) error) error {
	var after time.Time
	var id string
	for {
		var page []message.DeadLetter
		if err := db.View(ctx, func(tx *store.Tx) (err error) {
			page, err = outbox.DeadLetters(tx, pool, after, id, deadPage)
			return err
		}); err != nil {
			return err
		}
		for _, m := range page {
			if err := do(m); err != nil {
				return err
			}
			after, id = m.CreatedAt, m.ID
		}
		if len(page) < deadPage {
			return nil
		}
	}
}

type listMessagesCommand struct {
	opened
	Pool string `placeholder:"ID" help:"Only those of a pool."`
}

// Run lists dead messages, without what they say.
func (c *listMessagesCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.with(ctx, func(db *store.DB, ring *keys.Ring) error {
		table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tPOOL\tMADE\tEXPIRES\tMEDIUM\tTO\tSOURCE\tERROR")
		err := eachDead(ctx, db, message.NewOutbox(ring, false), c.Pool, func(m message.DeadLetter) error {
			_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.PoolID, m.CreatedAt.Format(time.RFC3339),
				m.ExpiresAt.Format(time.RFC3339), m.Medium, printable(m.To), m.Source, printable(m.Error))
			return err
		})
		return errors.Join(err, table.Flush())
	})
}

// printable takes out of an outsider's text what would move a terminal's cursor.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// chosenMessages says which dead messages a command is for.
type chosenMessages struct {
	opened
	IDs  []string `arg:"" optional:"" name:"id" help:"Ids of messages, as 'list' shows them."`
	All  bool     `help:"All of them."`
	Pool string   `placeholder:"ID" help:"Only those of a pool."`
}

// each does something with each of them, in a transaction of its own, and returns
// how many there were.
func (c *chosenMessages) each(ctx context.Context, do func(tx *store.Tx, poolID, id string) error) (int, error) {
	if c.All == (len(c.IDs) > 0) {
		return 0, errors.New("ids of messages or --all is needed, and not both")
	}
	wanted := make(map[string]bool)
	for _, id := range c.IDs {
		wanted[id] = true
	}
	n := 0
	err := c.with(ctx, func(db *store.DB, ring *keys.Ring) error {
		return eachDead(ctx, db, message.NewOutbox(ring, false), c.Pool, func(m message.DeadLetter) error {
			if !c.All && !wanted[m.ID] {
				return nil
			}
			delete(wanted, m.ID)
			err := db.Update(ctx, func(tx *store.Tx) error { return do(tx, m.PoolID, m.ID) })
			if errors.Is(err, store.ErrNotFound) {
				return nil // somebody else was faster
			}
			n++
			return err
		})
	})
	if err == nil && len(wanted) > 0 {
		err = fmt.Errorf("%d of the ids are not those of messages that could not be delivered", len(wanted))
	}
	return n, err
}

type retryMessagesCommand struct{ chosenMessages }

// Run makes messages due. Those that have expired end as before.
func (c *retryMessagesCommand) Run(ctx context.Context, stdout io.Writer) error {
	n, err := c.each(ctx, (*store.Tx).ReviveOutgoing)
	fmt.Fprintf(stdout, "%d messages are tried again.\n", n)
	return err
}

type dropMessagesCommand struct{ chosenMessages }

// Run removes messages.
func (c *dropMessagesCommand) Run(ctx context.Context, stdout io.Writer) error {
	n, err := c.each(ctx, (*store.Tx).DropDeadOutgoing)
	fmt.Fprintf(stdout, "%d messages are removed.\n", n)
	return err
}
