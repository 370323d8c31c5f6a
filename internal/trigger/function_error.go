package trigger

import (
	"encoding/json"
	"fmt"
)

// MaxResponse is the most that a function may answer, in bytes. A Runner reads no more of an answer.
const MaxResponse = maxResponse

// ErrTooLarge is what a Runner returns for a function that answers more than MaxResponse, in the words of AWS Lambda.
var ErrTooLarge = &FunctionError{
	Type:    "Function.ResponseSizeTooLarge",
	Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes)", MaxResponse),
}

// ParseFunctionError reads an error as every Lambda runtime writes it, a JSON object with errorMessage and mostly
// errorType. It reports false for anything else. A message that is no text stands as the JSON that it is.
func ParseFunctionError(body []byte) (*FunctionError, bool) {
	var said struct {
		ErrorType    json.RawMessage `json:"errorType"`
		ErrorMessage json.RawMessage `json:"errorMessage"`
	}
	if json.Unmarshal(body, &said) != nil || said.ErrorMessage == nil {
		return nil, false
	}
	return &FunctionError{Type: text(said.ErrorType), Message: text(said.ErrorMessage)}, true
}

func text(member json.RawMessage) string {
	var s string
	if json.Unmarshal(member, &s) == nil {
		return s
	}
	return string(member)
}
