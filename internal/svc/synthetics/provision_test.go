package synthetics_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"
	"github.com/aws/smithy-go"
)

const notAssumed = "The role defined for the function cannot be assumed by Lambda."

// status waits for a state and returns all of the status.
func (u *user) status(t *testing.T, name string, want types.CanaryState) types.CanaryStatus {
	t.Helper()
	u.await(t, name, want)
	out, err := u.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Canary.Status
}

func (h house) trusts(t *testing.T, role, service string) {
	t.Helper()
	_, err := h.iam.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: aws.String(trust(service))})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, what string, got types.CanaryStatus, state types.CanaryState, code types.CanaryStateReasonCode, reason string) {
	t.Helper()
	if got.State != state || got.StateReasonCode != code || aws.ToString(got.StateReason) != reason {
		t.Errorf("%s: %s %s %q, want %s %s %q", what, got.State, got.StateReasonCode, aws.ToString(got.StateReason), state, code, reason)
	}
}

// TestCreationThatFails: a canary whose role cannot be assumed is accepted and
// ends in ERROR; from there it can be started in vain, mended, and deleted.
func TestCreationThatFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	closed := h.role(t, "closed", "ec2.amazonaws.com", mayUpload)
	for name, role := range map[string]*string{"untrusted": closed, "absent": aws.String("arn:aws:iam::000000000000:role/none")} {
		out, err := h.canaries.CreateCanary(t.Context(), scripted(t, name, role, "exports.handler = async () => {};", nil))
		if err != nil {
			t.Fatal(err)
		}
		check(t, name+" created", *out.Canary.Status, types.CanaryStateCreating, types.CanaryStateReasonCodeCreatePending, "")
		check(t, name, h.status(t, name, types.CanaryStateError), types.CanaryStateError, types.CanaryStateReasonCodeCreateFailed, notAssumed)
	}
	name := aws.String("untrusted")
	if _, err := h.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	check(t, "started", h.status(t, *name, types.CanaryStateError), types.CanaryStateError, types.CanaryStateReasonCodeInvalidPermissions, notAssumed)
	if _, err := h.canaries.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: name, SuccessRetentionPeriodInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	check(t, "updated in vain", h.status(t, *name, types.CanaryStateError), types.CanaryStateError, types.CanaryStateReasonCodeRollbackComplete, notAssumed)
	h.trusts(t, "closed", "lambda.amazonaws.com")
	if _, err := h.canaries.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: name, SuccessRetentionPeriodInDays: aws.Int32(7)}); err != nil {
		t.Fatal(err)
	}
	check(t, "mended", h.status(t, *name, types.CanaryStateReady), types.CanaryStateReady, types.CanaryStateReasonCodeUpdateComplete, "")
	if _, err := h.canaries.DeleteCanary(t.Context(), &synthetics.DeleteCanaryInput{Name: aws.String("absent")}); err != nil {
		t.Fatal(err)
	}
	h.awaitGone(t, "absent")
}

// TestUpdateThatFails goes back to where the canary was, with all that it was.
func TestUpdateThatFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	open, closed := h.role(t, "open", "lambda.amazonaws.com", mayUpload), h.role(t, "closed", "ec2.amazonaws.com", mayUpload)
	name := aws.String("steady")
	in := scripted(t, *name, open, "exports.handler = async () => {};", nil)
	in.Schedule.Expression = aws.String("rate(1 hour)")
	if _, err := h.canaries.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	h.await(t, *name, types.CanaryStateReady)
	for _, state := range []types.CanaryState{types.CanaryStateReady, types.CanaryStateRunning, types.CanaryStateStopped} {
		var err error
		switch state {
		case types.CanaryStateRunning:
			_, err = h.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: name})
		case types.CanaryStateStopped:
			_, err = h.canaries.StopCanary(t.Context(), &synthetics.StopCanaryInput{Name: name})
		}
		if err != nil {
			t.Fatal(err)
		}
		h.await(t, *name, state)
		_, err = h.canaries.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: name, ExecutionRoleArn: closed, FailureRetentionPeriodInDays: aws.Int32(7), Code: in.Code})
		if err != nil {
			t.Fatal(err)
		}
		check(t, "updated in "+string(state), h.status(t, *name, state), state, types.CanaryStateReasonCodeRollbackComplete, notAssumed)
		out, err := h.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: name})
		if err != nil || *out.Canary.ExecutionRoleArn != *open || *out.Canary.FailureRetentionPeriodInDays != 31 {
			t.Errorf("after a failed update in %s: %+v, %v", state, out, err)
		}
	}
}

// TestRolesOfOtherAccounts are refused as soon as they are named.
func TestRolesOfOtherAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	role := h.role(t, "own", "lambda.amazonaws.com", mayUpload)
	foreign := aws.String("arn:aws:iam::111122223333:role/own")
	in := scripted(t, "wary", role, "exports.handler = async () => {};", nil)
	if _, err := h.canaries.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	h.await(t, "wary", types.CanaryStateReady)
	_, created := h.canaries.CreateCanary(t.Context(), scripted(t, "fresh", foreign, "", nil))
	_, updated := h.canaries.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: in.Name, ExecutionRoleArn: foreign})
	for _, err := range []error{created, updated} {
		if answer, ok := errors.AsType[smithy.APIError](err); !ok || answer.ErrorCode() != "AccessDeniedException" {
			t.Errorf("a role of another account: %v", err)
		}
	}
}

// TestRolesThatAreClosedLater are found out by a run.
func TestRolesThatAreClosedLater(t *testing.T) {
	t.Parallel()
	h := newHouse(t, authorized)
	in := scripted(t, "wary", h.role(t, "good", "lambda.amazonaws.com", mayUpload), "exports.handler = async () => {};", nil)
	if _, err := h.canaries.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	h.await(t, "wary", types.CanaryStateReady)
	h.trusts(t, "good", "ec2.amazonaws.com")
	if _, err := h.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: in.Name}); err != nil {
		t.Fatal(err)
	}
	h.await(t, *in.Name, types.CanaryStateStopped)
	out, err := h.canaries.GetCanaryRuns(t.Context(), &synthetics.GetCanaryRunsInput{Name: in.Name})
	if err != nil || len(out.CanaryRuns) != 1 {
		t.Fatalf("runs %v: %v", out, err)
	}
	if st := out.CanaryRuns[0].Status; st.StateReasonCode != types.CanaryRunStateReasonCodeCanaryFailure || *st.StateReason != notAssumed {
		t.Errorf("run %s %s: %s", st.State, st.StateReasonCode, *st.StateReason)
	}
}
