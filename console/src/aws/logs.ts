import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { clientHook } from './clients';
import { settings } from './settings';

/** The CloudWatch Logs client of the session. */
export const useLogs = clientHook((s) => new CloudWatchLogsClient(settings(s)));
