// The SyntheticsReport and the verdict of a run.
import fs from 'node:fs';
import path from 'node:path';

/** Puts together what the server reads: the verdict and the report. */
export function verdict(synthetics, run) {
  const summary = synthetics._summary();
  const failedStep = summary.steps.find((s) => s.status === 'FAILED');
  const failure = run.failure || (failedStep ? `${failedStep.stepName}: ${failedStep.failureReason}` : summary.visualFailure);
  const passed = failure === '' && !run.failed && !failedStep;
  const status = passed ? 'PASSED' : 'FAILED';
  const executionError = summary.executionErrors.join('; ');
  const report = {
    canaryName: synthetics.getCanaryName(),
    startTime: run.startTime,
    endTime: new Date().toISOString(),
    timeSpentInResetInMs: 0,
    timeSpentInLaunchInMs: Math.round(summary.launchInMs),
    timeSpentInSetUpInMs: Math.round(run.setUpInMs),
    executionStatus: executionError ? 'FAILED' : 'PASSED',
    executionError: executionError || null,
    customerScript: {
      startTime: run.scriptStartTime,
      endTime: run.scriptEndTime,
      status,
      failureReason: failure || null,
      metricsPublished: true,
      requests: summary.requests,
      steps: synthetics.getStepsReport() ? summary.steps.filter((s) => s._reported) : [],
      reports: summary.reports,
      nonStepScreenshots: summary.nonStepScreenshots,
    },
    configuration: synthetics._report(),
  };
  return {
    status: passed && !executionError ? 'PASSED' : 'FAILED',
    testResult: status,
    stateReason: failure || (passed ? executionError : 'The canary script failed'),
    stateReasonCode: !passed ? 'CANARY_FAILURE' : executionError ? 'EXECUTION_FAILURE' : '',
    durationInMs: Math.max(0, Math.round(run.scriptInMs - summary.screenshotsInMs - summary.launchInMs)),
    stepMetrics: summary.steps.map((s) => ({
      stepName: s.stepName, passed: s.status === 'PASSED', durationInMs: Date.parse(s.endTime) - Date.parse(s.startTime),
      success: s._metrics.success, duration: s._metrics.duration,
    })),
    ...(summary.visual ? { visual: summary.visual } : {}),
    report,
  };
}

/** Writes the report as an artifact and the verdict for the server. */
export function write(out, result) {
  const report = JSON.stringify(result.report, null, 2);
  fs.writeFileSync(path.join(out, `SyntheticsReport-${result.status}.json`), report);
  writeResult(out, result);
}

/** Writes the verdict alone. */
export function writeResult(out, result) {
  const dir = path.join(out, '.nephele');
  fs.mkdirSync(dir, { recursive: true });
  const file = path.join(dir, 'result.json');
  fs.writeFileSync(`${file}.new`, JSON.stringify(result));
  fs.renameSync(`${file}.new`, file);
}
