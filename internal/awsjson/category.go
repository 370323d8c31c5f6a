package awsjson

import "strings"

// A Category is a group of operations that share an allowance of requests per
// second. The names for user pools are AWS's ("Quotas in Amazon Cognito" of the
// developer guide). Identity pools have quotas per operation there: the ones
// with a number of their own are categories named as the operation.
type Category string

// The categories of user-pool operations.
const (
	UserAuthentication     Category = "UserAuthentication"
	UserCreation           Category = "UserCreation"
	UserAccountRecovery    Category = "UserAccountRecovery"
	UserRead               Category = "UserRead"
	UserUpdate             Category = "UserUpdate"
	UserToken              Category = "UserToken"
	UserResourceRead       Category = "UserResourceRead"
	UserResourceUpdate     Category = "UserResourceUpdate"
	UserList               Category = "UserList"
	UserPoolRead           Category = "UserPoolRead"
	UserPoolUpdate         Category = "UserPoolUpdate"
	UserPoolResourceRead   Category = "UserPoolResourceRead"
	UserPoolResourceUpdate Category = "UserPoolResourceUpdate"
	UserPoolClientRead     Category = "UserPoolClientRead"
	UserPoolClientUpdate   Category = "UserPoolClientUpdate"
	ClientAuthentication   Category = "ClientAuthentication"
	LimitManagement        Category = "LimitManagement"
)

// The categories of identity-pool operations.
const (
	GetID                              Category = "GetId"
	GetOpenIDToken                     Category = "GetOpenIdToken"
	GetCredentialsForIdentity          Category = "GetCredentialsForIdentity"
	GetOpenIDTokenForDeveloperIdentity Category = "GetOpenIdTokenForDeveloperIdentity"
	ListIdentities                     Category = "ListIdentities"
	DeleteIdentities                   Category = "DeleteIdentities"
	IdentityRead                       Category = "IdentityRead"
	IdentityUpdate                     Category = "IdentityUpdate"
	IdentityPoolRead                   Category = "IdentityPoolRead"
	IdentityPoolUpdate                 Category = "IdentityPoolUpdate"
)

// The categories beside the API: requests to the domains of pools, by address and
// domain, by domain, and by client; and to what Cognito does not have, by address,
// named as the actions in policies.
const (
	DomainAddress   Category = "DomainAddress"
	DomainTotal     Category = "DomainTotal"
	DomainClient    Category = "DomainClient"
	ListRevocations Category = "ListRevocations"
	GetSigningKey   Category = "GetSigningKey"
)

// An allotment is a category with its default rate and its operations.
type allotment struct {
	category   Category
	rate       float64 // requests per second
	operations string  // separated by white space
}

