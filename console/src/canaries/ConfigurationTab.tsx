import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { canaryArn, logGroup, type Canary } from '../aws/model';
import { useSession } from '../session/session';
import { formatDuration, formatTime } from '../ui/time';
import { scheduleText } from './schedule';

/** How a canary is made. */
export function ConfigurationTab({ canary: c }: { canary: Canary }) {
  const { session } = useSession();
  const section = (title: string, items: KeyValuePairsProps.Item[]) => (
    <Container header={<Header variant="h2">{title}</Header>}><KeyValuePairs columns={3} items={items} /></Container>
  );
  return (
    <SpaceBetween size="l">
      {section('Script', [
        { label: 'Runtime', value: c.RuntimeVersion ?? '-' },
        { label: 'Handler', value: c.Code?.BlueprintTypes?.length ? `Blueprint ${c.Code.BlueprintTypes.join(', ')}` : text(c.Code?.Handler) },
        { label: 'Browsers', value: c.BrowserConfigs?.map((b) => b.BrowserType).join(', ') || '-' },
        { label: 'Timeout', value: formatDuration((c.RunConfig?.TimeoutInSeconds ?? 0) * 1000) },
        { label: 'Memory', value: `${c.RunConfig?.MemoryInMB ?? '-'} MB` },
        { label: 'Ephemeral storage', value: `${c.RunConfig?.EphemeralStorage ?? '-'} MB` },
        { label: 'Active tracing', value: c.RunConfig?.ActiveTracing ? 'On' : 'Off' },
      ])}
      {section('Schedule', [
        { label: 'Expression', value: `${scheduleText(c.Schedule?.Expression)}` },
        { label: 'Runs for', value: c.Schedule?.DurationInSeconds ? formatDuration(c.Schedule.DurationInSeconds * 1000) : 'Until it is stopped' },
        { label: 'Retries', value: String(c.Schedule?.RetryConfig?.MaxRetries ?? 0) },
        { label: 'Created', value: formatTime(c.Timeline?.Created) },
        { label: 'Last started', value: formatTime(c.Timeline?.LastStarted) },
        { label: 'Last stopped', value: formatTime(c.Timeline?.LastStopped) },
      ])}
      {section('Data', [
        { label: 'Artifacts', value: copy(c.ArtifactS3Location && `s3://${c.ArtifactS3Location}`) },
        { label: 'Encryption', value: c.ArtifactConfig?.S3Encryption?.EncryptionMode ?? 'Default of the bucket' },
        { label: 'Log group', value: copy(logGroup(c)) },
        { label: 'Successful runs are kept', value: days(c.SuccessRetentionPeriodInDays) },
        { label: 'Failed runs are kept', value: days(c.FailureRetentionPeriodInDays) },
        { label: 'Resources when it is deleted', value: c.ProvisionedResourceCleanup === 'OFF' ? 'Stay' : 'Are deleted too' },
      ])}
      {section('Identity', [
        { label: 'ARN', value: copy(canaryArn(session.region, session.account, c.Name)) },
        { label: 'ID', value: copy(c.Id) },
        { label: 'Execution role', value: copy(c.ExecutionRoleArn) },
      ])}
    </SpaceBetween>
  );
}

const text = (s: string | undefined) => s || '-';
const days = (n: number | undefined) => (n === undefined ? '-' : n === 1 ? '1 day' : `${n} days`);

function copy(value: string | undefined) {
  if (!value) return '-';
  return <CopyToClipboard variant="inline" textToCopy={value} copyButtonAriaLabel={`Copy ${value}`} copySuccessText="Copied" copyErrorText="Could not be copied" />;
}
