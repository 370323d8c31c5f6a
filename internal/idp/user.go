package idp

import (
	"context"
	"maps"
	"slices"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// GetUser tells the user of an access token what the client may read.
func (s *Service) GetUser(ctx context.Context, in *idpapi.GetUserInput) (*idpapi.GetUserOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetUserOutput{
		Username: access.User.Username, UserAttributes: attributesOf(access.User, access.Client.Reads),
		MFAOptions:          mfaOptionsOf(access.User),
		PreferredMfaSetting: access.User.MFA.Preferred, UserMFASettingList: access.User.MFA.Enabled,
	}, nil
}

// DeleteUser removes the user of an access token.
func (s *Service) DeleteUser(ctx context.Context, in *idpapi.DeleteUserInput) (*idpapi.DeleteUserOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.Delete(ctx, access.Pool, access.User.Sub); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserOutput{}, nil
}

// UpdateUserAttributes writes attributes of the user of an access token.
func (s *Service) UpdateUserAttributes(ctx context.Context, in *idpapi.UpdateUserAttributesInput) (*idpapi.UpdateUserAttributesOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: access.Client.ID, ClientMetadata: in.ClientMetadata})
	sent, err := s.users.UpdateAttributes(ctx, access.Pool, access.User.Sub, attributeMap(in.UserAttributes),
		userpool.Writer{Client: access.Client})
	if err != nil {
		return nil, err
	}
	out := &idpapi.UpdateUserAttributesOutput{CodeDeliveryDetailsList: []idpapi.CodeDeliveryDetailsType{}}
	for _, d := range sent {
		out.CodeDeliveryDetailsList = append(out.CodeDeliveryDetailsList, *codeDelivery(&d))
	}
	return out, nil
}

// DeleteUserAttributes deletes attributes of the user of an access token.
func (s *Service) DeleteUserAttributes(ctx context.Context, in *idpapi.DeleteUserAttributesInput) (*idpapi.DeleteUserAttributesOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.DeleteAttributes(ctx, access.Pool, access.User.Sub, in.UserAttributeNames,
		userpool.Writer{Client: access.Client}); err != nil {
		return nil, err
	}
	return &idpapi.DeleteUserAttributesOutput{}, nil
}

// GetUserAttributeVerificationCode sends a code for VerifyUserAttribute.
func (s *Service) GetUserAttributeVerificationCode(ctx context.Context, in *idpapi.GetUserAttributeVerificationCodeInput) (*idpapi.GetUserAttributeVerificationCodeOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	ctx = trigger.WithCaller(ctx, trigger.Caller{ClientID: access.Client.ID, ClientMetadata: in.ClientMetadata})
	sent, err := s.users.SendAttributeCode(ctx, access.Pool, access.User.Sub, in.AttributeName)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetUserAttributeVerificationCodeOutput{CodeDeliveryDetails: codeDelivery(sent)}, nil
}

// VerifyUserAttribute verifies an address of the user with the code it got.
func (s *Service) VerifyUserAttribute(ctx context.Context, in *idpapi.VerifyUserAttributeInput) (*idpapi.VerifyUserAttributeOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.VerifyAttribute(ctx, access.Pool, access.User.Sub, in.AttributeName, in.Code); err != nil {
		return nil, err
	}
	return &idpapi.VerifyUserAttributeOutput{}, nil
}

// attributeMap is a list of attributes by name; of two with one name the later
// counts.
func attributeMap(list []idpapi.AttributeType) map[string]string {
	attributes := make(map[string]string, len(list))
	for _, a := range list {
		attributes[a.Name] = a.Value
	}
	return attributes
}

// attributesOf lists those attributes of a user that show lets be seen: sub
// first, the others by name.
func attributesOf(user *store.User, show func(name string) bool) []idpapi.AttributeType {
	list := make([]idpapi.AttributeType, 0, len(user.Attributes)+1)
	if show("sub") {
		list = append(list, idpapi.AttributeType{Name: "sub", Value: user.Sub})
	}
	for _, name := range slices.Sorted(maps.Keys(user.Attributes)) {
		if name != "sub" && show(name) {
			list = append(list, idpapi.AttributeType{Name: name, Value: user.Attributes[name]})
		}
	}
	return list
}

// everything shows administrators all attributes.
func everything(string) bool { return true }
