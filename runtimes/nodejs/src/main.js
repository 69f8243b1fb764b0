// The launcher: one process, one run. It gets its orders in NEPHELE_RUN, loads
// the canary's script, calls its function, and leaves the verdict in the
// output directory. Whoever started it enforces the timeout.
import { installConsole, structuredLogs } from './console.js';
import { applyConfigFile, findConfigFile } from './library/configfile.js';
import { modern } from './library/configuration.js';
import { SyntheticsLogHelper } from './library/loghelper.js';
import { BrokenLinkCheckerReport, SyntheticsLink } from './library/links.js';
import { log } from './library/logger.js';
import { tellProgress } from './library/progress.js';
import { RequestResponseLogHelper } from './library/requestlog.js';
import { Synthetics } from './library/synthetics.js';
import { installProxy } from './net/install.js';
import { ApiSynthetics } from './nodejs/synthetics.js';
import { load as loadPlaywright, testPackage } from './playwright/load.js';
import { PlaywrightSynthetics } from './playwright/synthetics.js';
import { puppeteer } from './puppeteer.js';
import { verdict, write, writeResult } from './report.js';
import { findScript, loadFailure, loadHandler } from './script.js';

const clock = (run, key) => {
  const started = performance.now();
  return () => (run[key] = performance.now() - started);
};

/** What a script's synthetics is, by the family of its runtime. */
const libraries = { 'syn-nodejs-playwright': PlaywrightSynthetics, 'syn-nodejs': ApiSynthetics };

async function main() {
  const setup = orders();
  const run = { startTime: new Date().toISOString(), setUpInMs: 0, scriptInMs: 0 };
  const structured = structuredLogs(process.env.CW_SYNTHETICS_LOG_FORMAT, modern(setup));
  installConsole(setup.event.canaryRunId, { structured, canaryName: setup.event.canaryName });
  if (setup.proxy) installProxy(setup.proxy);
  log._open(setup.out, process.env.CW_SYNTHETICS_LOG_LEVEL, structured);
  tellProgress(setup.progress);
  const synthetics = new (libraries[setup.family] ?? Synthetics)(setup);
  publish(synthetics);
  const end = ending(setup, synthetics, run);
  process.once('uncaughtException', (err) => end(err));
  process.once('unhandledRejection', (err) => end(err));
  process.once('exit', (code) => endedEarly(setup, synthetics, run, code));
  log.info(`Start canary ${synthetics.getCanaryName()} on ${setup.runtimeVersion}`);
  let handler;
  const loaded = clock(run, 'setUpInMs');
  try {
    const script = findScript(setup);
    configure(setup, synthetics, script.path);
    handler = await loadHandler(setup, script);
  } catch (err) {
    log.error('The canary script could not be loaded', err);
    return end(new Error(loadFailure(err, setup.code)));
  } finally {
    loaded();
  }
  return call(handler, setup, run, end);
}

/** Sets what synthetics.json says, on the runtimes that read it. */
function configure(setup, synthetics, script) {
  const file = modern(setup) ? findConfigFile(setup.code, script) : undefined;
  const agent = file ? applyConfigFile(file, synthetics.getConfiguration()) : '';
  if (agent) synthetics._appendUserAgent(agent);
}

/** Takes the orders out of the environment, which is the script's own. */
function orders() {
  const setup = JSON.parse(process.env.NEPHELE_RUN);
  setup.home = process.env.HOME;
  for (const name of ['code', 'out', 'proxy', 'browser']) setup[name] = process.env[`NEPHELE_${name.toUpperCase()}`];
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('NEPHELE_')) delete process.env[name];
  }
  return setup;
}

async function call(handler, setup, run, end) {
  run.scriptStartTime = new Date().toISOString();
  const called = clock(run, 'scriptInMs');
  run.stop = () => {
    called();
    run.scriptEndTime = new Date().toISOString();
  };
  try {
    await handler(setup.event, context(setup));
    await end();
  } catch (err) {
    await end(err ?? new Error('The canary script failed without a reason'));
  }
}

/** The part of a Lambda context that means something here. */
function context(setup) {
  const deadline = Date.now() + setup.timeoutInMs;
  return {
    awsRequestId: setup.event.canaryRunId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? '',
    memoryLimitInMB: String(setup.memoryInMB),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    callbackWaitsForEmptyEventLoop: false,
  };
}

/** Returns the function that ends the run, once. */
function ending(setup, synthetics, run) {
  let ended = false;
  return async (err) => {
    if (ended) return;
    ended = true;
    run.stop?.();
    run.failed = err !== undefined;
    if (err !== undefined) {
      run.failure = synthetics._helper.getSanitizedErrorMessage(err);
      log.error(`Canary failed: ${run.failure}`, err instanceof Error ? err : undefined);
    } else {
      log.info('Canary script ended');
    }
    try {
      await synthetics._writeArtifacts();
    } catch (problem) {
      synthetics.addExecutionError('Artifacts could not be written:', problem);
    }
    try {
      save(setup, verdict(synthetics, run));
    } catch (problem) {
      console.error(`The launcher failed: ${problem?.stack ?? problem}`);
      process.reallyExit(70);
    }
    run.saved = true;
    process.reallyExit(0);
  };
}

/** A full disk must not cost the verdict; it has room of its own in the log. */
function save(setup, result) {
  try {
    write(setup.out, result);
  } catch (err) {
    const reason = `The report could not be written: ${err.message}`;
    log.error(reason);
    try {
      writeResult(setup.out, result.status === 'FAILED' ? result : {
        ...result, status: 'FAILED', stateReason: reason, stateReasonCode: 'EXECUTION_FAILURE',
      });
    } catch (again) {
      log.error(`The verdict could not be written: ${again.message}`);
    }
  }
}

/** The script called process.exit, or the event loop ran dry while it waited. */
function endedEarly(setup, synthetics, run, code) {
  if (run.saved) return;
  run.stop?.();
  run.failed = true;
  run.failure = `The canary script ended the process (exit code ${code}) before its function returned`;
  save(setup, verdict(synthetics, run));
}

/** Gives the modules that scripts require their content. */
function publish(synthetics) {
  globalThis[Symbol.for('nephele.modules')] = {
    synthetics, log, SyntheticsLink, BrokenLinkCheckerReport, RequestResponseLogHelper,
    logHelper: new SyntheticsLogHelper(synthetics),
    get puppeteer() { return puppeteer(); },
    get playwright() { return synthetics._library?.() ?? loadPlaywright().playwright; },
    get playwrightTest() { return testPackage(this.playwright); },
  };
  // Scripts take the object, or the object's part of its name.
  Object.defineProperty(synthetics, 'synthetics', { value: synthetics });
}

main().catch((err) => {
  console.error(`The launcher failed: ${err?.stack ?? err}`);
  process.exitCode = 70;
});
