package store

// SoftwareToken is what a user's authenticator app shares with the server.
// Sealed fields are ciphertext; empty means none.
type SoftwareToken struct {
	PoolID        string
	Sub           string
	SealedSecret  string // that sign-ins ask for
	SealedPending string // handed out, waiting for its first code
	LastStep      int64  // time step of the newest code of the secret that was used
}

// SoftwareToken returns a user's, or ErrNotFound.
func (tx *Tx) SoftwareToken(poolID, sub string) (*SoftwareToken, error) {
	t := SoftwareToken{PoolID: poolID, Sub: sub}
	err := tx.queryRow(`SELECT sealed_secret, sealed_pending, last_step FROM software_tokens WHERE pool_id = $1 AND sub = $2`,
		poolID, sub).Scan(&t.SealedSecret, &t.SealedPending, &t.LastStep)
	if err != nil {
		return nil, notFound(err)
	}
	return &t, nil
}

// PutSoftwareToken stores a user's in place of the one before.
func (tx *Tx) PutSoftwareToken(t *SoftwareToken) error {
	_, err := tx.exec(`INSERT INTO software_tokens (pool_id, sub, sealed_secret, sealed_pending, last_step)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (pool_id, sub) DO UPDATE SET sealed_secret = excluded.sealed_secret,
		sealed_pending = excluded.sealed_pending, last_step = excluded.last_step`,
		t.PoolID, t.Sub, t.SealedSecret, t.SealedPending, t.LastStep)
	return err
}

// SpendSoftwareTokenStep uses up the code of a time step and those before it, and
// says whether none of them was used before.
func (tx *Tx) SpendSoftwareTokenStep(poolID, sub string, step int64) (first bool, err error) {
	n, err := tx.exec(`UPDATE software_tokens SET last_step = $3 WHERE pool_id = $1 AND sub = $2 AND last_step < $3`,
		poolID, sub, step)
	return n == 1, err
}

// DeleteSoftwareToken removes a user's, which need not be there.
func (tx *Tx) DeleteSoftwareToken(poolID, sub string) error {
	_, err := tx.exec(`DELETE FROM software_tokens WHERE pool_id = $1 AND sub = $2`, poolID, sub)
	return err
}
