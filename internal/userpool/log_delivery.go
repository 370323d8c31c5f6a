package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// The kinds of reports (EventSource).
const (
	LogAuthEvents    = "userAuthEvents"   // what users did, as threat protection sees it
	LogNotifications = "userNotification" // messages that could not be delivered
)

// LogConfiguration says where what a pool reports of one kind goes. Its JSON is
// that of the Cognito API.
type LogConfiguration struct {
	LogLevel       string             `json:"LogLevel"`
	EventSource    string             `json:"EventSource"`
	CloudWatchLogs *CloudWatchLogsLog `json:"CloudWatchLogsConfiguration,omitzero"`
	S3             *S3Log             `json:"S3Configuration,omitzero"`
	Firehose       *FirehoseLog       `json:"FirehoseConfiguration,omitzero"`
}

// CloudWatchLogsLog names a log group.
type CloudWatchLogsLog struct {
	LogGroupArn string `json:"LogGroupArn,omitzero"`
}

// S3Log names a bucket.
type S3Log struct {
	BucketArn string `json:"BucketArn,omitzero"`
}

// FirehoseLog names a stream.
type FirehoseLog struct {
	StreamArn string `json:"StreamArn,omitzero"`
}

// SetLogDelivery replaces where the reports of a pool go; an empty list stops
// them. Errors: ResourceNotFoundException, InvalidParameterException,
// FeatureUnavailableInTierException.
func (p *Pools) SetLogDelivery(ctx context.Context, id string, logs []LogConfiguration) error {
	if err := checkLogs(logs); err != nil {
		return err
	}
	return p.changePool(ctx, id, func(pool *Pool) error {
		pool.LogConfigurations = logs
		if p.strictTiers {
			return pool.checkTier(fault.FeatureUnavailableInTier)
		}
		return nil
	})
}

// checkLogs holds each kind of report to its level and destinations (developer
// guide, "Exporting logs from Amazon Cognito user pools").
func checkLogs(logs []LogConfiguration) error {
	seen := map[string]bool{}
	for _, l := range logs {
		if seen[l.EventSource] {
			return invalid("The event source %s is configured twice.", l.EventSource)
		}
		seen[l.EventSource] = true
		destinations := 0
		for _, given := range []bool{l.CloudWatchLogs != nil, l.S3 != nil, l.Firehose != nil} {
			if given {
				destinations++
			}
		}
		if destinations != 1 {
			return invalid("The event source %s requires exactly one destination.", l.EventSource)
		}
		switch {
		case l.CloudWatchLogs != nil && l.CloudWatchLogs.LogGroupArn == "",
			l.S3 != nil && l.S3.BucketArn == "", l.Firehose != nil && l.Firehose.StreamArn == "":
			return invalid("The destination of the event source %s requires an ARN.", l.EventSource)
		case l.EventSource == LogNotifications && l.LogLevel != "ERROR":
			return invalid("The event source userNotification requires the log level ERROR.")
		case l.EventSource == LogNotifications && l.CloudWatchLogs == nil:
			return invalid("The event source userNotification requires CloudWatchLogsConfiguration.")
		case l.EventSource == LogAuthEvents && l.LogLevel != "INFO":
			return invalid("The event source userAuthEvents requires the log level INFO.")
		}
	}
	return nil
}

// LogDestination is the ARN that reports of a kind go to, and whether they are
// wanted at all.
func (c *PoolConfig) LogDestination(source string) (arn string, wanted bool) {
	for _, l := range c.LogConfigurations {
		switch {
		case l.EventSource != source:
		case l.CloudWatchLogs != nil:
			return l.CloudWatchLogs.LogGroupArn, true
		case l.S3 != nil:
			return l.S3.BucketArn, true
		case l.Firehose != nil:
			return l.Firehose.StreamArn, true
		}
	}
	return "", false
}

// exportsEvents says whether reports of sign-ins leave the pool.
func (c *PoolConfig) exportsEvents() bool {
	_, wanted := c.LogDestination(LogAuthEvents)
	return wanted
}
