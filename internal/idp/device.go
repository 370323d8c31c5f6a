package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// ConfirmDevice keeps the device that the sign-in of an access token gave out.
func (s *Service) ConfirmDevice(ctx context.Context, in *idpapi.ConfirmDeviceInput) (*idpapi.ConfirmDeviceOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	c := userpool.DeviceConfirmation{
		Key: in.DeviceKey, TokenDeviceKey: access.Claims.DeviceKey, Name: in.DeviceName,
		IPAddress: awsjson.RequestFrom(ctx).SourceIP,
	}
	if v := in.DeviceSecretVerifierConfig; v != nil {
		c.Salt, c.Verifier = v.Salt, v.PasswordVerifier
	}
	ask, err := s.users.ConfirmDevice(ctx, access.Pool, access.User.Sub, c)
	if err != nil {
		return nil, err
	}
	return &idpapi.ConfirmDeviceOutput{UserConfirmationNecessary: new(ask)}, nil
}

// GetDevice shows a device of the user of an access token.
func (s *Service) GetDevice(ctx context.Context, in *idpapi.GetDeviceInput) (*idpapi.GetDeviceOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	device, err := s.users.Device(ctx, access.Pool, access.User.Sub, in.DeviceKey)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetDeviceOutput{Device: s.describeDevice(device, access.User)}, nil
}

// AdminGetDevice shows a device of a user.
func (s *Service) AdminGetDevice(ctx context.Context, in *idpapi.AdminGetDeviceInput) (*idpapi.AdminGetDeviceOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	device, err := s.users.Device(ctx, pool, user.Sub, in.DeviceKey)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminGetDeviceOutput{Device: s.describeDevice(device, user)}, nil
}

// ListDevices lists the devices of the user of an access token, page by page.
func (s *Service) ListDevices(ctx context.Context, in *idpapi.ListDevicesInput) (*idpapi.ListDevicesOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	devices, next, err := s.listDevices(ctx, access.Pool, access.User, in.PaginationToken, in.Limit)
	if err != nil {
		return nil, err
	}
	return &idpapi.ListDevicesOutput{Devices: devices, PaginationToken: next}, nil
}

// AdminListDevices lists the devices of a user, page by page.
func (s *Service) AdminListDevices(ctx context.Context, in *idpapi.AdminListDevicesInput) (*idpapi.AdminListDevicesOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	devices, next, err := s.listDevices(ctx, pool, user, in.PaginationToken, in.Limit)
	if err != nil {
		return nil, err
	}
	return &idpapi.AdminListDevicesOutput{Devices: devices, PaginationToken: next}, nil
}

// UpdateDeviceStatus sets whether a device of the user of an access token is
// remembered.
func (s *Service) UpdateDeviceStatus(ctx context.Context, in *idpapi.UpdateDeviceStatusInput) (*idpapi.UpdateDeviceStatusOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.rememberDevice(ctx, access.Pool, access.User, in.DeviceKey, in.DeviceRememberedStatus); err != nil {
		return nil, err
	}
	return &idpapi.UpdateDeviceStatusOutput{}, nil
}

// AdminUpdateDeviceStatus sets whether a device of a user is remembered.
func (s *Service) AdminUpdateDeviceStatus(ctx context.Context, in *idpapi.AdminUpdateDeviceStatusInput) (*idpapi.AdminUpdateDeviceStatusOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.rememberDevice(ctx, pool, user, in.DeviceKey, in.DeviceRememberedStatus); err != nil {
		return nil, err
	}
	return &idpapi.AdminUpdateDeviceStatusOutput{}, nil
}

// ForgetDevice removes a device of the user of an access token.
func (s *Service) ForgetDevice(ctx context.Context, in *idpapi.ForgetDeviceInput) (*idpapi.ForgetDeviceOutput, error) {
	access, err := s.tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := s.users.ForgetDevice(ctx, access.Pool, access.User.Sub, in.DeviceKey); err != nil {
		return nil, err
	}
	return &idpapi.ForgetDeviceOutput{}, nil
}

// AdminForgetDevice removes a device of a user.
func (s *Service) AdminForgetDevice(ctx context.Context, in *idpapi.AdminForgetDeviceInput) (*idpapi.AdminForgetDeviceOutput, error) {
	pool, user, err := s.poolUser(ctx, in.UserPoolId, in.Username)
	if err != nil {
		return nil, err
	}
	if err := s.users.ForgetDevice(ctx, pool, user.Sub, in.DeviceKey); err != nil {
		return nil, err
	}
	return &idpapi.AdminForgetDeviceOutput{}, nil
}

// poolUser is the user that an administrator calls by name.
func (s *Service) poolUser(ctx context.Context, poolID, username string) (*userpool.Pool, *store.User, error) {
	pool, err := s.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, nil, err
	}
	user, err := s.users.Find(ctx, pool, username)
	return pool, user, err
}

func (s *Service) rememberDevice(ctx context.Context, pool *userpool.Pool, user *store.User, key string, status idpapi.DeviceRememberedStatusType) error {
	if status == "" {
		return fault.New(fault.InvalidParameter, "Missing required parameter DeviceRememberedStatus")
	}
	return s.users.RememberDevice(ctx, pool, user.Sub, key, status == idpapi.DeviceRememberedStatusTypeRemembered)
}

func (s *Service) listDevices(ctx context.Context, pool *userpool.Pool, user *store.User, token string, limit *int32) ([]idpapi.DeviceType, string, error) {
	devices, next, err := s.users.ListDevices(ctx, pool, user.Sub, token, pageSize(limit, userpool.MaxDevicePage))
	if err != nil {
		return nil, "", err
	}
	described := make([]idpapi.DeviceType, 0, len(devices))
	for _, d := range devices {
		described = append(described, *s.describeDevice(d, user))
	}
	return described, next, nil
}

// describeDevice is the API's form of a device.
func (s *Service) describeDevice(d *store.Device, owner *store.User) *idpapi.DeviceType {
	remembered := idpapi.DeviceRememberedStatusTypeNotRemembered
	if d.Remembered {
		remembered = idpapi.DeviceRememberedStatusTypeRemembered
	}
	attributes := []idpapi.AttributeType{{Name: "device_status", Value: "valid"}}
	for _, a := range []idpapi.AttributeType{
		{Name: "device_name", Value: d.Name},
		{Name: "dev:device_arn", Value: s.pools.DeviceARN(d, owner.Username)},
		{Name: "dev:device_owner", Value: owner.Username + "." + d.PoolID},
		{Name: "last_ip_used", Value: d.LastIP},
		{Name: "dev:device_remembered_status", Value: string(remembered)},
		{Name: "dev:device_sdk", Value: "aws-sdk"},
	} {
		if a.Value != "" {
			attributes = append(attributes, a)
		}
	}
	return &idpapi.DeviceType{
		DeviceKey: d.Key, DeviceAttributes: attributes,
		DeviceCreateDate: apimodel.Time{Time: d.CreatedAt}, DeviceLastModifiedDate: apimodel.Time{Time: d.ModifiedAt}, DeviceLastAuthenticatedDate: apimodel.Time{Time: d.AuthenticatedAt},
	}
}