// The rates are AWS's defaults per account. Ours count per pool and source
// address, which is far more in sum and still stops a single flood.
var userPoolAllotments = []allotment{
	{UserAuthentication, 120, `
		AdminInitiateAuth AdminRespondToAuthChallenge InitiateAuth RespondToAuthChallenge`},
	{UserCreation, 50, `
		AdminConfirmSignUp AdminCreateUser ConfirmSignUp SignUp`},
	{UserAccountRecovery, 30, `
		AdminResetUserPassword AdminSetUserPassword ChangePassword ConfirmForgotPassword ForgotPassword`},
	{UserRead, 120, `
		AdminGetUser AdminGetUserAuthFactors GetUser GetUserAuthFactors`},
	{UserUpdate, 25, `
		AdminDeleteUser AdminDeleteUserAttributes AdminDisableProviderForUser AdminDisableUser AdminEnableUser
		AdminLinkProviderForUser AdminUpdateUserAttributes DeleteUser DeleteUserAttributes
		GetUserAttributeVerificationCode ResendConfirmationCode UpdateUserAttributes VerifyUserAttribute`},
	{UserToken, 120, `
		AdminRevokeUserSession AdminUserGlobalSignOut GetTokensFromRefreshToken GlobalSignOut RevokeToken
		RevokeUserSession`},
	{UserResourceRead, 50, `
		AdminGetDevice AdminListDevices AdminListGroupsForUser AdminListUserAuthEvents AdminListUserSessions
		GetDevice ListDevices ListUserSessions ListWebAuthnCredentials`},
	{UserResourceUpdate, 25, `
		AdminAddUserToGroup AdminDeleteSoftwareToken AdminForgetDevice AdminRemoveUserFromGroup
		AdminSetUserMFAPreference AdminSetUserSettings AdminUpdateAuthEventFeedback AdminUpdateDeviceStatus
		AssociateSoftwareToken CompleteWebAuthnRegistration ConfirmDevice DeleteWebAuthnCredential ForgetDevice
		SetUserMFAPreference SetUserSettings StartWebAuthnRegistration UpdateAuthEventFeedback UpdateDeviceStatus
		VerifySoftwareToken`},
	{UserList, 30, `
		ListUsers ListUsersInGroup`},
	{UserPoolRead, 15, `
		DescribeUserPool GetUserPoolMfaConfig GetUserPoolSessionConfiguration ListTagsForResource
		ListUserPoolReplicas ListUserPools`},
	{UserPoolUpdate, 15, `
		AddCustomAttributes CreateUserPool CreateUserPoolReplica DeleteUserPool DeleteUserPoolReplica
		SetUserPoolMfaConfig SetUserPoolSessionConfiguration TagResource UntagResource UpdateUserPool
		UpdateUserPoolReplica`},
	{UserPoolResourceRead, 20, `
		DescribeIdentityProvider DescribeManagedLoginBranding DescribeManagedLoginBrandingByClient
		DescribeResourceServer DescribeRiskConfiguration DescribeTerms DescribeTermsByClient DescribeUserImportJob
		DescribeUserPoolDomain GetCSVHeader GetGroup GetIdentityProviderByIdentifier GetLogDeliveryConfiguration
		GetSigningCertificate GetUICustomization ListGroups ListIdentityProviders ListResourceServers ListTerms
		ListUserImportJobs`},
	{UserPoolResourceUpdate, 15, `
		CreateGroup CreateIdentityProvider CreateManagedLoginBranding CreateResourceServer CreateTerms
		CreateUserImportJob CreateUserPoolDomain DeleteGroup DeleteIdentityProvider DeleteManagedLoginBranding
		DeleteResourceServer DeleteTerms DeleteUserPoolDomain SetLogDeliveryConfiguration SetRiskConfiguration
		SetUICustomization StartUserImportJob StopUserImportJob UpdateGroup UpdateIdentityProvider
		UpdateManagedLoginBranding UpdateResourceServer UpdateTerms UpdateUserPoolDomain`},
	{UserPoolClientRead, 15, `
		DescribeUserPoolClient GetUserPoolClientSessionConfiguration ListUserPoolClientSecrets ListUserPoolClients`},
	{UserPoolClientUpdate, 15, `
		AddUserPoolClientSecret CreateUserPoolClient DeleteUserPoolClient DeleteUserPoolClientSecret
		SetUserPoolClientSessionConfiguration UpdateUserPoolClient`},
	{ClientAuthentication, 150, `
		GetClientToken`},
	{LimitManagement, 1, `
		GetProvisionedLimit UpdateProvisionedLimit`},
}

var identityPoolAllotments = []allotment{
	{GetID, 25, `GetId`},
	{GetOpenIDToken, 200, `GetOpenIdToken`},
	{GetCredentialsForIdentity, 200, `GetCredentialsForIdentity`},
	{GetOpenIDTokenForDeveloperIdentity, 50, `GetOpenIdTokenForDeveloperIdentity`},
	{ListIdentities, 5, `ListIdentities`},
	{DeleteIdentities, 10, `DeleteIdentities`},
	{IdentityRead, 20, `
		DescribeIdentity LookupDeveloperIdentity`},
	{IdentityUpdate, 20, `
		MergeDeveloperIdentities UnlinkDeveloperIdentity UnlinkIdentity`},
	{IdentityPoolRead, 15, `
		DescribeIdentityPool GetIdentityPoolRoles GetPrincipalTagAttributeMap ListIdentityPools ListTagsForResource`},
	{IdentityPoolUpdate, 15, `
		CreateIdentityPool DeleteIdentityPool SetIdentityPoolRoles SetPrincipalTagAttributeMap TagResource
		UntagResource UpdateIdentityPool`},
}

// The rates of domains are AWS's. A signing key is asked for once for each session
// that an API meets, so as often as there are credentials; the log of revocations
// about once a second by each verifier.
var besideAllotments = []allotment{
	{DomainAddress, 300, ""},
	{DomainTotal, 500, ""},
	{DomainClient, 300, ""},
	{ListRevocations, 120, ""},
	{GetSigningKey, 200, ""},
}

// categories tells the category of each operation of a list.
func categories(list []allotment) map[string]Category {
	m := make(map[string]Category)
	for _, a := range list {
		for name := range strings.FieldsSeq(a.operations) {
			m[name] = a.category
		}
	}
	return m
}
