package secretsmanager

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/tagrule"
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

// refused is a call, and what it is answered: whole, or how it begins.
type refused struct {
	name string
	call func() error
	want string
}

// world has a secret of two versions, one that is scheduled for deletion, and a
// call for each case.
type world struct {
	*bench
	t    *testing.T
	live string // ARN
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{newBench(t, storetest.SQLite(t)), t, ""}
	w.live = w.bench.create(t, "live", "s1")
	w.bench.put(t, "live", "v2", "s2")
	w.bench.create(t, "doomed", "s")
	if _, err := w.client.DeleteSecret(t.Context(), &api.DeleteSecretInput{SecretId: "doomed"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) create(in api.CreateSecretInput) func() error {
	return func() error { _, err := w.client.CreateSecret(w.t.Context(), &in); return err }
}

func (w *world) put(in api.PutSecretValueInput) func() error {
	return func() error { _, err := w.client.PutSecretValue(w.t.Context(), &in); return err }
}

func (w *world) get(id string, version, stage *string) func() error {
	return func() error {
		_, err := w.client.GetSecretValue(w.t.Context(), &api.GetSecretValueInput{SecretId: id, VersionId: version, VersionStage: stage})
		return err
	}
}

func (w *world) update(in api.UpdateSecretInput) func() error {
	return func() error { _, err := w.client.UpdateSecret(w.t.Context(), &in); return err }
}

func (w *world) restage(id, label string, from, to *string) func() error {
	return func() error {
		_, err := w.client.UpdateSecretVersionStage(w.t.Context(), &api.UpdateSecretVersionStageInput{
			SecretId: id, VersionStage: label, RemoveFromVersionId: from, MoveToVersionId: to,
		})
		return err
	}
}

func (w *world) remove(in api.DeleteSecretInput) func() error {
	return func() error { _, err := w.client.DeleteSecret(w.t.Context(), &in); return err }
}

func (w *world) batch(in api.BatchGetSecretValueInput) func() error {
	return func() error { _, err := w.client.BatchGetSecretValue(w.t.Context(), &in); return err }
}

func (w *world) list(in api.ListSecretsInput) func() error {
	return func() error { _, err := w.client.ListSecrets(w.t.Context(), &in); return err }
}

func (w *world) tag(id string, tags ...*api.Tag) func() error {
	return func() error {
		_, err := w.client.TagResource(w.t.Context(), &api.TagResourceInput{SecretId: id, Tags: tags})
		return err
	}
}

func (w *world) policy(text string, block bool) func() error {
	return func() error {
		_, err := w.client.PutResourcePolicy(w.t.Context(), &api.PutResourcePolicyInput{
			SecretId: w.live, ResourcePolicy: text, BlockPublicPolicy: &block,
		})
		return err
	}
}

// fiftyOneTags are one more than a secret may have.
func fiftyOneTags() (tags []*api.Tag) {
	for i := range tagrule.Max + 1 {
		tags = append(tags, &api.Tag{Key: new(fmt.Sprint(i)), Value: new("")})
	}
	return tags
}

// tooManyLabels are, with those of the secret, more than it may have.
func tooManyLabels() (labels []string) {
	for i := range maxLabels {
		labels = append(labels, fmt.Sprint("label", i))
	}
	return labels
}

var byName = new(api.FilterNameStringTypeName)

// taken is the answer to a token that has been used for another value.
func (w *world) taken(version string) string {
	return "ResourceExistsException: You can't use ClientRequestToken " + *token(version) +
		" because that value is already in use for a version of secret " + w.live + "."
}

func (w *world) createRefusals() []refused {
	return []refused{
		{"name", w.create(api.CreateSecretInput{Name: "a b"}), textName},
		{"exists", w.create(api.CreateSecretInput{Name: "live"}), "ResourceExistsException: The operation failed because the secret live already exists."},
		{
			"exists with another token", w.create(api.CreateSecretInput{Name: "live", SecretString: new("s1"), ClientRequestToken: token("v3")}),
			"ResourceExistsException: The operation failed because the secret live already exists.",
		},
		{
			"exists with another value", w.create(api.CreateSecretInput{Name: "live", SecretString: new("s3"), ClientRequestToken: token("v1")}),
			w.taken("v1"),
		},
		{
			"exists with a value of another kind", w.create(api.CreateSecretInput{Name: "live", SecretBinary: []byte("s1"), ClientRequestToken: token("v1")}),
			w.taken("v1"),
		},
		{
			"name of a doomed one", w.create(api.CreateSecretInput{Name: "doomed"}),
			"InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.",
		},
		{"create without token", w.create(api.CreateSecretInput{Name: "n", SecretString: new("s")}), textNoToken},
		{"create with both", w.create(api.CreateSecretInput{Name: "n", SecretString: new("s"), SecretBinary: []byte("b"), ClientRequestToken: token("v1")}), textBoth},
		{
			"create with too many bytes", w.create(api.CreateSecretInput{Name: "n", SecretString: new(strings.Repeat("é", maxValue/2+1)), ClientRequestToken: token("v1")}),
			"ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
		},
		{"create with replicas", w.create(api.CreateSecretInput{Name: "n", AddReplicaRegions: []*api.ReplicaRegionType{{Region: new("us-east-1")}}}), "NotImplemented: Nephele does not implement replication to other regions of Secrets Manager yet."},
		{"create of a type", w.create(api.CreateSecretInput{Name: "n", Type: new("Partner")}), "NotImplemented: Nephele does not implement external secrets of partners of Secrets Manager yet."},
		{"create with too many tags", w.create(api.CreateSecretInput{Name: "n", Tags: fiftyOneTags()}), "InvalidParameterException: You can't attach more than 50 tags to a secret."},
	}
}

func (w *world) putRefusals() []refused {
	return []refused{
		{"put to nothing", w.put(api.PutSecretValueInput{SecretId: "n", SecretString: new("s"), ClientRequestToken: token("v1")}), textNoSecret},
		{"put to a doomed one", w.put(api.PutSecretValueInput{SecretId: "doomed", SecretString: new("s"), ClientRequestToken: token("v9")}), textDeleted},
		{"put nothing", w.put(api.PutSecretValueInput{SecretId: "live", ClientRequestToken: token("v1")}), "InvalidRequestException: You must provide either SecretString or SecretBinary."},
		{"put both", w.put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), SecretBinary: []byte("b"), ClientRequestToken: token("v3")}), textBoth},
		{"put without token", w.put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s")}), textNoToken},
		{
			"put another value", w.put(api.PutSecretValueInput{SecretId: "live", SecretString: new("other"), ClientRequestToken: token("v2")}),
			w.taken("v2"),
		},
		{
			"put with too many labels", w.put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), ClientRequestToken: token("v3"), VersionStages: tooManyLabels()}),
			"LimitExceededException: You can't attach more than 20 staging labels to the versions of a secret.",
		},
		{
			"put of a rotation", w.put(api.PutSecretValueInput{SecretId: "live", SecretString: new("s"), ClientRequestToken: token("v3"), RotationToken: token("r----------")}),
			"ValidationException: 1 validation error",
		},
	}
}

