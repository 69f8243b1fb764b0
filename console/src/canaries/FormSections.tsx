import Checkbox from '@cloudscape-design/components/checkbox';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { When } from './form';
import { PairsEditor } from './PairsEditor';
import { hasDryRuns } from './runtime';
import type { SectionProps } from './ScriptSection';

const optional = (label: string) => <>{label} <i>- optional</i></>;

/** When the canary runs. */
export function ScheduleSection({ form, errors, set, editing }: SectionProps & { editing: boolean }) {
  const units = [{ value: 'minute', label: 'minutes' }, { value: 'hour', label: 'hours' }];
  return (
    <Container header={<Header variant="h2">Schedule</Header>}>
      <SpaceBetween size="l">
        <FormField label="Run the canary">
          <RadioGroup
            value={form.when}
            onChange={(e) => set({ when: e.detail.value as When })}
            ariaLabel="Run the canary"
            items={[
              { value: 'rate', label: 'Continuously', description: 'Again and again after the same time.' },
              { value: 'cron', label: 'By a cron expression', description: 'At chosen minutes, hours and days, in UTC.' },
              { value: 'once', label: 'Once', description: 'Once each time it is started.' },
            ]}
          />
        </FormField>
        {form.when === 'rate' && (
          <FormField label="Every" errorText={errors.rate}>
            <div className="inline-fields">
              <Input value={form.rate} onChange={(e) => set({ rate: e.detail.value })} inputMode="numeric" ariaLabel="Every, number" />
              <Select options={units} selectedOption={units.find((u) => u.value === form.unit)!} onChange={(e) => set({ unit: e.detail.selectedOption.value as 'minute' | 'hour' })} ariaLabel="Every, unit" />
            </div>
          </FormField>
        )}
        {form.when === 'cron' && (
          <FormField label="Cron expression" constraintText="Minutes, hours, day of month, month, day of week, year." errorText={errors.cron}>
            <Input value={form.cron} onChange={(e) => set({ cron: e.detail.value })} spellcheck={false} />
          </FormField>
        )}
        {form.when !== 'once' && (
          <FormField label={optional('Stop after')} constraintText="Hours. Without it the canary runs until you stop it." errorText={errors.hours}>
            <Input value={form.hours} onChange={(e) => set({ hours: e.detail.value })} inputMode="decimal" />
          </FormField>
        )}
        {hasDryRuns(form.runtime) && (
          <FormField label="Retries" description="How often a run that fails is tried again at once.">
            <Select
              options={['0', '1', '2'].map((value) => ({ value, label: value === '0' ? 'None' : value }))}
              selectedOption={{ value: form.retries, label: form.retries === '0' ? 'None' : form.retries }}
              onChange={(e) => set({ retries: e.detail.selectedOption.value! })}
            />
          </FormField>
        )}
        {!editing && <Checkbox checked={form.start} onChange={(e) => set({ start: e.detail.checked })}>Start the canary when it is created</Checkbox>}
      </SpaceBetween>
    </Container>
  );
}

/** Where results go and how long they stay. */
export function DataSection({ form, errors, set }: SectionProps) {
  return (
    <Container header={<Header variant="h2">Data</Header>}>
      <SpaceBetween size="l">
        <FormField label="Location of artifacts" constraintText="s3://bucket/prefix. The bucket is created if there is none." errorText={errors.artifacts}>
          <Input value={form.artifacts} onChange={(e) => set({ artifacts: e.detail.value })} spellcheck={false} />
        </FormField>
        <ColumnLayout columns={2}>
          <FormField label="Keep successful runs for" constraintText="Days, 1 to 1024." errorText={errors.successDays}>
            <Input value={form.successDays} onChange={(e) => set({ successDays: e.detail.value })} inputMode="numeric" />
          </FormField>
          <FormField label="Keep failed runs for" constraintText="Days, 1 to 1024." errorText={errors.failureDays}>
            <Input value={form.failureDays} onChange={(e) => set({ failureDays: e.detail.value })} inputMode="numeric" />
          </FormField>
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

/** The role that runs act as. */
export function AccessSection({ form, errors, set }: SectionProps) {
  return (
    <Container header={<Header variant="h2">Access permissions</Header>}>
      <FormField
        label="Execution role"
        description="Runs act as this role: it lets them write artifacts, logs and metrics. It trusts lambda.amazonaws.com."
        errorText={errors.role}
      >
        <Input value={form.role} onChange={(e) => set({ role: e.detail.value })} placeholder="arn:aws:iam::111122223333:role/CloudWatchSyntheticsRole" spellcheck={false} />
      </FormField>
    </Container>
  );
}

const reserved = /^(AWS_|LAMBDA_|_)|^(TZ|LANG|PATH|LD_LIBRARY_PATH|NODE_PATH|PYTHONPATH)$/;

function keyError(key: string): string | undefined {
  if (!/^[a-zA-Z][a-zA-Z0-9_]+$/.test(key)) return 'Use letters, digits and underscores; begin with a letter.';
  return reserved.test(key) ? 'This name is reserved.' : undefined;
}

/** What few canaries need. */
export function AdditionalSection({ form, errors, set, editing }: SectionProps & { editing: boolean }) {
  return (
    <Container>
      <ExpandableSection headerText="Additional configuration" headerDescription="Environment variables, timeout, memory, tracing, tags" defaultExpanded={form.env.length > 0}>
        <SpaceBetween size="l">
          <FormField label={optional('Environment variables')} description={editing ? 'Their values are never shown. Without a change they stay as they are.' : 'They are kept encrypted.'} stretch>
            <SpaceBetween size="s">
              {editing && <Checkbox checked={form.replaceEnv} onChange={(e) => set({ replaceEnv: e.detail.checked })}>Replace all environment variables</Checkbox>}
              {form.replaceEnv && <PairsEditor what="variable" pairs={form.env} onChange={(env) => set({ env })} most={50} keyError={keyError} />}
            </SpaceBetween>
          </FormField>
          <ColumnLayout columns={2}>
            <FormField label={optional('Timeout')} constraintText="Seconds, 3 to 840. Without it, the time from one run to the next." errorText={errors.timeout}>
              <Input value={form.timeout} onChange={(e) => set({ timeout: e.detail.value })} inputMode="numeric" />
            </FormField>
            <FormField label="Memory" constraintText="MB, a multiple of 64 from 960 to 3008." errorText={errors.memory}>
              <Input value={form.memory} onChange={(e) => set({ memory: e.detail.value })} inputMode="numeric" />
            </FormField>
          </ColumnLayout>
          <Checkbox checked={form.tracing} onChange={(e) => set({ tracing: e.detail.checked })} description="Requests of the script carry a header that traces can be joined by.">Active tracing</Checkbox>
          {!editing && (
            <FormField label={optional('Tags')} stretch>
              <PairsEditor what="tag" pairs={form.tags} onChange={(tags) => set({ tags })} most={50} />
            </FormField>
          )}
        </SpaceBetween>
      </ExpandableSection>
    </Container>
  );
}
