package access_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/nepheletest"
)

// newReader makes a user who may do what a tag of the resource opens.
func newReader(t *testing.T, s *nepheletest.Server) (aws.Config, string) {
	t.Helper()
	people := iam.NewFromConfig(s.Config)
	must(people.CreateUser(t.Context(), &iam.CreateUserInput{UserName: new("reader")}))(t)
	must(people.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: new("reader"), PolicyName: new("p"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/open":"yes"}}}}`,
	)}))(t)
	k := must(people.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: new("reader")}))(t).AccessKey
	cfg := s.Config.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*k.AccessKeyId, *k.SecretAccessKey, "")
	return cfg, *k.AccessKeyId
}

// taggable is a resource whose tag opens it.
type taggable struct{ use, tag, untag func(context.Context) error }

func failing[T any](_ T, err error) error { return err }

// TestTagsCountAtOnce however often the resource was asked for before.
func TestTagsCountAtOnce(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	reader, _ := newReader(t, s.Server)
	for name, r := range map[string]taggable{"queue": s.aQueue(t, reader), "topic": s.aTopic(t, reader), "bus": s.aBus(t, reader), "log group": s.aGroup(t, reader), "secret": s.aSecret(t, reader)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				denied(t, r.use(t.Context()))
				denied(t, r.use(t.Context()))
				if err := errors.Join(r.tag(t.Context()), r.use(t.Context()), r.use(t.Context()), r.untag(t.Context())); err != nil {
					t.Error(err)
				}
			}
			denied(t, r.use(t.Context()))
		})
	}
}

func denied(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != "AccessDenied" && e.ErrorCode() != "AccessDeniedException" && e.ErrorCode() != "AuthorizationError" {
		t.Errorf("not denied: %v", err)
	}
}

func (s services) aQueue(t *testing.T, reader aws.Config) taggable {
	t.Helper()
	url, _ := s.queue(t, "tagged", "")
	mine := sqs.NewFromConfig(reader)
	return taggable{
		func(ctx context.Context) error {
			return failing(mine.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: new("m")}))
		},
		func(ctx context.Context) error {
			return failing(s.queues.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &url, Tags: map[string]string{"open": "yes"}}))
		},
		func(ctx context.Context) error {
			return failing(s.queues.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &url, TagKeys: []string{"open"}}))
		},
	}
}

func (s services) aTopic(t *testing.T, reader aws.Config) taggable {
	t.Helper()
	owner, mine := sns.NewFromConfig(s.Config), sns.NewFromConfig(reader)
	arn := must(owner.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: new("tagged"), Attributes: map[string]string{
		"Policy": letIn("nobody.amazonaws.com", "arn:aws:sqs:us-east-1:"+root+":q"),
	}}))(t).TopicArn
	return taggable{
		func(ctx context.Context) error {
			return failing(mine.Publish(ctx, &sns.PublishInput{TopicArn: arn, Message: new("m")}))
		},
		func(ctx context.Context) error {
			return failing(owner.TagResource(ctx, &sns.TagResourceInput{ResourceArn: arn, Tags: []snstypes.Tag{{Key: new("open"), Value: new("yes")}}}))
		},
		func(ctx context.Context) error {
			return failing(owner.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"open"}}))
		},
	}
}

func (s services) aBus(t *testing.T, reader aws.Config) taggable {
	t.Helper()
	mine := eventbridge.NewFromConfig(reader)
	arn := must(s.buses.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: new("tagged")}))(t).EventBusArn
	return taggable{
		func(ctx context.Context) error {
			return failing(mine.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: new("tagged")}))
		},
		func(ctx context.Context) error {
			return failing(s.buses.TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: arn, Tags: []ebtypes.Tag{{Key: new("open"), Value: new("yes")}}}))
		},
		func(ctx context.Context) error {
			return failing(s.buses.UntagResource(ctx, &eventbridge.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"open"}}))
		},
	}
}

func (s services) aGroup(t *testing.T, reader aws.Config) taggable {
	t.Helper()
	owner, mine := cloudwatchlogs.NewFromConfig(s.Config), cloudwatchlogs.NewFromConfig(reader)
	must(owner.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("tagged")}))(t)
	arn := "arn:aws:logs:us-east-1:" + root + ":log-group:tagged"
	return taggable{
		func(ctx context.Context) error {
			return failing(mine.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: new("tagged")}))
		},
		func(ctx context.Context) error {
			return failing(owner.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"open": "yes"}}))
		},
		func(ctx context.Context) error {
			return failing(owner.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"open"}}))
		},
	}
}

func (s services) aSecret(t *testing.T, reader aws.Config) taggable {
	t.Helper()
	owner, mine := secretsmanager.NewFromConfig(s.Config), secretsmanager.NewFromConfig(reader)
	must(owner.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new("tagged"), SecretString: new("s")}))(t)
	return taggable{
		func(ctx context.Context) error {
			return failing(mine.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: new("tagged")}))
		},
		func(ctx context.Context) error {
			return failing(owner.TagResource(ctx, &secretsmanager.TagResourceInput{SecretId: new("tagged"), Tags: []smtypes.Tag{{Key: new("open"), Value: new("yes")}}}))
		},
		func(ctx context.Context) error {
			return failing(owner.UntagResource(ctx, &secretsmanager.UntagResourceInput{SecretId: new("tagged"), TagKeys: []string{"open"}}))
		},
	}
}

// TestPoliciesCountAtOnce: those of the queue, those of the user, and the state
// of the user's access key.
func TestPoliciesCountAtOnce(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	reader, id := newReader(t, s.Server)
	mine, people := sqs.NewFromConfig(reader), iam.NewFromConfig(s.Config)
	url, _ := s.queue(t, "q", "")
	use := func() error {
		return failing(mine.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: new("m")}))
	}
	set := func(policy string) {
		t.Helper()
		must(s.queues.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"Policy": policy}}))(t)
	}
	denied(t, use())
	set(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + root + `:user/reader"},"Action":"sqs:SendMessage","Resource":"*"}}`)
	must(0, use())(t)
	must(people.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: new("reader"), PolicyName: new("no"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sqs:*","Resource":"*"}}`,
	)}))(t)
	denied(t, use())
	must(people.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: new("reader"), PolicyName: new("no")}))(t)
	must(0, use())(t)
	set("")
	denied(t, use())
	must(people.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: new("reader"), AccessKeyId: &id, Status: iamtypes.StatusTypeInactive}))(t)
	if e, ok := errors.AsType[smithy.APIError](use()); !ok || e.ErrorCode() != "UnrecognizedClientException" && e.ErrorCode() != "InvalidClientTokenId" {
		t.Errorf("with an inactive key: %v", e)
	}
}