func (w *world) getRefusals() []refused {
	return []refused{
		{"get nothing", w.get("n", nil, nil), textNoSecret},
		{"get a bad name", w.get("a:b", nil, nil), textName},
		{"get another service's", w.get("arn:aws:sns:eu-west-1:123456789012:live", nil, nil), textName},
		{"get elsewhere", w.get(strings.Replace(w.live, testRegion, "us-east-1", 1), nil, nil), textNoSecret},
		{"get with another suffix", w.get(w.live[:len(w.live)-6]+"aaaaaa", nil, nil), textNoSecret},
		{"get a part in another account", w.get("arn:aws:secretsmanager:eu-west-1:"+otherAccount+":secret:live", nil, nil), textNoSecret},
		{"get a doomed one", w.get("doomed", nil, nil), textDeleted},
		{"get no version", w.get("live", token("v7"), nil), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"get no label", w.get("live", nil, new("AWSPENDING")), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSPENDING"},
		{"get a version by another's label", w.get("live", token("v1"), new("AWSCURRENT")), "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId."},
	}
}

func (w *world) updateRefusals() []refused {
	return []refused{
		{"update nothing", w.update(api.UpdateSecretInput{SecretId: "n"}), textNoSecret},
		{"update a doomed one", w.update(api.UpdateSecretInput{SecretId: "doomed", Description: new("d")}), textDeleted},
		{"update without token", w.update(api.UpdateSecretInput{SecretId: "live", SecretString: new("s")}), textNoToken},
		{
			"update with a token in use", w.update(api.UpdateSecretInput{SecretId: "live", Description: new("d"), SecretString: new("s2"), ClientRequestToken: token("v2")}),
			w.taken("v2"),
		},
	}
}

func (w *world) restageRefusals() []refused {
	return []refused{
		{"restage nothing", w.restage("live", "L", nil, nil), "InvalidParameterException: You must specify MoveToVersionId, RemoveFromVersionId, or both."},
		{"restage to no version", w.restage("live", "L", nil, token("v7")), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"restage from no version", w.restage("live", "L", token("v7"), nil), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + *token("v7")},
		{"restage from where it is not", w.restage("live", "AWSCURRENT", token("v1"), token("v1")), "InvalidParameterException: Staging label AWSCURRENT is not attached to version " + *token("v1") + "."},
		{
			"restage without from", w.restage("live", "AWSCURRENT", nil, token("v1")),
			"InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version " +
				*token("v2") + ", so you must explicitly reference that version in RemoveFromVersionId.",
		},
		{"remove AWSCURRENT", w.restage("live", "AWSCURRENT", token("v2"), nil), "InvalidParameterException: You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."},
		{"restage a doomed one", w.restage("doomed", "L", nil, token("v1")), textDeleted},
	}
}

func (w *world) deleteRefusals() []refused {
	return []refused{
		{"delete nothing", w.remove(api.DeleteSecretInput{SecretId: "n"}), textNoSecret},
		{
			"delete twice", w.remove(api.DeleteSecretInput{SecretId: "doomed"}),
			"InvalidRequestException: You can't perform this operation on the secret because it was already scheduled for deletion.",
		},
		{"delete too soon", w.remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(6))}), "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{"delete too late", w.remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(31))}), "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
		{
			"delete both ways", w.remove(api.DeleteSecretInput{SecretId: "live", RecoveryWindowInDays: new(int64(7)), ForceDeleteWithoutRecovery: new(true)}),
			"InvalidParameterException: You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
		},
	}
}

