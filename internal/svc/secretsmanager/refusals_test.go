package secretsmanager

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/store/storetest"
)

// dump is everything that is known of all secrets, to see that nothing changed.
func (b *bench) dump(t testing.TB) string {
	t.Helper()
	var s strings.Builder
	list, err := b.client.ListSecrets(t.Context(), &api.ListSecretsInput{IncludePlannedDeletion: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list.SecretList {
		v, err := b.client.ListSecretVersionIds(t.Context(), &api.ListSecretVersionIdsInput{SecretId: *e.ARN, IncludeDeprecated: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&s, *e.Name, deref(e.Description), deref(e.KmsKeyId), len(e.Tags), e.DeletedDate, e.SecretVersionsToStages, len(v.Versions))
	}
	return s.String()
}

const (
	textNoSecret = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
	textDeleted  = "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion."
	textName     = "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
	textNoToken  = "InvalidRequestException: You must provide a ClientRequestToken value. We recommend a UUID-type value."
	textBoth     = "InvalidParameterException: You can't specify both a binary secret value and a string secret value in the same secret."
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	live := b.create(t, "live", "s1")
	b.put(t, "live", "v2", "s2")
	b.create(t, "doomed", "s")
	if _, err := b.client.DeleteSecret(ctx, &api.DeleteSecretInput{SecretId: "doomed"}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("é", maxValue/2+1)
	many := make([]string, maxLabels)
	for i := range many {
		many[i] = fmt.Sprint("label", i)
	}
	var tags []*api.Tag
	for i := range maxTags + 1 {
		tags = append(tags, &api.Tag{Key: new(fmt.Sprint(i)), Value: new("")})
	}
	create := func(in api.CreateSecretInput) func() error {
		return func() error { _, err := b.client.CreateSecret(ctx, &in); return err }
	}
	put := func(in api.PutSecretValueInput) func() error {
		return func() error { _, err := b.client.PutSecretValue(ctx, &in); return err }
	}
	get := func(id string, version, stage *string) func() error {
		return func() error {
			_, err := b.client.GetSecretValue(ctx, &api.GetSecretValueInput{SecretId: id, VersionId: version, VersionStage: stage})
			return err
		}
	}
	update := func(in api.UpdateSecretInput) func() error {
		return func() error { _, err := b.client.UpdateSecret(ctx, &in); return err }
	}
	restage := func(id, label string, from, to *string) func() error {
		return func() error {
			_, err := b.client.UpdateSecretVersionStage(ctx, &api.UpdateSecretVersionStageInput{
				SecretId: id, VersionStage: label, RemoveFromVersionId: from, MoveToVersionId: to,
			})
			return err
		}
	}
	remove := func(in api.DeleteSecretInput) func() error {
		return func() error { _, err := b.client.DeleteSecret(ctx, &in); return err }
	}
	batch := func(in api.BatchGetSecretValueInput) func() error {
		return func() error { _, err := b.client.BatchGetSecretValue(ctx, &in); return err }
	}
	tag := func(id string, tags ...*api.Tag) func() error {
		return func() error {
			_, err := b.client.TagResource(ctx, &api.TagResourceInput{SecretId: id, Tags: tags})
			return err
		}
	}
	policy := func(text string, block bool) func() error {
		return func() error {
			_, err := b.client.PutResourcePolicy(ctx, &api.PutResourcePolicyInput{SecretId: live, ResourcePolicy: text, BlockPublicPolicy: &block})
			return err
		}
	}
	list := func(in api.ListSecretsInput) func() error {
		return func() error { _, err := b.client.ListSecrets(ctx, &in); return err }
	}
	key := new(api.FilterNameStringTypeName)
	before := b.dump(t)
	for _, tt := range []struct {
		name string
		call func() error
		want string
	}{
		{"name", create(api.CreateSecretInput{Name: "a b"}), textName},
		{"exists", create(api.CreateSecretInput{Name: "live"}), "ResourceExistsException: The operation failed because the secret live already exists."},
		{
			"exists with another token", create(api.CreateSecretInput{Name: "live", SecretString: new("s1"), ClientRequestToken: token("v3")}),
			"ResourceExistsException: The operation failed because the secret live already exists.",
		},
		{
			"exists with another value", create(api.CreateSecretInput{Name: "live", SecretString: new("s3"), ClientRequestToken: token("v1")}),
			"ResourceExistsException: You can't use ClientRequestToken " + *token("v1") + " because that value is already in use for a version of secret " + live + ".",
		},
		{
			"exists with a value of another kind", create(api.CreateSecretInput{Name: "live", SecretBinary: []byte("s1"), ClientRequestToken: token("v1")}),
			"ResourceExistsException: You can't use ClientRequestToken " + *token("v1") + " because that value is already in use for a version of secret " + live + ".",
		},
		{
			"name of a doomed one", create(api.CreateSecretInput{Name: "doomed"}),
			"InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.",
		},
		{"create without token", create(api.CreateSecretInput{Name: "n", SecretString: new("s")}), textNoToken},
		{"create with both", create(api.CreateSecretInput{Name: "n", SecretString: new("s"), SecretBinary: []byte("b"), ClientRequestToken: token("v1")}), textBoth},
		{
			"create with too many bytes", create(api.CreateSecretInput{Name: "n", SecretString: &long, ClientRequestToken: token("v1")}),
			"ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
		},
		{"create with replicas", create(api.CreateSecretInput{Name: "n", AddReplicaRegions: []*api.ReplicaRegionType{{Region: new("us-east-1")}}}), "NotImplemented: Nephele does not implement replication to other regions of Secrets Manager yet."},
		{"create of a type", create(api.CreateSecretInput{Name: "n", Type: new("Partner")}), "NotImplemented: Nephele does not implement external secrets of partners of Secrets Manager yet."},
		{"create with too many tags", create(api.CreateSecretInput{Name: "n", Tags: tags}), "InvalidParameterException: You can't attach more than 50 tags to a secret."},

		{"put to nothing", put(api.PutSecretValueInput{SecretId: "n", SecretString: new("s"), ClientRequestToken: token("v1")}), textNoSecret},
		{"put to a doomed one", put(api.PutSecretValueInput{SecretId: "doomed", SecretString: new("s"), ClientRequestToken: token("v9")}), textDeleted},
		{"put nothing", put(api.PutSecretValueInput{SecretId: "live", ClientRequestToken: token("v1")}), "InvalidRequestException: You must provide either SecretString or SecretBinary."},
		{"put both", put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), SecretBinary: []byte("b"), ClientRequestToken: token("v3")}), textBoth},
		{"put without token", put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s")}), textNoToken},
		{
			"put another value", put(api.PutSecretValueInput{SecretId: "live", SecretString: new("other"), ClientRequestToken: token("v2")}),
			"ResourceExistsException: You can't use ClientRequestToken " + *token("v2") + " because that value is already in use for a version of secret " + live + ".",
		},
		{
			"put with too many labels", put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), ClientRequestToken: token("v3"), VersionStages: many}),
			"LimitExceededException: You can't attach more than 20 staging labels to the versions of a secret.",
		},
		{
			"put of a rotation", put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), ClientRequestToken: token("v3"), RotationToken: token("r----------")}),
			"1 validation error",
		},

		{"get nothing", get("n", nil, nil), textNoSecret},
		{"get a bad name", get("a:b", nil, nil), textName},
		{"get another service's", get("arn:aws:sns:eu-west-1:123456789012:live", nil, nil), textName},
		{"get elsewhere", get(strings.Replace(live, testRegion, "us-east-1", 1), nil, nil), textNoSecret},
		{"get with another suffix", get(live[:len(live)-6]+"aaaaaa", nil, nil), textNoSecret},
		{"get a part in another account", get("arn:aws:secretsmanager:eu-west-1:"+otherAccount+":secret:live", nil, nil), textNoSecret},
		{"get a doomed one", get("doomed", nil, nil), textDeleted},
		{"get no version", get("live", token("v7"), nil), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"get no label", get("live", nil, new("AWSPENDING")), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSPENDING"},
		{"get a version by another's label", get("live", token("v1"), new("AWSCURRENT")), "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId."},

		{"update nothing", update(api.UpdateSecretInput{SecretId: "n"}), textNoSecret},
		{"update a doomed one", update(api.UpdateSecretInput{SecretId: "doomed", Description: new("d")}), textDeleted},
		{"update without token", update(api.UpdateSecretInput{SecretId: "live", SecretString: new("s")}), textNoToken},
		{
			"update with a token in use", update(api.UpdateSecretInput{SecretId: "live", Description: new("d"), SecretString: new("s2"), ClientRequestToken: token("v2")}),
			"ResourceExistsException: You can't use ClientRequestToken " + *token("v2") + " because that value is already in use for a version of secret " + live + ".",
		},

		{"restage nothing", restage("live", "L", nil, nil), "InvalidParameterException: You must specify MoveToVersionId, RemoveFromVersionId, or both."},
		{"restage to no version", restage("live", "L", nil, token("v7")), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"restage from no version", restage("live", "L", token("v7"), nil), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"restage from where it is not", restage("live", "AWSCURRENT", token("v1"), token("v1")), "InvalidParameterException: Staging label AWSCURRENT is not attached to version " + *token("v1") + "."},
		{
			"restage without from", restage("live", "AWSCURRENT", nil, token("v1")),
			"InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version " +
				*token("v2") + ", so you must explicitly reference that version in RemoveFromVersionId.",
		},
		{"remove AWSCURRENT", restage("live", "AWSCURRENT", token("v2"), nil), "InvalidParameterException: You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."},
		{"restage a doomed one", restage("doomed", "L", nil, token("v1")), textDeleted},

		{"delete nothing", remove(api.DeleteSecretInput{SecretId: "n"}), textNoSecret},
		{
			"delete twice", remove(api.DeleteSecretInput{SecretId: "doomed"}),
			"InvalidRequestException: You can't perform this operation on the secret because it was already scheduled for deletion.",
		},
		{"delete too soon", remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(6))}), "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{"delete too late", remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(31))}), "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{
			"delete both ways", remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(7)), ForceDeleteWithoutRecovery: new(true)}),
			"InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
		},

		{"batch of nothing", batch(api.BatchGetSecretValueInput{}), "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."},
		{"batch of both", batch(api.BatchGetSecretValueInput{SecretIdList: []string{"live"}, Filters: []*api.Filter{{Key: key, Values: []string{"l"}}}}), "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."},
		{"batch of so many", batch(api.BatchGetSecretValueInput{SecretIdList: []string{"live"}, MaxResults: new(int32(1))}), "InvalidParameterException: 'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."},

		{"list by nothing", list(api.ListSecretsInput{Filters: []*api.Filter{{Values: []string{"l"}}}}), "InvalidParameterException: Invalid filter key"},
		{"list by no value", list(api.ListSecretsInput{Filters: []*api.Filter{{Key: key}}}), "InvalidParameterException: Invalid filter values for key: name"},
		{"list by a bad token", list(api.ListSecretsInput{NextToken: new("x")}), "InvalidNextTokenException: The NextToken value is invalid."},

		{"tag with AWS's prefix", tag("live", &api.Tag{Key: new("AWS:x"), Value: new("")}), "InvalidParameterException: Tag keys can't start with aws:."},
		{"tag twice", tag("live", &api.Tag{Key: new("x")}, &api.Tag{Key: new("x")}), "InvalidParameterException: Tag keys must be unique: x is there more than once."},
		{"tag too much", tag("live", tags...), "InvalidParameterException: You can't attach more than 50 tags to a secret."},
		{"tag a doomed one", tag("doomed", tags[0]), textDeleted},

		{"policy that is no JSON", policy("{", false), "MalformedPolicyDocumentException: This resource policy contains invalid Json."},
		{"policy without principal", policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, false), "MalformedPolicyDocumentException: This resource policy contains a syntax error: "},
		{
			"public policy", policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:*","Resource":"*"}]}`, true),
			"PublicPolicyException: The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := refusal(tt.call())
			if got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) && !strings.HasPrefix(got, "ValidationException: "+tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if d := cmp.Diff(before, b.dump(t)); d != "" {
				t.Error("something changed:", d)
			}
		})
	}
}

// TestUnbuilt: what is not built says so.
func TestUnbuilt(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := context.Background()
	_, rotate := b.client.RotateSecret(ctx, &api.RotateSecretInput{SecretId: "s"})
	_, cancel := b.client.CancelRotateSecret(ctx, &api.CancelRotateSecretInput{SecretId: "s"})
	_, replicate := b.client.ReplicateSecretToRegions(ctx, &api.ReplicateSecretToRegionsInput{SecretId: "s"})
	_, stop := b.client.StopReplicationToReplica(ctx, &api.StopReplicationToReplicaInput{SecretId: "s"})
	_, regions := b.client.RemoveRegionsFromReplication(ctx, &api.RemoveRegionsFromReplicationInput{SecretId: "s"})
	for _, err := range []error{rotate, cancel, replicate, stop, regions} {
		if got := refusal(err); !strings.HasPrefix(got, "NotImplemented: Nephele does not implement secretsmanager:") {
			t.Error(got)
		}
	}
}
