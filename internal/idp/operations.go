package idp

import (
	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// Operations are all operations of the API: those that are built, grouped by the
// file they stand in, and the others. A test holds the list against the API
// model, and docs/compatibility.md is made from it.
func (s *Service) Operations() []awsjson.Operation {
	built := []awsjson.Operation{
		// user_pool.go
		awsjson.Handle(idpapi.OpCreateUserPool, s.CreateUserPool),
		awsjson.Handle(idpapi.OpDescribeUserPool, s.DescribeUserPool),
		awsjson.Handle(idpapi.OpUpdateUserPool, s.UpdateUserPool),
		awsjson.Handle(idpapi.OpDeleteUserPool, s.DeleteUserPool),
		awsjson.Handle(idpapi.OpListUserPools, s.ListUserPools),
		awsjson.Handle(idpapi.OpAddCustomAttributes, s.AddCustomAttributes),

		// tag.go
		awsjson.Handle(idpapi.OpTagResource, s.TagResource),
		awsjson.Handle(idpapi.OpUntagResource, s.UntagResource),
		awsjson.Handle(idpapi.OpListTagsForResource, s.ListTagsForResource),

		// user_pool_mfa.go
		awsjson.Handle(idpapi.OpGetUserPoolMfaConfig, s.GetUserPoolMfaConfig),
		awsjson.Handle(idpapi.OpSetUserPoolMfaConfig, s.SetUserPoolMfaConfig),

		// user_pool_client.go
		awsjson.Handle(idpapi.OpCreateUserPoolClient, s.CreateUserPoolClient),
		awsjson.Handle(idpapi.OpDescribeUserPoolClient, s.DescribeUserPoolClient),
		awsjson.Handle(idpapi.OpUpdateUserPoolClient, s.UpdateUserPoolClient),
		awsjson.Handle(idpapi.OpDeleteUserPoolClient, s.DeleteUserPoolClient),
		awsjson.Handle(idpapi.OpListUserPoolClients, s.ListUserPoolClients),

		// resource_server.go
		awsjson.Handle(idpapi.OpCreateResourceServer, s.CreateResourceServer),
		awsjson.Handle(idpapi.OpDescribeResourceServer, s.DescribeResourceServer),
		awsjson.Handle(idpapi.OpUpdateResourceServer, s.UpdateResourceServer),
		awsjson.Handle(idpapi.OpDeleteResourceServer, s.DeleteResourceServer),
		awsjson.Handle(idpapi.OpListResourceServers, s.ListResourceServers),

		// domain.go
		awsjson.Handle(idpapi.OpCreateUserPoolDomain, s.CreateUserPoolDomain),
		awsjson.Handle(idpapi.OpDescribeUserPoolDomain, s.DescribeUserPoolDomain),
		awsjson.Handle(idpapi.OpUpdateUserPoolDomain, s.UpdateUserPoolDomain),
		awsjson.Handle(idpapi.OpDeleteUserPoolDomain, s.DeleteUserPoolDomain),

		// replica.go
		awsjson.Handle(idpapi.OpCreateUserPoolReplica, s.CreateUserPoolReplica),
		awsjson.Handle(idpapi.OpUpdateUserPoolReplica, s.UpdateUserPoolReplica),
		awsjson.Handle(idpapi.OpDeleteUserPoolReplica, s.DeleteUserPoolReplica),
		awsjson.Handle(idpapi.OpListUserPoolReplicas, s.ListUserPoolReplicas),

		// provisioned_limit.go
		awsjson.Handle(idpapi.OpGetProvisionedLimit, s.GetProvisionedLimit),
		awsjson.Handle(idpapi.OpUpdateProvisionedLimit, s.UpdateProvisionedLimit),

		// session_configuration.go
		awsjson.Handle(idpapi.OpGetUserPoolSessionConfiguration, s.GetUserPoolSessionConfiguration),
		awsjson.Handle(idpapi.OpSetUserPoolSessionConfiguration, s.SetUserPoolSessionConfiguration),
		awsjson.Handle(idpapi.OpGetUserPoolClientSessionConfiguration, s.GetUserPoolClientSessionConfiguration),
		awsjson.Handle(idpapi.OpSetUserPoolClientSessionConfiguration, s.SetUserPoolClientSessionConfiguration),

		// risk_configuration.go
		awsjson.Handle(idpapi.OpDescribeRiskConfiguration, s.DescribeRiskConfiguration),
		awsjson.Handle(idpapi.OpSetRiskConfiguration, s.SetRiskConfiguration),

		// log_delivery.go
		awsjson.Handle(idpapi.OpGetLogDeliveryConfiguration, s.GetLogDeliveryConfiguration),
		awsjson.Handle(idpapi.OpSetLogDeliveryConfiguration, s.SetLogDeliveryConfiguration),

		// ui_customization.go
		awsjson.Handle(idpapi.OpGetUICustomization, s.GetUICustomization),
		awsjson.Handle(idpapi.OpSetUICustomization, s.SetUICustomization),

		// managed_login_branding.go
		awsjson.Handle(idpapi.OpCreateManagedLoginBranding, s.CreateManagedLoginBranding).WithMaxBody(maxBrandingBody),
		awsjson.Handle(idpapi.OpUpdateManagedLoginBranding, s.UpdateManagedLoginBranding).WithMaxBody(maxBrandingBody),
		awsjson.Handle(idpapi.OpDeleteManagedLoginBranding, s.DeleteManagedLoginBranding),
		awsjson.Handle(idpapi.OpDescribeManagedLoginBranding, s.DescribeManagedLoginBranding),
		awsjson.Handle(idpapi.OpDescribeManagedLoginBrandingByClient, s.DescribeManagedLoginBrandingByClient),

		// terms.go
		awsjson.Handle(idpapi.OpCreateTerms, s.CreateTerms),
		awsjson.Handle(idpapi.OpUpdateTerms, s.UpdateTerms),
		awsjson.Handle(idpapi.OpDeleteTerms, s.DeleteTerms),
		awsjson.Handle(idpapi.OpDescribeTerms, s.DescribeTerms),
		awsjson.Handle(idpapi.OpDescribeTermsByClient, s.DescribeTermsByClient),
		awsjson.Handle(idpapi.OpListTerms, s.ListTerms),

		// user_import.go
		awsjson.Handle(idpapi.OpGetCSVHeader, s.GetCSVHeader),
		awsjson.Handle(idpapi.OpCreateUserImportJob, s.CreateUserImportJob),
		awsjson.Handle(idpapi.OpDescribeUserImportJob, s.DescribeUserImportJob),
		awsjson.Handle(idpapi.OpListUserImportJobs, s.ListUserImportJobs),
		awsjson.Handle(idpapi.OpStartUserImportJob, s.StartUserImportJob),
		awsjson.Handle(idpapi.OpStopUserImportJob, s.StopUserImportJob),

		// signing_certificate.go
		awsjson.Handle(idpapi.OpGetSigningCertificate, s.GetSigningCertificate),

		// client_secret.go
		awsjson.Handle(idpapi.OpAddUserPoolClientSecret, s.AddUserPoolClientSecret),
		awsjson.Handle(idpapi.OpListUserPoolClientSecrets, s.ListUserPoolClientSecrets),
		awsjson.Handle(idpapi.OpDeleteUserPoolClientSecret, s.DeleteUserPoolClientSecret),

		// auth.go
		awsjson.Handle(idpapi.OpInitiateAuth, s.InitiateAuth),
		awsjson.Handle(idpapi.OpAdminInitiateAuth, s.AdminInitiateAuth),
		awsjson.Handle(idpapi.OpRespondToAuthChallenge, s.RespondToAuthChallenge),
		awsjson.Handle(idpapi.OpAdminRespondToAuthChallenge, s.AdminRespondToAuthChallenge),

		// software_token.go
		awsjson.Handle(idpapi.OpAssociateSoftwareToken, s.AssociateSoftwareToken),
		awsjson.Handle(idpapi.OpVerifySoftwareToken, s.VerifySoftwareToken),
		awsjson.Handle(idpapi.OpAdminDeleteSoftwareToken, s.AdminDeleteSoftwareToken),

		// mfa_preference.go
		awsjson.Handle(idpapi.OpSetUserMFAPreference, s.SetUserMFAPreference),
		awsjson.Handle(idpapi.OpAdminSetUserMFAPreference, s.AdminSetUserMFAPreference),

		// user_auth_factors.go
		awsjson.Handle(idpapi.OpGetUserAuthFactors, s.GetUserAuthFactors),
		awsjson.Handle(idpapi.OpAdminGetUserAuthFactors, s.AdminGetUserAuthFactors),

		// client_token.go
		awsjson.Handle(idpapi.OpGetClientToken, s.GetClientToken),

		// token.go
		awsjson.Handle(idpapi.OpGetTokensFromRefreshToken, s.GetTokensFromRefreshToken),
		awsjson.Handle(idpapi.OpRevokeToken, s.RevokeToken),
		awsjson.Handle(idpapi.OpGlobalSignOut, s.GlobalSignOut),
		awsjson.Handle(idpapi.OpAdminUserGlobalSignOut, s.AdminUserGlobalSignOut),

		// sign_up.go
		awsjson.Handle(idpapi.OpSignUp, s.SignUp),
		awsjson.Handle(idpapi.OpConfirmSignUp, s.ConfirmSignUp),
		awsjson.Handle(idpapi.OpResendConfirmationCode, s.ResendConfirmationCode),

		// password.go
		awsjson.Handle(idpapi.OpForgotPassword, s.ForgotPassword),
		awsjson.Handle(idpapi.OpConfirmForgotPassword, s.ConfirmForgotPassword),
		awsjson.Handle(idpapi.OpChangePassword, s.ChangePassword),

		// user.go
		awsjson.Handle(idpapi.OpGetUser, s.GetUser),
		awsjson.Handle(idpapi.OpDeleteUser, s.DeleteUser),
		awsjson.Handle(idpapi.OpUpdateUserAttributes, s.UpdateUserAttributes),
		awsjson.Handle(idpapi.OpDeleteUserAttributes, s.DeleteUserAttributes),
		awsjson.Handle(idpapi.OpGetUserAttributeVerificationCode, s.GetUserAttributeVerificationCode),
		awsjson.Handle(idpapi.OpVerifyUserAttribute, s.VerifyUserAttribute),

		// admin_user.go
		awsjson.Handle(idpapi.OpAdminCreateUser, s.AdminCreateUser),
		awsjson.Handle(idpapi.OpAdminGetUser, s.AdminGetUser),
		awsjson.Handle(idpapi.OpAdminDeleteUser, s.AdminDeleteUser),
		awsjson.Handle(idpapi.OpAdminUpdateUserAttributes, s.AdminUpdateUserAttributes),
		awsjson.Handle(idpapi.OpAdminDeleteUserAttributes, s.AdminDeleteUserAttributes),
		awsjson.Handle(idpapi.OpAdminEnableUser, s.AdminEnableUser),
		awsjson.Handle(idpapi.OpAdminDisableUser, s.AdminDisableUser),
		awsjson.Handle(idpapi.OpAdminSetUserPassword, s.AdminSetUserPassword),
		awsjson.Handle(idpapi.OpAdminResetUserPassword, s.AdminResetUserPassword),
		awsjson.Handle(idpapi.OpAdminConfirmSignUp, s.AdminConfirmSignUp),

		// group.go
		awsjson.Handle(idpapi.OpCreateGroup, s.CreateGroup),
		awsjson.Handle(idpapi.OpGetGroup, s.GetGroup),
		awsjson.Handle(idpapi.OpUpdateGroup, s.UpdateGroup),
		awsjson.Handle(idpapi.OpDeleteGroup, s.DeleteGroup),
		awsjson.Handle(idpapi.OpListGroups, s.ListGroups),

		// group_member.go
		awsjson.Handle(idpapi.OpAdminAddUserToGroup, s.AdminAddUserToGroup),
		awsjson.Handle(idpapi.OpAdminRemoveUserFromGroup, s.AdminRemoveUserFromGroup),
		awsjson.Handle(idpapi.OpAdminListGroupsForUser, s.AdminListGroupsForUser),
		awsjson.Handle(idpapi.OpListUsersInGroup, s.ListUsersInGroup),

		// web_authn.go
		awsjson.Handle(idpapi.OpStartWebAuthnRegistration, s.StartWebAuthnRegistration),
		awsjson.Handle(idpapi.OpCompleteWebAuthnRegistration, s.CompleteWebAuthnRegistration),
		awsjson.Handle(idpapi.OpListWebAuthnCredentials, s.ListWebAuthnCredentials),
		awsjson.Handle(idpapi.OpDeleteWebAuthnCredential, s.DeleteWebAuthnCredential),

		// identity_provider.go
		awsjson.Handle(idpapi.OpCreateIdentityProvider, s.CreateIdentityProvider),
		awsjson.Handle(idpapi.OpDescribeIdentityProvider, s.DescribeIdentityProvider),
		awsjson.Handle(idpapi.OpGetIdentityProviderByIdentifier, s.GetIdentityProviderByIdentifier),
		awsjson.Handle(idpapi.OpUpdateIdentityProvider, s.UpdateIdentityProvider),
		awsjson.Handle(idpapi.OpDeleteIdentityProvider, s.DeleteIdentityProvider),
		awsjson.Handle(idpapi.OpListIdentityProviders, s.ListIdentityProviders),

		// link.go
		awsjson.Handle(idpapi.OpAdminLinkProviderForUser, s.AdminLinkProviderForUser),
		awsjson.Handle(idpapi.OpAdminDisableProviderForUser, s.AdminDisableProviderForUser),

		// auth_event.go
		awsjson.Handle(idpapi.OpAdminListUserAuthEvents, s.AdminListUserAuthEvents),
		awsjson.Handle(idpapi.OpAdminUpdateAuthEventFeedback, s.AdminUpdateAuthEventFeedback),
		awsjson.Handle(idpapi.OpUpdateAuthEventFeedback, s.UpdateAuthEventFeedback),

		// user_settings.go
		awsjson.Handle(idpapi.OpSetUserSettings, s.SetUserSettings),
		awsjson.Handle(idpapi.OpAdminSetUserSettings, s.AdminSetUserSettings),

		// user_list.go
		awsjson.Handle(idpapi.OpListUsers, s.ListUsers),

		// device.go
		awsjson.Handle(idpapi.OpConfirmDevice, s.ConfirmDevice),
		awsjson.Handle(idpapi.OpGetDevice, s.GetDevice),
		awsjson.Handle(idpapi.OpAdminGetDevice, s.AdminGetDevice),
		awsjson.Handle(idpapi.OpListDevices, s.ListDevices),
		awsjson.Handle(idpapi.OpAdminListDevices, s.AdminListDevices),
		awsjson.Handle(idpapi.OpUpdateDeviceStatus, s.UpdateDeviceStatus),
		awsjson.Handle(idpapi.OpAdminUpdateDeviceStatus, s.AdminUpdateDeviceStatus),
		awsjson.Handle(idpapi.OpForgetDevice, s.ForgetDevice),
		awsjson.Handle(idpapi.OpAdminForgetDevice, s.AdminForgetDevice),

		// user_session.go
		awsjson.Handle(idpapi.OpListUserSessions, s.ListUserSessions),
		awsjson.Handle(idpapi.OpAdminListUserSessions, s.AdminListUserSessions),
		awsjson.Handle(idpapi.OpRevokeUserSession, s.RevokeUserSession),
		awsjson.Handle(idpapi.OpAdminRevokeUserSession, s.AdminRevokeUserSession),
	}
	for _, op := range notBuilt {
		built = append(built, awsjson.NotBuilt(op))
	}
	return built
}

// notBuilt are the operations that this version does not serve.
var notBuilt = []*apimodel.Operation{}
