package clients_test

import (
	"context"
	"encoding/json"
)

// The functions that lead the sign-ins of js/custom.test.mjs: a user who begins
// with the password proves that first; then one riddle is asked, with three tries.
const functionPrefix = "arn:aws:lambda:us-east-1:123456789012:function:"

var functions = map[string]func(context.Context, json.RawMessage) (json.RawMessage, error){
	functionPrefix + "define": answering(func(request map[string]any) map[string]any {
		history, _ := request["session"].([]any)
		riddles, next := 0, "CUSTOM_CHALLENGE"
		for _, entry := range history {
			e, _ := entry.(map[string]any)
			switch e["challengeName"] {
			case "SRP_A":
				next = "PASSWORD_VERIFIER"
			case "PASSWORD_VERIFIER":
				next = "CUSTOM_CHALLENGE"
			case "CUSTOM_CHALLENGE":
				if e["challengeResult"] == true {
					return map[string]any{"issueTokens": true, "failAuthentication": false}
				}
				riddles++
			}
		}
		return map[string]any{"challengeName": next, "issueTokens": false, "failAuthentication": riddles == 3}
	}),
	functionPrefix + "create": answering(func(map[string]any) map[string]any {
		return map[string]any{
			"publicChallengeParameters":  map[string]string{"riddle": "6 x 7"},
			"privateChallengeParameters": map[string]string{"answer": "42"},
		}
	}),
	functionPrefix + "verify": answering(func(request map[string]any) map[string]any {
		private, _ := request["privateChallengeParameters"].(map[string]any)
		return map[string]any{"answerCorrect": request["challengeAnswer"] == private["answer"]}
	}),
}

// answering makes a function that returns the event with a response.
func answering(answer func(request map[string]any) map[string]any) func(context.Context, json.RawMessage) (json.RawMessage, error) {
	return func(_ context.Context, text json.RawMessage) (json.RawMessage, error) {
		var event map[string]any
		if err := json.Unmarshal(text, &event); err != nil {
			return nil, err
		}
		request, _ := event["request"].(map[string]any)
		event["response"] = answer(request)
		return json.Marshal(event)
	}
}
