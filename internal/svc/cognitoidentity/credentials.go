package cognitoidentity

import (
	"context"
	"net/http"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	stsapi "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// sessionName is the name of role sessions of the enhanced flow.
const sessionName = "CognitoIdentityCredentials"

// What guests may do at most in the enhanced flow: what one of these session
// policies allows (developer guide, "Services that unauthenticated identities
// can access").
const (
	guestPolicyARN = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"
	guestPolicy    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` +
		`"cloudwatch:*","logs:*","dynamodb:*","kinesis:*","mobileanalytics:*","s3:*","ses:*","sns:*","sqs:*","lambda:*",` +
		`"machinelearning:*","execute-api:*","iot:*","gamelift:*","cognito-identity:*","cognito-idp:*","lex:*","polly:*",` +
		`"comprehend:*","translate:*","transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","appsync:*","personalize:*",` +
		`"sagemaker:InvokeEndpoint","cognito-sync:*","codewhisperer:*","textract:DetectDocumentText","textract:AnalyzeDocument","sdb:*"` +
		`],"Resource":["*"]}]}`
)

// GetCredentialsForIdentity returns credentials of the role that the pool has
// for the identity.
func (s *Service) GetCredentialsForIdentity(ctx context.Context, in *api.GetCredentialsForIdentityInput) (*api.GetCredentialsForIdentityOutput, error) {
	b, err := s.authenticate(ctx, in.IdentityId, in.Logins, func(*pool) error { return nil })
	if err != nil {
		return nil, err
	}
	role, err := b.pool.role(b.id, b.logins, deref(in.CustomRoleArn))
	if err != nil {
		return nil, err
	}
	token, err := s.token(ctx, b)
	if err != nil {
		return nil, err
	}
	c, err := s.assume(ctx, b, role, token)
	if err != nil {
		return nil, err
	}
	return &api.GetCredentialsForIdentityOutput{IdentityId: &b.id, Credentials: &api.Credentials{
		AccessKeyId: &c.AccessKeyId, SecretKey: &c.SecretAccessKey, SessionToken: &c.SessionToken, Expiration: &c.Expiration,
	}}, nil
}

// assume has STS decide whether the bearer may have the role. It is nobody who
// asks, with a token: the role's trust policy is all that counts.
func (s *Service) assume(ctx context.Context, b *bearer, role, token string) (*stsapi.Credentials, error) {
	c := plane.FromContext(ctx).Caller
	nobody := plane.Caller{
		Account: b.pool.Account, Region: b.pool.Region, Kind: plane.Anonymous,
		SourceIP: c.SourceIP, UserAgent: c.UserAgent, Secure: c.Secure,
	}
	in := &stsapi.AssumeRoleWithWebIdentityInput{RoleArn: role, RoleSessionName: sessionName, WebIdentityToken: token}
	if len(b.logins) == 0 {
		in.Policy = new(guestPolicy)
		in.PolicyArns = []*stsapi.PolicyDescriptorType{{Arn: new(guestPolicyARN)}}
	}
	out, err := stsapi.Client{Invoker: s.Plane.As(nobody)}.AssumeRoleWithWebIdentity(ctx, in)
	if e := awserr.As(err); e != nil && e.Status < http.StatusInternalServerError {
		s.Logger.InfoContext(ctx, "role of identity pool not assumed", "pool", b.pool.ID, "role", role, "code", e.Code, "error", e.Message)
		return nil, badConfiguration()
	}
	if err != nil {
		return nil, err
	}
	return out.Credentials, nil
}
