package idp

import (
	"encoding/json"
	"fmt"
)

// convert turns a value into another type that has the same JSON: shapes of the
// API into configuration of the domain and back. Members that T lacks are
// dropped. It costs some microseconds, so it is for administrators' operations.
func convert[T any](in any) (T, error) {
	var out T
	b, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("convert %T to %T: %w", in, out, err)
	}
	return out, nil
}

// pageSize is the number of items on a page: what the caller asked for, or most.
func pageSize(asked *int32, most int) int {
	if asked == nil || *asked <= 0 {
		return most
	}
	return min(int(*asked), most)
}
