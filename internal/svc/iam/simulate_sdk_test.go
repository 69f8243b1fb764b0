package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/nepheletest"
)

// shown is an evaluation in short: decision, matched statements, missing keys.
func shown(decision types.PolicyEvaluationDecisionType, matched []types.Statement, missing []string) string {
	var b strings.Builder
	b.WriteString(string(decision))
	for _, m := range matched {
		fmt.Fprintf(&b, " %s@%d:%d-%d:%d", *m.SourcePolicyId, m.StartPosition.Line, m.StartPosition.Column, m.EndPosition.Line, m.EndPosition.Column)
	}
	if len(missing) > 0 {
		fmt.Fprintf(&b, " missing %v", missing)
	}
	return b.String()
}

const (
	// dated is the example of the AWS CLI's reference, whose answer is known.
	dated = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",` +
		`"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`
	spread = `{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": "*"
        },
        {
            "Effect": "Deny",
            "Action": "s3:DeleteObject",
            "Resource": "arn:aws:s3:::keep/*"
        }
    ]
}`
	home = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}]}`
)

func TestSimulateCustomPolicy(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	on := func(at string) []types.ContextEntry {
		return []types.ContextEntry{{
			ContextKeyName: aws.String("aws:CurrentTime"), ContextKeyType: types.ContextKeyTypeEnumDate, ContextKeyValues: []string{at},
		}}
	}
	ann := aws.String("arn:aws:iam::" + account + ":user/ann")
	for _, tt := range []struct {
		name string
		in   iam.SimulateCustomPolicyInput
		want []string // of the result, then of its resources
	}{
		{
			"after the date",
			iam.SimulateCustomPolicyInput{PolicyInputList: []string{dated}, ActionNames: []string{"dynamodb:CreateBackup"}, ContextEntries: on("2019-04-25T11:00:00Z")},
			[]string{"allowed PolicyInputList.1@1:38-1:167"},
		},
		{
			"before the date",
			iam.SimulateCustomPolicyInput{PolicyInputList: []string{dated}, ActionNames: []string{"dynamodb:CreateBackup"}, ContextEntries: on("2014-04-25T11:00:00Z")},
			[]string{"implicitDeny"},
		},
		{
			"no date",
			iam.SimulateCustomPolicyInput{PolicyInputList: []string{dated}, ActionNames: []string{"dynamodb:CreateBackup"}},
			[]string{"implicitDeny missing [aws:CurrentTime]"},
		},
		{
			"several that allow",
			iam.SimulateCustomPolicyInput{PolicyInputList: []string{allowList, spread}, ActionNames: []string{"s3:ListBucket"}},
			[]string{"allowed PolicyInputList.1@1:38-1:96 PolicyInputList.2@3:19-8:10"},
		},
		{
			"one of two resources denied",
			iam.SimulateCustomPolicyInput{
				PolicyInputList: []string{spread}, ActionNames: []string{"s3:DeleteObject"},
				ResourceArns: []string{"arn:aws:s3:::free/a", "arn:aws:s3:::keep/a"},
			},
			[]string{"explicitDeny", "allowed PolicyInputList.1@3:19-8:10", "explicitDeny PolicyInputList.1@8:11-13:10"},
		},
		{
			"variable of the caller",
			iam.SimulateCustomPolicyInput{
				PolicyInputList: []string{home}, ActionNames: []string{"s3:GetObject"}, CallerArn: ann,
				ResourceArns: []string{"arn:aws:s3:::home/ann/x"},
			},
			[]string{"allowed PolicyInputList.1@1:38-1:129", "allowed PolicyInputList.1@1:38-1:129"},
		},
		{
			"variable of nobody",
			iam.SimulateCustomPolicyInput{
				PolicyInputList: []string{home}, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::home/ann/x"},
			},
			[]string{"implicitDeny", "implicitDeny missing [aws:username]"},
		},
		{
			"boundary that does not allow",
			iam.SimulateCustomPolicyInput{
				PolicyInputList: []string{spread}, PermissionsBoundaryPolicyInputList: []string{allowList}, ActionNames: []string{"s3:GetObject"},
			},
			[]string{"implicitDeny"},
		},
		{
			"resource's policy alone",
			iam.SimulateCustomPolicyInput{
				PolicyInputList: []string{dated}, ActionNames: []string{"s3:GetObject"}, CallerArn: ann, ResourceArns: []string{"arn:aws:s3:::b/k"},
				ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + *ann + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`),
			},
			[]string{"allowed ResourcePolicy@1:38-1:167", "allowed ResourcePolicy@1:38-1:167"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out := ok[*iam.SimulateCustomPolicyOutput](t)(p.SimulateCustomPolicy(t.Context(), &tt.in))
			r := out.EvaluationResults[0]
			got := []string{shown(r.EvalDecision, r.MatchedStatements, r.MissingContextValues)}
			for _, res := range r.ResourceSpecificResults {
				got = append(got, shown(res.EvalResourceDecision, res.MatchedStatements, res.MissingContextValues))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if b := r.PermissionsBoundaryDecisionDetail; (b != nil) != (tt.in.PermissionsBoundaryPolicyInputList != nil) || b != nil && b.AllowedByPermissionsBoundary {
				t.Errorf("boundary: %+v", b)
			}
		})
	}
}

