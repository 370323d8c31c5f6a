package userpool

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// MaxPage is the most items that a page of pools, clients, groups or users has.
const MaxPage = 60

// ErrPageToken is the answer to a paging token that no page gave.
var ErrPageToken = fault.New(fault.InvalidParameter, "Invalid pagination token.")

// maxPageToken is above what PageToken makes of the longest key, a developer's name
// of a user of up to 1024 characters.
const maxPageToken = 8192

// PageToken is a paging token: the kind of list and the key of the last item, in
// base64url. It is opaque, and no secret, since it only says where to go on. The
// pages follow the key, so what is created or deleted meanwhile neither repeats nor
// hides items.
func PageToken(list, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "\n" + last))
}

// PageAfter is the key that a token goes on behind; "" for no token. Errors:
// ErrPageToken.
func PageAfter(list, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	if len(token) <= maxPageToken {
		if text, err := base64.RawURLEncoding.Strict().DecodeString(token); err == nil {
			if last, ok := strings.CutPrefix(string(text), list+"\n"); ok && last != "" && isText(last) {
				return last, nil
			}
		}
	}
	return "", ErrPageToken
}

// List returns up to limit pools, in the order of their ids, and the token of the
// next page, "" if there is none. A token that no page gave is
// InvalidParameterException.
func (p *Pools) List(ctx context.Context, token string, limit int) (pools []*Pool, next string, err error) {
	after, err := PageAfter("pools", token)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.UserPool
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListUserPools(after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list user pools: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken("pools", rows[limit-1].ID)
	}
	for _, row := range rows {
		pool, err := readPool(row)
		if err != nil {
			return nil, "", err
		}
		pools = append(pools, pool)
	}
	return pools, next, nil
}

// ListedClient is what a list tells of a client.
type ListedClient struct {
	ID, Name, PoolID string
}

// ListClients returns up to limit clients of a pool, in the order of their ids,
// as List does. clientType is "", REGULAR or DCR. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) ListClients(ctx context.Context, poolID, clientType, token string, limit int) (clients []ListedClient, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	list := "clients " + poolID
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.UserPoolClient
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListUserPoolClients(poolID, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list user pool clients: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken(list, rows[limit-1].ID)
	}
	for _, row := range rows {
		doc, err := readClientDoc(row)
		if err != nil {
			return nil, "", err
		}
		// The filter thins the page out; as with Cognito it may be short or empty
		// and yet have a next one.
		if clientType == "" || clientType == cmp.Or(doc.ClientType, "REGULAR") {
			clients = append(clients, ListedClient{ID: row.ID, Name: row.Name, PoolID: row.PoolID})
		}
	}
	return clients, next, nil
}
