package trigger

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// The sources of UserMigration.
const (
	UserMigrationAuthentication = "UserMigration_Authentication"
	UserMigrationForgotPassword = "UserMigration_ForgotPassword"
)

// UserMigration asks for a user that another directory may have.
type UserMigration struct {
	Password       string            `json:"password,omitzero"` // "" where the user forgot it
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// UserMigrationAnswer is the user.
type UserMigrationAnswer struct {
	UserAttributes     map[string]string
	FinalUserStatus    string
	ForceAliasCreation bool
	EnableSMSMFA       bool
}

type userMigrationAnswer struct {
	UserAttributes         map[string]*string `json:"userAttributes"`
	FinalUserStatus        *string            `json:"finalUserStatus"`
	MessageAction          *string            `json:"messageAction"`
	DesiredDeliveryMediums []string           `json:"desiredDeliveryMediums"`
	ForceAliasCreation     *bool              `json:"forceAliasCreation"`
	EnableSMSMFA           *bool              `json:"enableSMSMFA"`
}

// UserMigration asks the trigger of that name. found is false where the function
// fails, which is how it says that there is no such user or that the password is
// wrong.
func (i *Invoker) UserMigration(ctx context.Context, c Call, in UserMigration) (answer UserMigrationAnswer, found bool, err error) {
	got, err := read[userMigrationAnswer](i.call(ctx, "UserMigration", "1", c, in, userMigrationAnswer{}))
	if fault.CodeOf(err) == fault.UserLambdaValidation {
		return answer, false, nil
	}
	if err != nil {
		return answer, false, err
	}
	if got.UserAttributes == nil {
		return answer, false, errUnrecognizable
	}
	answer.UserAttributes = known(got.UserAttributes)
	if got.FinalUserStatus != nil {
		answer.FinalUserStatus = *got.FinalUserStatus
	}
	answer.ForceAliasCreation = got.ForceAliasCreation != nil && *got.ForceAliasCreation
	answer.EnableSMSMFA = got.EnableSMSMFA != nil && *got.EnableSMSMFA
	return answer, true, nil
}
