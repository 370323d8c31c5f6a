package apimodel

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode writes v, a generated struct or a pointer to one, as the body of a
// response: absent members are left out and < > & stay as they are. A nil
// pointer is {}.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if string(body) == "null" {
		return []byte("{}"), nil
	}
	return body, nil
}
