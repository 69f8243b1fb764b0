package app

import (
	"context"
	"errors"
	"time"

	"nephele.dev/nephele/internal/access"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/sandbox/egress"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/svc/cloudwatch"
	"nephele.dev/nephele/internal/svc/cognitoidentity"
	eventbridge "nephele.dev/nephele/internal/svc/events"
	"nephele.dev/nephele/internal/svc/iam"
	"nephele.dev/nephele/internal/svc/kms"
	"nephele.dev/nephele/internal/svc/logs"
	"nephele.dev/nephele/internal/svc/s3"
	"nephele.dev/nephele/internal/svc/secretsmanager"
	"nephele.dev/nephele/internal/svc/sns"
	"nephele.dev/nephele/internal/svc/sqs"
	"nephele.dev/nephele/internal/svc/sts"
	"nephele.dev/nephele/internal/svc/synthetics"
	"nephele.dev/nephele/internal/webidentity"

	cloudwatchapi "nephele.dev/nephele/internal/api/cloudwatch"
	cognitoapi "nephele.dev/nephele/internal/api/cognitoidentity"
	eventsapi "nephele.dev/nephele/internal/api/events"
	iamapi "nephele.dev/nephele/internal/api/iam"
	kmsapi "nephele.dev/nephele/internal/api/kms"
	logsapi "nephele.dev/nephele/internal/api/logs"
	s3api "nephele.dev/nephele/internal/api/s3"
	secretsmanagerapi "nephele.dev/nephele/internal/api/secretsmanager"
	snsapi "nephele.dev/nephele/internal/api/sns"
	sqsapi "nephele.dev/nephele/internal/api/sqs"
	stsapi "nephele.dev/nephele/internal/api/sts"
	syntheticsapi "nephele.dev/nephele/internal/api/synthetics"
)

// service is one AWS service as the app needs it. Only api and handlers must
// be there.
type service struct {
	api      *shape.Service
	handlers map[string]shape.Handler
	needs    func(*plane.Call, any) []policy.Need // what a call has to be allowed; nil is the action of its name
	facts    plane.Facts                          // what is known of the resources whose ARNs name factsOf, for authorization
	factsOf  string                               // "" is the service's signing name
	flows    func(*engine.Engine)                 // registers the service's flows
	reset    func()                               // drops what the service holds in memory
	drain    func()                               // ends calls that wait, for the door is closing
	close    func(context.Context) error          // ends what the service runs in the background
}

