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

		// user_list.go
		awsjson.Handle(idpapi.OpListUsers, s.ListUsers),
	}
	for _, op := range notBuilt {
		built = append(built, awsjson.NotBuilt(op))
	}
	return built
}

// notBuilt are the operations that this version does not serve.
var notBuilt = []*apimodel.Operation{
	idpapi.OpAdminDeleteSoftwareToken,
	idpapi.OpAdminDisableProviderForUser,
	idpapi.OpAdminForgetDevice,
	idpapi.OpAdminGetDevice,
	idpapi.OpAdminGetUserAuthFactors,
	idpapi.OpAdminLinkProviderForUser,
	idpapi.OpAdminListDevices,
	idpapi.OpAdminListUserAuthEvents,
	idpapi.OpAdminListUserSessions,
	idpapi.OpAdminRevokeUserSession,
	idpapi.OpAdminSetUserMFAPreference,
	idpapi.OpAdminSetUserSettings,
	idpapi.OpAdminUpdateAuthEventFeedback,
	idpapi.OpAdminUpdateDeviceStatus,
	idpapi.OpAssociateSoftwareToken,
	idpapi.OpCompleteWebAuthnRegistration,
	idpapi.OpConfirmDevice,
	idpapi.OpCreateIdentityProvider,
	idpapi.OpCreateManagedLoginBranding,
	idpapi.OpCreateTerms,
	idpapi.OpCreateUserImportJob,
	idpapi.OpCreateUserPoolDomain,
	idpapi.OpCreateUserPoolReplica,
	idpapi.OpDeleteIdentityProvider,
	idpapi.OpDeleteManagedLoginBranding,
	idpapi.OpDeleteTerms,
	idpapi.OpDeleteUserPoolDomain,
	idpapi.OpDeleteUserPoolReplica,
	idpapi.OpDeleteWebAuthnCredential,
	idpapi.OpDescribeIdentityProvider,
	idpapi.OpDescribeManagedLoginBranding,
	idpapi.OpDescribeManagedLoginBrandingByClient,
	idpapi.OpDescribeTerms,
	idpapi.OpDescribeTermsByClient,
	idpapi.OpDescribeUserImportJob,
	idpapi.OpDescribeUserPoolDomain,
	idpapi.OpForgetDevice,
	idpapi.OpGetCSVHeader,
	idpapi.OpGetClientToken,
	idpapi.OpGetDevice,
	idpapi.OpGetIdentityProviderByIdentifier,
	idpapi.OpGetProvisionedLimit,
	idpapi.OpGetUICustomization,
	idpapi.OpGetUserAuthFactors,
	idpapi.OpListDevices,
	idpapi.OpListIdentityProviders,
	idpapi.OpListTerms,
	idpapi.OpListUserImportJobs,
	idpapi.OpListUserPoolReplicas,
	idpapi.OpListUserSessions,
	idpapi.OpListWebAuthnCredentials,
	idpapi.OpRevokeUserSession,
	idpapi.OpSetUICustomization,
	idpapi.OpSetUserMFAPreference,
	idpapi.OpSetUserSettings,
	idpapi.OpStartUserImportJob,
	idpapi.OpStartWebAuthnRegistration,
	idpapi.OpStopUserImportJob,
	idpapi.OpUpdateAuthEventFeedback,
	idpapi.OpUpdateDeviceStatus,
	idpapi.OpUpdateIdentityProvider,
	idpapi.OpUpdateManagedLoginBranding,
	idpapi.OpUpdateProvisionedLimit,
	idpapi.OpUpdateTerms,
	idpapi.OpUpdateUserPoolDomain,
	idpapi.OpUpdateUserPoolReplica,
	idpapi.OpVerifySoftwareToken,
}
