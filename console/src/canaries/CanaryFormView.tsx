import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { ErrorAlert } from '../ui/ErrorAlert';
import { check, type CanaryForm, type Errors } from './form';
import { AccessSection, AdditionalSection, DataSection, ScheduleSection } from './FormSections';
import { ScriptSection } from './ScriptSection';

interface CanaryFormViewProps {
  header: ReactNode;
  initial: CanaryForm;
  runtimes: string[];
  editing: boolean;
  /** Fields before the script. */
  first?(form: CanaryForm, errors: Errors, set: (change: Partial<CanaryForm>) => void): ReactNode;
  /** Actions beside those to cancel and to submit. */
  more?(form: CanaryForm, valid: () => boolean): ReactNode;
  submitText: string;
  failure: string;
  onSubmit(form: CanaryForm): Promise<void>;
  onCancel(): void;
}

/** The form to create and to edit canaries. */
export function CanaryFormView(props: CanaryFormViewProps) {
  const { header, initial, runtimes, editing, first, more, submitText, failure, onSubmit, onCancel } = props;
  const [form, setForm] = useState(initial);
  const [tried, setTried] = useState(0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const root = useRef<HTMLFormElement>(null);
  const set = (change: Partial<CanaryForm>) => setForm((f) => ({ ...f, ...change }));
  const errors = tried ? check(form, editing) : {};

  // Who submits an invalid form comes to the first field to mend; who is refused
  // by the server, to what it says.
  useEffect(() => {
    root.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tried]);
  useEffect(() => {
    if (error) root.current?.querySelector<HTMLElement>('.form-error')?.focus();
  }, [error]);

  const valid = () => {
    setTried((n) => n + 1);
    return Object.keys(check(form, editing)).length === 0;
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !valid()) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(form);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const section = { form, errors, set };
  return (
    <form onSubmit={submit} ref={root} noValidate>
      <Form
        header={header}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={onCancel}>Cancel</Button>
            {more?.(form, valid)}
            <Button variant="primary" formAction="submit" loading={busy}>{submitText}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {first?.(form, errors, set)}
          <ScriptSection {...section} runtimes={runtimes} editing={editing} />
          <ScheduleSection {...section} editing={editing} />
          <DataSection {...section} />
          <AccessSection {...section} />
          <AdditionalSection {...section} editing={editing} />
          {error ? <div className="form-error" tabIndex={-1}><ErrorAlert header={failure} error={error} /></div> : null}
        </SpaceBetween>
      </Form>
    </form>
  );
}
