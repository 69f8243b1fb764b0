package iam

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/store"
)

// account is what is set for an account as a whole.
type account struct {
	Alias     string          `json:",omitempty"`
	Passwords *passwordPolicy `json:",omitempty"`
}

var (
	accounts = store.NewCollection[account]("iam.account")
	aliases  = store.NewCollection[alias]("iam.alias") // of all accounts, by alias
)

// alias is whose an alias is.
type alias struct{ Account string }

const accountID = "account" // of the one record

// accountOf returns the settings of an account, empty ones if nothing is set.
func accountOf(tx *store.Tx, id string) (store.Record[account], error) {
	k := store.Key{Account: id, ID: accountID}
	r, err := accounts.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) {
		return store.Record[account]{Key: k}, nil
	}
	return r, err
}

// putAccount keeps the settings of an account.
func putAccount(tx *store.Tx, r *store.Record[account]) error {
	if r.Version == 0 {
		_, err := accounts.Create(tx, r.Key, r.Doc)
		return err
	}
	return accounts.Put(tx, r)
}

// CreateAccountAlias gives the account an alias, in place of the one that it
// has.
func (s *Service) CreateAccountAlias(ctx context.Context, in *api.CreateAccountAliasInput) (*api.CreateAccountAliasOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if err != nil || r.Doc.Alias == in.AccountAlias {
			return err
		}
		_, err = aliases.Create(tx, store.Key{ID: in.AccountAlias}, alias{id})
		if errors.Is(err, store.ErrExists) {
			return api.NewEntityAlreadyExistsException("The account alias %s already exists.", in.AccountAlias)
		}
		if err != nil {
			return err
		}
		if r.Doc.Alias != "" {
			if err := aliases.Delete(tx, store.Key{ID: r.Doc.Alias}); err != nil {
				return err
			}
		}
		r.Doc.Alias = in.AccountAlias
		return putAccount(tx, &r)
	})
	return &api.CreateAccountAliasOutput{}, err
}

// DeleteAccountAlias takes the account's alias away.
func (s *Service) DeleteAccountAlias(ctx context.Context, in *api.DeleteAccountAliasInput) (*api.DeleteAccountAliasOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if err != nil {
			return err
		}
		if r.Doc.Alias != in.AccountAlias {
			return api.NewNoSuchEntityException("The account alias %s cannot be found.", in.AccountAlias)
		}
		r.Doc.Alias = ""
		if err := putAccount(tx, &r); err != nil {
			return err
		}
		return aliases.Delete(tx, store.Key{ID: in.AccountAlias})
	})
	return &api.DeleteAccountAliasOutput{}, err
}

// ListAccountAliases lists the account's alias, if it has one.
func (s *Service) ListAccountAliases(ctx context.Context, _ *api.ListAccountAliasesInput) (*api.ListAccountAliasesOutput, error) {
	out := &api.ListAccountAliasesOutput{AccountAliases: []string{}, IsTruncated: new(false)}
	err := s.view(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if r.Doc.Alias != "" {
			out.AccountAliases = append(out.AccountAliases, r.Doc.Alias)
		}
		return err
	})
	return out, err
}

// deletion is a service-linked role that was deleted.
type deletion struct {
	Role string // ARN
	At   time.Time
}

var deletions = store.NewCollection[deletion]("iam.deletion") // by task id

// deletionMemory is how long the end of a deletion can be asked for.
const deletionMemory = 24 * time.Hour

// noteDeletion keeps what became of a deletion, and forgets old ones.
func noteDeletion(tx *store.Tx, k store.Key, d deletion) error {
	old, err := deletions.List(tx, k.Account, "", store.ListOptions{})
	if err != nil {
		return err
	}
	for i := range old {
		if d.At.Sub(old[i].Doc.At) < deletionMemory {
			continue
		}
		if err := deletions.Delete(tx, old[i].Key); err != nil {
			return fmt.Errorf("forget old deletion: %w", err)
		}
	}
	_, err = deletions.Create(tx, k, d)
	return err
}

// The rest of what GetAccountSummary tells of quotas.
const (
	versionsInUse    = 10000
	certificateQuota = 20
)

// GetAccountSummary counts what the account has, and tells its quotas.
func (s *Service) GetAccountSummary(ctx context.Context, _ *api.GetAccountSummaryInput) (*api.GetAccountSummaryOutput, error) {
	out := &api.GetAccountSummaryOutput{SummaryMap: map[string]int32{
		"UsersQuota": maxUsers, "GroupsQuota": maxGroups, "RolesQuota": maxRoles, "InstanceProfilesQuota": maxProfiles,
		"PoliciesQuota": maxPolicies, "PolicyVersionsInUseQuota": versionsInUse, "ServerCertificatesQuota": certificateQuota,
		"UserPolicySizeQuota": int32(allowances[userHolder].inline), "GroupPolicySizeQuota": int32(allowances[groupHolder].inline),
		"RolePolicySizeQuota":               int32(allowances[roleHolder].inline),
		"AttachedPoliciesPerUserQuota":      int32(allowances[userHolder].attached),
		"AttachedPoliciesPerGroupQuota":     int32(allowances[groupHolder].attached),
		"AttachedPoliciesPerRoleQuota":      int32(allowances[roleHolder].attached),
		"AssumeRolePolicySizeQuota":         maxTrust,
		"PolicySizeQuota":                   maxPolicySize,
		"VersionsPerPolicyQuota":            maxVersions,
		"GroupsPerUserQuota":                maxGroupsOfUser,
		"AccessKeysPerUserQuota":            maxKeysOfUser,
		"SigningCertificatesPerUserQuota":   2,
		"ServerCertificates":                0,
		"MFADevices":                        0,
		"MFADevicesInUse":                   0,
		"AccountMFAEnabled":                 0,
		"AccountAccessKeysPresent":          1, // the one in the server's configuration
		"AccountPasswordPresent":            0,
		"AccountSigningCertificatesPresent": 0,
		"GlobalEndpointTokenVersion":        1,
	}}
	err := s.view(ctx, func(tx *store.Tx, account string) error { return count(tx, account, out.SummaryMap) })
	return out, err
}

// count counts what an account has.
func count(tx *store.Tx, account string, into map[string]int32) error {
	for name, of := range map[string]func(*store.Tx, string, string) (int, error){
		"Users": identity.Users.Count, "Groups": identity.Groups.Count, "Roles": identity.Roles.Count,
		"InstanceProfiles": identity.InstanceProfiles.Count, "Policies": identity.Policies.Count,
		"Providers": identity.OIDCProviders.Count,
	} {
		n, err := of(tx, account, "")
		if err != nil {
			return err
		}
		into[name] = int32(n)
	}
	policies, err := identity.Policies.List(tx, account, "", store.ListOptions{})
	for i := range policies {
		into["PolicyVersionsInUse"] += int32(len(policies[i].Doc.Versions))
	}
	return err
}
