package logdelivery

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Message is the text of the log lines that carry records.
const Message = "log delivery"

// Log writes records into a log. It is safe for concurrent use.
type Log struct{ out *slog.Logger }

// New returns a Log that writes to out.
func New(out *slog.Logger) *Log { return &Log{out} }

// record is a report as Cognito delivers it.
type record struct {
	EventTimestamp string `json:"eventTimestamp"` // unix milliseconds
	EventSource    string `json:"eventSource"`    // USER_ACTIVITY or USER_NOTIFICATION
	LogLevel       string `json:"logLevel"`
	Message        any    `json:"message"`
	LogSourceID    source `json:"logSourceId"`
}

type source struct {
	UserPoolID string `json:"userPoolId"`
}

// activity is the message of USER_ACTIVITY.
type activity struct {
	Version                       string      `json:"version"`
	EventID                       string      `json:"eventId"`
	EventType                     string      `json:"eventType"` // such as SIGN_IN
	UserName                      string      `json:"userName"`
	UserSub                       string      `json:"userSub"`
	ClientID                      string      `json:"clientId"`
	CreationDate                  string      `json:"creationDate"` // as Java prints dates, in UTC
	EventResponse                 string      `json:"eventResponse"`
	RiskLevel                     string      `json:"riskLevel"`
	RiskDecision                  string      `json:"riskDecision"`
	Challenges                    []challenge `json:"challenges"`
	DeviceName                    string      `json:"deviceName"`
	IPAddress                     string      `json:"ipAddress"`
	CompromisedCredentialDetected bool        `json:"compromisedCredentialDetected"`
	City                          string      `json:"city"`
	Country                       string      `json:"country"`
	HasContextData                bool        `json:"hasContextData"`
}

type challenge struct {
	Name     string `json:"challengeName"`
	Response string `json:"challengeResponse"`
}

// failure is the message of USER_NOTIFICATION.
type failure struct {
	Details string `json:"details"`
}

var eventTypes = map[string]string{
	userpool.EventSignIn: "SIGN_IN", userpool.EventSignUp: "SIGN_UP", userpool.EventForgotPassword: "FORGOT_PASSWORD",
	userpool.EventPasswordChange: "PASSWORD_CHANGE", userpool.EventResendCode: "RESEND_CODE",
}

var riskDecisions = map[string]string{"": "PASS", "NoRisk": "PASS", "AccountTakeover": "ACCOUNT_TAKEOVER", "Block": "BLOCK"}

// Event reports what a user did, or what was tried in the user's name, if the pool
// wants such reports.
func (l *Log) Event(pool *userpool.Pool, username, sub string, e *userpool.AuthEvent) {
	destination, wanted := pool.LogDestination(userpool.LogAuthEvents)
	if !wanted {
		return
	}
	challenges := make([]challenge, len(e.Challenges))
	for i, c := range e.Challenges {
		challenges[i] = challenge{c.Name, c.Response}
	}
	l.write(slog.LevelInfo, destination, pool.ID, "USER_ACTIVITY", e.CreatedAt, activity{
		Version: "1", EventID: e.ID, EventType: eventTypes[e.Type], UserName: username, UserSub: sub, ClientID: e.ClientID,
		CreationDate: e.CreatedAt.UTC().Format("Mon Jan 02 15:04:05 MST 2006"), EventResponse: e.Response,
		RiskLevel: strings.ToUpper(e.Risk.Level), RiskDecision: riskDecisions[e.Risk.Decision], Challenges: challenges,
		DeviceName: e.Device, IPAddress: e.IPAddress, CompromisedCredentialDetected: e.Risk.Compromised,
		City: e.City, Country: e.Country, HasContextData: e.IPAddress != "",
	})
}

// Failure reports a message that could not be delivered, if the pool wants such
// reports. details must not name what the message says.
func (l *Log) Failure(pool *userpool.Pool, at time.Time, details string) {
	if destination, wanted := pool.LogDestination(userpool.LogNotifications); wanted {
		l.write(slog.LevelError, destination, pool.ID, "USER_NOTIFICATION", at, failure{details})
	}
}

func (l *Log) write(level slog.Level, destination, poolID, eventSource string, at time.Time, message any) {
	text, err := json.Marshal(record{
		EventTimestamp: strconv.FormatInt(at.UnixMilli(), 10), EventSource: eventSource, LogLevel: level.String(),
		Message: message, LogSourceID: source{poolID},
	})
	if err != nil {
		l.out.Error("a report cannot be written", "pool", poolID, "err", err)
		return
	}
	l.out.LogAttrs(context.Background(), level, Message, slog.String("destination", destination), slog.Any("record", json.RawMessage(text)))
}
