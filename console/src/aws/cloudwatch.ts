import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { clientHook } from './clients';
import { settings } from './settings';

/** The CloudWatch client of the session. */
export const useCloudWatch = clientHook((s) => new CloudWatchClient(settings(s)));
