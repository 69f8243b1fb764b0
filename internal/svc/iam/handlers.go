package iam

import (
	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/shape"
)

// principalHandlers are the operations on users, groups, roles and instance profiles.
func (s *Service) principalHandlers() map[string]shape.Handler {
	return api.Handlers{
		AddRoleToInstanceProfile:           s.AddRoleToInstanceProfile,
		AddUserToGroup:                     s.AddUserToGroup,
		CreateGroup:                        s.CreateGroup,
		CreateInstanceProfile:              s.CreateInstanceProfile,
		CreateRole:                         s.CreateRole,
		CreateServiceLinkedRole:            s.CreateServiceLinkedRole,
		CreateUser:                         s.CreateUser,
		DeleteGroup:                        s.DeleteGroup,
		DeleteInstanceProfile:              s.DeleteInstanceProfile,
		DeleteRole:                         s.DeleteRole,
		DeleteServiceLinkedRole:            s.DeleteServiceLinkedRole,
		DeleteUser:                         s.DeleteUser,
		GetGroup:                           s.GetGroup,
		GetInstanceProfile:                 s.GetInstanceProfile,
		GetRole:                            s.GetRole,
		GetServiceLinkedRoleDeletionStatus: s.GetServiceLinkedRoleDeletionStatus,
		GetUser:                            s.GetUser,
		ListGroups:                         s.ListGroups,
		ListGroupsForUser:                  s.ListGroupsForUser,
		ListInstanceProfileTags:            s.ListInstanceProfileTags,
		ListInstanceProfiles:               s.ListInstanceProfiles,
		ListInstanceProfilesForRole:        s.ListInstanceProfilesForRole,
		ListRoleTags:                       s.ListRoleTags,
		ListRoles:                          s.ListRoles,
		ListUserTags:                       s.ListUserTags,
		ListUsers:                          s.ListUsers,
		RemoveRoleFromInstanceProfile:      s.RemoveRoleFromInstanceProfile,
		RemoveUserFromGroup:                s.RemoveUserFromGroup,
		TagInstanceProfile:                 s.TagInstanceProfile,
		TagRole:                            s.TagRole,
		TagUser:                            s.TagUser,
		UntagInstanceProfile:               s.UntagInstanceProfile,
		UntagRole:                          s.UntagRole,
		UntagUser:                          s.UntagUser,
		UpdateAssumeRolePolicy:             s.UpdateAssumeRolePolicy,
		UpdateGroup:                        s.UpdateGroup,
		UpdateRole:                         s.UpdateRole,
		UpdateRoleDescription:              s.UpdateRoleDescription,
		UpdateUser:                         s.UpdateUser,
	}.Table()
}

// credentialHandlers are the operations on keys, passwords, identity providers and the account.
func (s *Service) credentialHandlers() map[string]shape.Handler {
	return api.Handlers{
		AddClientIDToOpenIDConnectProvider:      s.AddClientIDToOpenIDConnectProvider,
		ChangePassword:                          s.ChangePassword,
		CreateAccessKey:                         s.CreateAccessKey,
		CreateAccountAlias:                      s.CreateAccountAlias,
		CreateLoginProfile:                      s.CreateLoginProfile,
		CreateOpenIDConnectProvider:             s.CreateOpenIDConnectProvider,
		DeleteAccessKey:                         s.DeleteAccessKey,
		DeleteAccountAlias:                      s.DeleteAccountAlias,
		DeleteAccountPasswordPolicy:             s.DeleteAccountPasswordPolicy,
		DeleteLoginProfile:                      s.DeleteLoginProfile,
		DeleteOpenIDConnectProvider:             s.DeleteOpenIDConnectProvider,
		GenerateCredentialReport:                s.GenerateCredentialReport,
		GetAccessKeyLastUsed:                    s.GetAccessKeyLastUsed,
		GetAccountPasswordPolicy:                s.GetAccountPasswordPolicy,
		GetAccountSummary:                       s.GetAccountSummary,
		GetCredentialReport:                     s.GetCredentialReport,
		GetLoginProfile:                         s.GetLoginProfile,
		GetOpenIDConnectProvider:                s.GetOpenIDConnectProvider,
		ListAccessKeys:                          s.ListAccessKeys,
		ListAccountAliases:                      s.ListAccountAliases,
		ListOpenIDConnectProviderTags:           s.ListOpenIDConnectProviderTags,
		ListOpenIDConnectProviders:              s.ListOpenIDConnectProviders,
		RemoveClientIDFromOpenIDConnectProvider: s.RemoveClientIDFromOpenIDConnectProvider,
		TagOpenIDConnectProvider:                s.TagOpenIDConnectProvider,
		UntagOpenIDConnectProvider:              s.UntagOpenIDConnectProvider,
		UpdateAccessKey:                         s.UpdateAccessKey,
		UpdateAccountPasswordPolicy:             s.UpdateAccountPasswordPolicy,
		UpdateLoginProfile:                      s.UpdateLoginProfile,
		UpdateOpenIDConnectProviderThumbprint:   s.UpdateOpenIDConnectProviderThumbprint,
	}.Table()
}
