package store

// ProvisionedLimits returns the requests per second that were set, by category
// of operations.
func (tx *Tx) ProvisionedLimits() (map[string]int32, error) {
	rows, err := tx.query(`SELECT category, value FROM provisioned_limits`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	limits := map[string]int32{}
	for rows.Next() {
		var category string
		var value int32
		if err := rows.Scan(&category, &value); err != nil {
			return nil, err
		}
		limits[category] = value
	}
	return limits, rows.Err()
}

// SetProvisionedLimit sets the requests per second of a category.
func (tx *Tx) SetProvisionedLimit(category string, value int32) error {
	if _, err := tx.exec(`INSERT INTO provisioned_limits (category, value, modified_at) VALUES ($1, $2, $3)
		ON CONFLICT (category) DO UPDATE SET value = excluded.value, modified_at = excluded.modified_at`,
		category, value, millis(tx.Now())); err != nil {
		return err
	}
	return tx.changeConfig()
}
