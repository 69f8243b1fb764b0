import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Spinner from '@cloudscape-design/components/spinner';
import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import { useS3 } from '../aws/s3';
import { createCanary, getCanary, send, startCanary, useSynthetics } from '../aws/synthetics';
import { tell } from '../aws/errors';
import { useSession } from '../session/session';
import { useNotify } from '../shell/notifications';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { routes } from '../ui/routes';
import { CanaryFormView } from './CanaryFormView';
import { codeOf, ensureBucket } from './code';
import { useRuntimes } from './data';
import { inputOf, newForm, type CanaryForm } from './form';
import { recordOf } from './PairsEditor';

/** Makes a canary, and starts it if asked. */
export default function CreateCanary() {
  usePage({ title: 'Create canary', breadcrumbs: [{ text: 'Canaries', route: routes.canaries }, { text: 'Create canary' }], contentType: 'form' });
  const { session } = useSession();
  const client = useSynthetics();
  const s3 = useS3();
  const runtimes = useRuntimes();
  const notify = useNotify();
  const navigate = useNavigate();
  const initial = useMemo(() => runtimes.data && newForm(session, runtimes.data), [runtimes.data, session]);

  const create = async (form: CanaryForm) => {
    await ensureBucket(form, s3, session.region);
    const Code = (await codeOf(form, s3))!;
    await send(client, createCanary({ ...inputOf(form), Name: form.name, Code, Tags: form.tags.length ? recordOf(form.tags) : undefined }));
    void navigate(routes.canary(form.name));
    if (!form.start) {
      notify({ type: 'success', content: `Canary ${form.name} was created.` });
      return;
    }
    try {
      await created(form.name);
      await send(client, startCanary({ Name: form.name }));
      notify({ type: 'success', content: `Canary ${form.name} was created and started.` });
    } catch (error) {
      notify({ type: 'error', header: `Canary ${form.name} was created, but not started`, content: tell(error).message });
    }
  };
  // Creation goes on after the answer: a canary can be started once it is READY.
  const created = async (Name: string) => {
    for (let wait = 100; wait < 20_000; wait *= 1.5) {
      const { Canary } = await send(client, getCanary({ Name }));
      if (Canary.Status?.State !== 'CREATING') return;
      await new Promise((done) => setTimeout(done, wait));
    }
  };

  if (runtimes.error !== undefined) return <ErrorAlert header="The runtimes could not be listed" error={runtimes.error} onRetry={() => void runtimes.refresh()} />;
  if (!initial) return <Spinner size="large" />;
  return (
    <CanaryFormView
      header={<Header variant="h1" description="A canary is a script that visits your site on a schedule and tells when it does not work.">Create canary</Header>}
      initial={initial}
      runtimes={runtimes.data!}
      editing={false}
      first={(form, errors, set) => (
        <Container header={<Header variant="h2">Details</Header>}>
          <FormField label="Name" constraintText="Lower-case letters, digits, hyphens and underscores." errorText={errors.name}>
            <Input value={form.name} onChange={(e) => set({ name: e.detail.value })} spellcheck={false} autoComplete={false} autoFocus />
          </FormField>
        </Container>
      )}
      submitText="Create canary"
      failure="The canary was not created"
      onSubmit={create}
      onCancel={() => void navigate(routes.canaries)}
    />
  );
}