// buildServices is where every service is made: one entry each, in the order
// in which they are registered. They call each other through the plane, so
// the order does not matter.
func (a *App) buildServices() ([]service, error) {
	reach, err := a.egress()
	if err != nil {
		return nil, err
	}
	runner := a.newCanaryRunner()
	canaries := synthetics.New(synthetics.Deps{
		DB: a.db, Engine: a.engine, Courier: a.courier, Blob: a.blobs, Plane: a.plane, Seal: a.seal, Pages: a.pages,
		Bearer: a.keys.bearer, URL: a.URL, Runner: a.runnerOr(runner), Egress: reach, Logger: a.log,
		Late:       func(d time.Duration) { a.metrics.punctuality.lateness.Observe(d.Seconds()) },
		PassedOver: func(ticks int) { a.metrics.punctuality.passedOver.Add(float64(ticks)) },
	})
	a.punctuality = canaries.Punctuality
	metrics := cloudwatch.New(cloudwatch.Deps{DB: a.db, Engine: a.engine, Courier: a.courier, Pages: a.pages, Logger: a.log})
	objects := s3.New(s3.Deps{
		DB: a.db, Engine: a.engine, Blob: a.blobs, Plane: a.plane, Courier: a.courier, Logger: a.log,
	})
	a.buckets = objects
	events := logs.New(logs.Deps{DB: a.db, Engine: a.engine, Courier: a.courier, Pages: a.pages, Logger: a.log})
	queues := sqs.New(sqs.Deps{DB: a.db, Engine: a.engine, Pages: a.pages, Logger: a.log})
	out := egress.New(egress.Options{Policy: reach, OnDial: a.markUntrusted, Logger: a.log})
	topics := sns.New(sns.Deps{
		DB: a.db, Engine: a.engine, Courier: a.courier, Outbox: a.outbox, Seal: a.seal, Pages: a.pages, Dial: out.DialContext, Logger: a.log,
	})
	a.certificates = topics.Certificate()
	bridge := eventbridge.New(eventbridge.Deps{
		DB: a.db, Engine: a.engine, Courier: a.courier, Plane: a.plane, Pages: a.pages, Logger: a.log,
	})
	return append(a.identityServices(out.DialContext), []service{
		{
			api: eventsapi.Service(), handlers: bridge.Handlers(), needs: bridge.Needs, facts: bridge.Facts, flows: bridge.Flows,
			reset: bridge.Reset, close: bridge.Close,
		},
		{api: logsapi.Service(), handlers: events.Handlers(), needs: events.Needs, facts: events.Facts, flows: events.Flows},
		{
			api: cloudwatchapi.Service(), handlers: metrics.Handlers(), needs: metrics.Needs, facts: metrics.Facts, factsOf: "cloudwatch",
			flows: metrics.Flows, reset: metrics.Reset,
		},
		{api: s3api.Service(), handlers: objects.Handlers(), needs: objects.Needs, facts: objects.Facts, flows: objects.Flows},
		{
			api: sqsapi.Service(), handlers: queues.Handlers(), needs: queues.Needs, facts: queues.Facts, flows: queues.Flows,
			reset: queues.Reset, drain: queues.Drain,
		},
		{
			api: snsapi.Service(), handlers: topics.Handlers(), needs: topics.Needs, facts: topics.Facts, flows: topics.Flows, reset: topics.Reset,
			close: func(ctx context.Context) error { return errors.Join(topics.Close(ctx), out.Close()) },
		},
		{api: syntheticsapi.Service(), handlers: canaries.Handlers(), needs: canaries.Needs, facts: canaries.Facts, flows: canaries.Flows, close: runner.stop},
	}...), nil
}

// identityServices are those that know who is who, and keep what is secret.
// dial is the way to providers of identities outside.
func (a *App) identityServices(dial webidentity.DialFunc) []service {
	identities := iam.New(iam.Deps{DB: a.db, Seal: a.seal, Directory: a.identity, Plane: a.plane, Pages: a.pages, Logger: a.log})
	issuer, verifier := a.webIdentities(dial)
	tokens := sts.New(sts.Deps{
		Sessions: a.sessions, Directory: a.identity, Verifier: verifier, Plane: a.plane,
		Decode: access.NewExplainer(a.seal).Decode, Open: a.cfg.Auth != config.AuthOn,
	})
	pools := cognitoidentity.New(cognitoidentity.Deps{
		DB: a.db, Plane: a.plane, Pages: a.pages, Issuer: issuer, Verifier: verifier, Provider: a.openIDProvider, Logger: a.log,
	})
	a.tokenKeys = issuer.Documents()
	keys := kms.New(kms.Deps{DB: a.db, Engine: a.engine, Seal: a.seal, Plane: a.plane, Pages: a.pages, Logger: a.log})
	secrets := secretsmanager.New(secretsmanager.Deps{DB: a.db, Engine: a.engine, Plane: a.plane, Pages: a.pages, Logger: a.log})
	return []service{
		{
			api: kmsapi.Service(), handlers: keys.Handlers(), needs: keys.Needs, facts: keys.Facts, flows: keys.Flows,
			reset: keys.Reset, close: keys.Close,
		},
		{
			api: secretsmanagerapi.Service(), handlers: secrets.Handlers(), needs: secrets.Needs, facts: secrets.Facts, flows: secrets.Flows,
		},
		{
			api: iamapi.Service(), handlers: identities.Handlers(), needs: identities.Needs, facts: identities.Facts, reset: identities.Reset,
		},
		{api: cognitoapi.Service(), handlers: pools.Handlers(), needs: pools.Needs, facts: pools.Facts},
		{api: stsapi.Service(), handlers: tokens.Handlers(), needs: tokens.Needs, reset: issuer.Forget},
	}
}
