package iam

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/store"
)

// linkedPath is the start of the paths of service-linked roles.
const linkedPath = "/aws-service-role/"

// linked is what a service's linked role is like.
type linked struct {
	name   string // after "AWSServiceRoleFor"
	policy string // of AWS's own, in linkedPath
	suffix bool   // several may be told apart by a suffix
}

// linkedServices are the services that have linked roles, as their guides name
// the roles ("Using service-linked roles").
var linkedServices = map[string]linked{
	"application-signals.cloudwatch.amazonaws.com": {"CloudWatchApplicationSignals", "CloudWatchApplicationSignalsServiceRolePolicy", false},
	"autoscaling.amazonaws.com":                    {"AutoScaling", "AutoScalingServiceRolePolicy", true},
	"batch.amazonaws.com":                          {"Batch", "BatchServiceRolePolicy", false},
	"cloudtrail.amazonaws.com":                     {"CloudTrail", "CloudTrailServiceRolePolicy", false},
	"ec2fleet.amazonaws.com":                       {"EC2Fleet", "AWSEC2FleetServiceRolePolicy", false},
	"ecs.amazonaws.com":                            {"ECS", "AmazonECSServiceRolePolicy", false},
	"eks.amazonaws.com":                            {"AmazonEKS", "AmazonEKSServiceRolePolicy", false},
	"elasticache.amazonaws.com":                    {"ElastiCache", "ElastiCacheServiceRolePolicy", false},
	"elasticfilesystem.amazonaws.com":              {"AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy", false},
	"elasticloadbalancing.amazonaws.com":           {"ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy", false},
	"events.amazonaws.com":                         {"CloudWatchEvents", "CloudWatchEventsServiceRolePolicy", false},
	"guardduty.amazonaws.com":                      {"AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy", false},
	"ops.apigateway.amazonaws.com":                 {"APIGateway", "APIGatewayServiceRolePolicy", false},
	"opensearchservice.amazonaws.com":              {"AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy", false},
	"organizations.amazonaws.com":                  {"Organizations", "AWSOrganizationsServiceTrustPolicy", false},
	"rds.amazonaws.com":                            {"RDS", "AmazonRDSServiceRolePolicy", false},
	"replicator.lambda.amazonaws.com":              {"LambdaReplicator", "AWSLambdaReplicator", false},
	"rum.amazonaws.com":                            {"CloudWatchRUM", "AmazonCloudWatchRUMServiceRolePolicy", false},
	"spot.amazonaws.com":                           {"EC2Spot", "AWSEC2SpotServiceRolePolicy", false},
	"spotfleet.amazonaws.com":                      {"EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy", false},
	"ssm.amazonaws.com":                            {"AmazonSSM", "AmazonSSMServiceRolePolicy", false},
	"synthetics.amazonaws.com":                     {"CloudWatchSynthetics", "CloudWatchSyntheticsServiceRolePolicy", false},
	"transitgateway.amazonaws.com":                 {"VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy", false},
}

// CreateServiceLinkedRole makes the role that a service acts as in the
// account, with the policy that it needs, which nobody else may change.
func (s *Service) CreateServiceLinkedRole(ctx context.Context, in *api.CreateServiceLinkedRoleInput) (
	*api.CreateServiceLinkedRoleOutput, error,
) {
	l, ok := linkedServices[in.AWSServiceName]
	if !ok {
		return nil, api.NewInvalidInputException("Service-linked roles are not known of the service %s.", in.AWSServiceName)
	}
	name := "AWSServiceRoleFor" + l.name
	if in.CustomSuffix != nil {
		if !l.suffix {
			return nil, api.NewInvalidInputException("Custom suffix is not allowed for %s", in.AWSServiceName)
		}
		name += "_" + *in.CustomSuffix
	}
	out := &api.CreateServiceLinkedRoleOutput{}
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r := identity.Role{
			Entity:     newEntity(tx, account, name, new(linkedPath+in.AWSServiceName+"/"), keyid.Role, nil),
			MaxSession: identity.DefaultMaxSession, Linked: true,
			Trust: fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
				`"Principal":{"Service":["%s"]},"Action":["sts:AssumeRole"]}]}`, in.AWSServiceName),
		}
		if in.Description != nil {
			r.Description = *in.Description
		}
		if arn := identity.ARN("aws", "policy", linkedPath, l.policy); isManaged(arn) {
			r.Attached = []string{arn}
		}
		switch _, err := identity.Roles.Get(tx, r.Key()); {
		case err == nil:
			return api.NewInvalidInputException("Service role name %s has been taken in this account, please try a different suffix.", name)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := enterRole(tx, &r); err != nil {
			return err
		}
		line, err := roleLine(tx, &r)
		line.MaxSessionDuration = nil // as AWS
		out.Role = line
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func isManaged(arn string) bool {
	_, ok := identity.ManagedPolicy(arn)
	return ok
}

// DeleteServiceLinkedRole removes a service-linked role. It is gone when the
// call is answered, though AWS lets one ask how it went.
func (s *Service) DeleteServiceLinkedRole(ctx context.Context, in *api.DeleteServiceLinkedRoleInput) (
	*api.DeleteServiceLinkedRoleOutput, error,
) {
	out := &api.DeleteServiceLinkedRoleOutput{}
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		if !r.Doc.Linked {
			return notFound("role", in.RoleName)
		}
		out.DeletionTaskId = "task" + r.Doc.Path + r.Doc.Name + "/" + taskID()
		task := store.Key{Account: account, ID: out.DeletionTaskId}
		if err := noteDeletion(tx, task, deletion{Role: r.Doc.ARN(), At: tx.Now()}); err != nil {
			return err
		}
		return s.removeRole(tx, &r)
	})
	return out, err
}

// taskID makes a random id in the form of a UUID of version 4 (RFC 9562).
func taskID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// GetServiceLinkedRoleDeletionStatus tells what became of the deletion of a
// service-linked role, for a day.
func (s *Service) GetServiceLinkedRoleDeletionStatus(ctx context.Context, in *api.GetServiceLinkedRoleDeletionStatusInput) (
	*api.GetServiceLinkedRoleDeletionStatusOutput, error,
) {
	if !strings.HasPrefix(in.DeletionTaskId, "task"+linkedPath) {
		return nil, api.NewInvalidInputException("Invalid deletion task id: %s", in.DeletionTaskId)
	}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		_, err := deletions.Get(tx, store.Key{Account: account, ID: in.DeletionTaskId})
		if errors.Is(err, store.ErrNotFound) {
			return api.NewNoSuchEntityException("The deletion task with id %s cannot be found.", in.DeletionTaskId)
		}
		return err
	})
	return &api.GetServiceLinkedRoleDeletionStatusOutput{Status: api.DeletionTaskStatusTypeSucceeded}, err
}