// TestSimulateAcrossAccounts needs both sides, and tells what either says.
func TestSimulateAcrossAccounts(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	bucket := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"s3:GetObject","Resource":"*"}]}`
	for _, tt := range []struct {
		own, want string
	}{
		{spread, "allowed map[IAM Policy:allowed Resource Policy:allowed]"},
		{dated, "implicitDeny map[IAM Policy:implicitDeny Resource Policy:allowed]"},
	} {
		out := ok[*iam.SimulateCustomPolicyOutput](t)(p.SimulateCustomPolicy(t.Context(), &iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{tt.own}, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"},
			CallerArn: aws.String("arn:aws:iam::" + account + ":user/ann"), ResourceOwner: aws.String("arn:aws:iam::111122223333:root"),
			ResourcePolicy: &bucket,
		}))
		r := out.EvaluationResults[0].ResourceSpecificResults[0]
		if got := fmt.Sprint(r.EvalResourceDecision, " ", r.EvalDecisionDetails); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	t.Parallel()
	eachPolicies(t, func(t *testing.T, p policies) {
		ctx := t.Context()
		p.user(t, "ann")
		p.group(t, "staff")
		ok[*iam.AddUserToGroupOutput](t)(p.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: aws.String("ann"), GroupName: aws.String("staff")}))
		ok[*iam.PutUserPolicyOutput](t)(p.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("home"), PolicyDocument: aws.String(home)}))
		ok[*iam.AttachGroupPolicyOutput](t)(p.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("staff"), PolicyArn: aws.String(readOnly)}))
		simulate := func(source string) (got []string) {
			pages := iam.NewSimulatePrincipalPolicyPaginator(p, &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: aws.String("arn:aws:iam::" + account + source), ActionNames: []string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage"},
				ResourceArns: []string{"arn:aws:s3:::home/ann/x"}, PolicyInputList: []string{spread}, MaxItems: aws.Int32(2),
			})
			for pages.HasMorePages() {
				for _, r := range ok[*iam.SimulatePrincipalPolicyOutput](t)(pages.NextPage(ctx)).EvaluationResults {
					var ids []string
					for _, m := range r.MatchedStatements {
						ids = append(ids, *m.SourcePolicyId)
					}
					got = append(got, fmt.Sprint(*r.EvalActionName, " ", r.EvalDecision, ids))
				}
			}
			return got
		}
		if diff := cmp.Diff([]string{
			"s3:GetObject allowed[user_ann_home AmazonS3ReadOnlyAccess PolicyInputList.1]",
			"s3:PutObject allowed[PolicyInputList.1]", "sqs:SendMessage implicitDeny[]",
		}, simulate(":user/ann")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff("s3:GetObject allowed[AmazonS3ReadOnlyAccess PolicyInputList.1]", simulate(":group/staff")[0]); diff != "" {
			t.Error(diff)
		}
		keys := ok[*iam.GetContextKeysForPrincipalPolicyOutput](t)(p.GetContextKeysForPrincipalPolicy(ctx, &iam.GetContextKeysForPrincipalPolicyInput{
			PolicySourceArn: aws.String("arn:aws:iam::" + account + ":user/ann"), PolicyInputList: []string{dated},
		}))
		if diff := cmp.Diff([]string{"aws:CurrentTime", "aws:username"}, keys.ContextKeyNames); diff != "" {
			t.Error(diff)
		}
		none := ok[*iam.GetContextKeysForCustomPolicyOutput](t)(p.GetContextKeysForCustomPolicy(ctx, &iam.GetContextKeysForCustomPolicyInput{
			PolicyInputList: []string{allowList},
		}))
		if none.ContextKeyNames == nil || len(none.ContextKeyNames) != 0 {
			t.Errorf("no keys are %#v", none.ContextKeyNames)
		}
		granting := ok[*iam.ListPoliciesGrantingServiceAccessOutput](t)(p.ListPoliciesGrantingServiceAccess(ctx, &iam.ListPoliciesGrantingServiceAccessInput{
			Arn: aws.String("arn:aws:iam::" + account + ":user/ann"), ServiceNamespaces: []string{"sqs", "s3"},
		})).PoliciesGrantingServiceAccess
		var names []string
		for _, g := range granting[0].Policies {
			names = append(names, fmt.Sprint(*g.PolicyName, " ", g.PolicyType, " ", g.EntityType))
		}
		if diff := cmp.Diff([]string{"home INLINE USER", "AmazonS3ReadOnlyAccess MANAGED "}, names); diff != "" || len(granting[1].Policies) != 0 {
			t.Error(diff, granting[1])
		}
	})
}

func TestSimulationErrors(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	good := iam.SimulateCustomPolicyInput{PolicyInputList: []string{allowList}, ActionNames: []string{"s3:GetObject"}}
	for name, change := range map[string]func(*iam.SimulateCustomPolicyInput){
		"wildcard action":    func(in *iam.SimulateCustomPolicyInput) { in.ActionNames = []string{"s3:Get*"} },
		"action of nothing":  func(in *iam.SimulateCustomPolicyInput) { in.ActionNames = []string{"GetObject"} },
		"no ARN":             func(in *iam.SimulateCustomPolicyInput) { in.ResourceArns = []string{"bucket"} },
		"malformed":          func(in *iam.SimulateCustomPolicyInput) { in.PolicyInputList = []string{"{}"} },
		"malformed boundary": func(in *iam.SimulateCustomPolicyInput) { in.PermissionsBoundaryPolicyInputList = []string{"{"} },
		"no caller": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourcePolicy = aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}`)
		},
		"caller is a role": func(in *iam.SimulateCustomPolicyInput) {
			in.CallerArn = aws.String("arn:aws:iam::" + account + ":role/r")
		},
		"owner is a user": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceOwner = aws.String("arn:aws:iam::" + account + ":user/u")
		},
		"unknown scenario": func(in *iam.SimulateCustomPolicyInput) { in.ResourceHandlingOption = aws.String("EC2-X") },
		"incomplete scenario": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceHandlingOption, in.ResourceArns = aws.String("EC2-VPC-EBS"), []string{"arn:aws:ec2:us-east-1::image/ami-1"}
		},
		"no number": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{{
				ContextKeyName: aws.String("s3:max-keys"), ContextKeyType: types.ContextKeyTypeEnumNumeric, ContextKeyValues: []string{"ten"},
			}}
		},
		"two values for one": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{{
				ContextKeyName: aws.String("s3:prefix"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"a", "b"},
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := good
			change(&in)
			_, err := p.SimulateCustomPolicy(t.Context(), &in)
			refused(t, err, "InvalidInput", 400, "")
		})
	}
	_, err := p.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::" + account + ":user/nobody"), ActionNames: []string{"s3:GetObject"},
	})
	refused(t, err, "NoSuchEntity", 404, "The user with name nobody cannot be found.")
}
