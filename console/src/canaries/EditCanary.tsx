import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useS3 } from '../aws/s3';
import { getCanary, send, startCanaryDryRun, updateCanary, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { useQuery } from '../data/useQuery';
import { useSession } from '../session/session';
import { useNotify } from '../shell/notifications';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { routes } from '../ui/routes';
import { CanaryFormView } from './CanaryFormView';
import { codeOf, ensureBucket } from './code';
import { useRuntimes } from './data';
import { DryRunStatus } from './DryRunStatus';
import { formOf, inputOf, type CanaryForm } from './form';
import { hasDryRuns } from './runtime';

/** Changes a canary. */
export default function EditCanary() {
  const { name = '' } = useParams();
  usePage({
    title: `Edit ${name}`,
    breadcrumbs: [{ text: 'Canaries', route: routes.canaries }, { text: name, route: routes.canary(name) }, { text: 'Edit' }],
    contentType: 'form',
  });
  const { session } = useSession();
  const client = useSynthetics();
  const s3 = useS3();
  const notify = useNotify();
  const navigate = useNavigate();
  const { busy, run } = useAction();
  const [dryRun, setDryRun] = useState<string>();
  const runtimes = useRuntimes();
  // Loaded once: what is typed is not overwritten by what others change.
  const canary = useQuery(`edit ${session.region} ${session.account} ${name}`, async (signal) => (await send(client, getCanary({ Name: name }), signal)).Canary);

  const save = async (form: CanaryForm) => {
    await ensureBucket(form, s3, session.region);
    await send(client, updateCanary({ ...inputOf(form), Name: name, Code: await codeOf(form, s3) }));
    notify({ type: 'success', content: `Canary ${name} was changed.` });
    void navigate(routes.canary(name));
  };
  const tryOut = (form: CanaryForm) =>
    run(
      'dry run',
      async () => {
        const { Schedule: _, ...input } = inputOf(form);
        const answer = await send(client, startCanaryDryRun({ ...input, Name: name, Code: await codeOf(form, s3) }));
        setDryRun(answer.DryRunConfig.DryRunId);
      },
      { failure: 'The dry run was not started' },
    );

  const failed = canary.error ?? runtimes.error;
  if (failed !== undefined) return <ErrorAlert header={`Canary ${name} could not be loaded`} error={failed} onRetry={() => void Promise.all([canary.refresh(), runtimes.refresh()])} />;
  if (!canary.data || !runtimes.data) return <Spinner size="large" />;
  return (
    <CanaryFormView
      header={
        <SpaceBetween size="m">
          <Header variant="h1">Edit {name}</Header>
          {dryRun && <DryRunStatus key={dryRun} canary={name} id={dryRun} />}
        </SpaceBetween>
      }
      initial={formOf(canary.data)}
      runtimes={runtimes.data}
      editing
      more={(form, valid) =>
        hasDryRuns(form.runtime) && (
          <Button formAction="none" loading={busy !== undefined} onClick={() => valid() && void tryOut(form)}>Start dry run</Button>
        )
      }
      submitText="Save"
      failure="The canary was not changed"
      onSubmit={save}
      onCancel={() => void navigate(routes.canary(name))}
    />
  );
}