func (w *world) batchRefusals() []refused {
	return []refused{
		{"batch of nothing", w.batch(api.BatchGetSecretValueInput{}), "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."},
		{"batch of both", w.batch(api.BatchGetSecretValueInput{SecretIdList: []string{"live"}, Filters: []*api.Filter{{Key: byName, Values: []string{"l"}}}}), "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."},
		{"batch of so many", w.batch(api.BatchGetSecretValueInput{SecretIdList: []string{"live"}, MaxResults: new(int32(1))}), "InvalidParameterException: 'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."},
	}
}

func (w *world) listRefusals() []refused {
	return []refused{
		{"list by nothing", w.list(api.ListSecretsInput{Filters: []*api.Filter{{Values: []string{"l"}}}}), "InvalidParameterException: Invalid filter key"},
		{"list by no value", w.list(api.ListSecretsInput{Filters: []*api.Filter{{Key: byName}}}), "InvalidParameterException: Invalid filter values for key: name"},
		{"list by a bad token", w.list(api.ListSecretsInput{NextToken: new("x")}), "InvalidNextTokenException: The NextToken value is invalid."},
	}
}

func (w *world) tagRefusals() []refused {
	return []refused{
		{"tag with AWS's prefix", w.tag("live", &api.Tag{Key: new("AWS:x"), Value: new("")}), "InvalidParameterException: Tag keys can't start with aws:."},
		{"tag twice", w.tag("live", &api.Tag{Key: new("x")}, &api.Tag{Key: new("x")}), "InvalidParameterException: Tag keys must be unique: x is there more than once."},
		{"tag too much", w.tag("live", fiftyOneTags()...), "InvalidParameterException: You can't attach more than 50 tags to a secret."},
		{"tag a doomed one", w.tag("doomed", &api.Tag{Key: new("k")}), textDeleted},
	}
}

func (w *world) policyRefusals() []refused {
	return []refused{
		{"policy that is no JSON", w.policy("{", false), "MalformedPolicyDocumentException: This resource policy contains invalid Json."},
		{"policy without principal", w.policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, false), "MalformedPolicyDocumentException: This resource policy contains a syntax error: "},
		{
			"public policy", w.policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:*","Resource":"*"}]}`, true),
			"PublicPolicyException: The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.",
		},
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.dump(t)
	for _, cases := range [][]refused{
		w.createRefusals(), w.putRefusals(), w.getRefusals(), w.updateRefusals(), w.restageRefusals(),
		w.deleteRefusals(), w.batchRefusals(), w.listRefusals(), w.tagRefusals(), w.policyRefusals(),
	} {
		for _, tt := range cases {
			if got := refusal(tt.call()); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s\ngot  %s\nwant %s", tt.name, got, tt.want)
			}
			if d := cmp.Diff(before, w.dump(t)); d != "" {
				t.Error(tt.name, "changed something:", d)
			}
		}
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
