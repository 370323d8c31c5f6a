// Package logdelivery writes what user pools report by SetLogDeliveryConfiguration:
// the events of threat protection (userAuthEvents), and messages that could not be
// delivered (userNotification). The records are those of Cognito (developer guide,
// "Exporting logs from Amazon Cognito user pools"); they go into the server's log,
// each with the ARN of the destination that the pool names, from where a log
// shipper carries them there or elsewhere. The rules of the configuration stand in
// userpool; threat and message say what happened.
package logdelivery
