import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FileUpload from '@cloudscape-design/components/file-upload';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import Tiles from '@cloudscape-design/components/tiles';
import type { BrowserType } from '../aws/model';
import { blueprints, defaultsOf, type Parameter } from '../blueprints/blueprints';
import { blueprintOf, runtimesFor, scriptsOf, type CanaryForm, type Errors, type Source } from './form';
import { familyTitle, hasBrowserChoice, parseRuntime, scriptFile } from './runtime';
import { ScriptEditor } from './ScriptEditor';
import './form.css';

export interface SectionProps {
  form: CanaryForm;
  errors: Errors;
  set(change: Partial<CanaryForm>): void;
}

const sources: { value: Source; label: string; description: string }[] = [
  { value: 'keep', label: 'Keep the script', description: 'The canary goes on with the code it has.' },
  { value: 'blueprint', label: 'Use a blueprint', description: 'Fill in a few fields; the script is written for you.' },
  { value: 'editor', label: 'Inline editor', description: 'Write or paste a script here.' },
  { value: 'upload', label: 'Upload a script', description: 'A .zip archive with your script and what it needs.' },
  { value: 's3', label: 'Import from S3', description: 'An archive that lies in a bucket.' },
];

/** Where the script comes from, and what runs it. */
export function ScriptSection({ form, errors, set, runtimes, editing }: SectionProps & { runtimes: string[]; editing: boolean }) {
  const choose = (source: Source) => {
    const next = { ...form, source };
    const fitting = runtimesFor(next, runtimes);
    set({ source, runtime: source === 'keep' || fitting.includes(form.runtime) ? form.runtime : (fitting[0] ?? '') });
  };
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Script</Header>}>
        <SpaceBetween size="l">
          <FormField label="Creation method" stretch>
            <Tiles
              value={form.source}
              onChange={(e) => choose(e.detail.value as Source)}
              items={sources.filter((s) => editing || s.value !== 'keep')}
              columns={editing ? 3 : 4}
              ariaLabel="Creation method"
            />
          </FormField>
          {form.source === 'blueprint' && <BlueprintFields form={form} errors={errors} set={set} runtimes={runtimes} />}
          {form.source === 'upload' && (
            <FormField label="Archive" errorText={errors.upload}>
              <FileUpload
                value={form.upload}
                onChange={(e) => set({ upload: e.detail.value })}
                accept=".zip,application/zip"
                showFileSize
                constraintText="A .zip file. Above 5 MB it goes through the bucket for artifacts."
                i18nStrings={{
                  uploadButtonText: () => 'Choose file', dropzoneText: () => 'Drop file to upload', removeFileAriaLabel: () => 'Remove file',
                  limitShowFewer: 'Show fewer files', limitShowMore: 'Show more files', errorIconAriaLabel: 'Error', warningIconAriaLabel: 'Warning',
                }}
              />
            </FormField>
          )}
          {form.source === 's3' && (
            <FormField label="Address of the archive" errorText={errors.s3}>
              <Input value={form.s3} onChange={(e) => set({ s3: e.detail.value })} placeholder="s3://bucket/key.zip" spellcheck={false} />
            </FormField>
          )}
          {form.source === 'editor' && (
            <FormField label="Script" stretch errorText={errors.script}>
              <ScriptEditor value={form.script} language={scriptFile(form.runtime).language} ariaLabel="Script" onChange={(script) => set({ script })} />
            </FormField>
          )}
        </SpaceBetween>
      </Container>
      <RuntimeFields form={form} errors={errors} set={set} runtimes={runtimes} />
    </SpaceBetween>
  );
}

function BlueprintFields({ form, errors, set, runtimes }: SectionProps & { runtimes: string[] }) {
  const blueprint = blueprintOf(form);
  const files = Object.entries(scriptsOf(form) ?? {});
  const script = files.find(([name]) => /\.(js|py)$/.test(name));
  const choose = (name: string) => {
    const b = blueprints.find((b) => b.name === name)!;
    const next = { ...form, blueprint: name };
    const fitting = runtimesFor(next, runtimes);
    const env = Object.keys(b.environment).filter((key) => !form.env.some((p) => p.key === key));
    set({
      blueprint: name,
      values: defaultsOf(b),
      runtime: fitting.includes(form.runtime) ? form.runtime : (fitting[0] ?? ''),
      env: [...form.env.filter((p) => p.value), ...env.map((key) => ({ key, value: '' }))],
      replaceEnv: form.replaceEnv || env.length > 0,
    });
  };
  return (
    <SpaceBetween size="l">
      <FormField label="Blueprint" description={blueprint.description}>
        <Select
          options={blueprints.map((b) => ({ value: b.name, label: b.title, description: b.description }))}
          selectedOption={{ value: blueprint.name, label: blueprint.title }}
          onChange={(e) => choose(e.detail.selectedOption.value!)}
        />
      </FormField>
      {blueprint.parameters.map((p) => (
        <FormField key={p.name} label={p.label} description={p.description} errorText={errors[`value.${p.name}`]} constraintText={p.type === 'list' ? 'One on each line.' : undefined}>
          <ParameterInput parameter={p} value={form.values[p.name] ?? ''} onChange={(v) => set({ values: { ...form.values, [p.name]: v } })} />
        </FormField>
      ))}
      <ExpandableSection headerText="Script" variant="footer">
        <SpaceBetween size="s">
          {files.map(([name, text]) => (
            <div key={name}>
              <Box variant="awsui-key-label">{name}</Box>
              <pre className="script-preview" tabIndex={0} aria-label={name}>{text}</pre>
            </div>
          ))}
          {script && (
            <Button
              iconName="edit"
              onClick={() => set({ source: 'editor', script: script[1], handler: blueprint.families[parseRuntime(form.runtime).family]?.handler ?? form.handler })}
            >
              Edit this script
            </Button>
          )}
        </SpaceBetween>
      </ExpandableSection>
    </SpaceBetween>
  );
}

function ParameterInput({ parameter: p, value, onChange }: { parameter: Parameter; value: string; onChange(v: string): void }) {
  if (p.type === 'list') return <Textarea value={value} onChange={(e) => onChange(e.detail.value)} rows={3} spellcheck={false} />;
  return <Input value={value} onChange={(e) => onChange(e.detail.value)} inputMode={p.type === 'number' ? 'decimal' : undefined} spellcheck={false} />;
}

function RuntimeFields({ form, errors, set, runtimes }: SectionProps & { runtimes: string[] }) {
  const offered = runtimesFor(form, runtimes);
  const all = form.runtime && !offered.includes(form.runtime) ? [form.runtime, ...offered] : offered;
  const families = [...new Set(all.map((r) => parseRuntime(r).family))];
  const toggle = (browser: BrowserType, on: boolean) => set({ browsers: (['CHROME', 'FIREFOX'] as const).filter((b) => (b === browser ? on : form.browsers.includes(b))) });
  return (
    <Container header={<Header variant="h2">Runtime</Header>}>
      <SpaceBetween size="l">
        <FormField label="Runtime version" errorText={errors.runtime}>
          <Select
            options={families.map((f) => ({ label: familyTitle(f), options: all.filter((r) => parseRuntime(r).family === f).map((r) => ({ value: r, label: r })) }))}
            selectedOption={form.runtime ? { value: form.runtime, label: form.runtime } : null}
            onChange={(e) => set({ runtime: e.detail.selectedOption.value! })}
            placeholder="Choose a runtime"
            filteringType="auto"
            filteringAriaLabel="Find runtimes"
          />
        </FormField>
        {form.source !== 'blueprint' && form.source !== 'keep' && (
          <FormField label="Handler" description="The script's file without its extension, a dot, and the function." errorText={errors.handler}>
            <Input value={form.handler} onChange={(e) => set({ handler: e.detail.value })} spellcheck={false} />
          </FormField>
        )}
        {hasBrowserChoice(form.runtime) && (
          <FormField label="Browsers" description="Each runs the script by itself." errorText={errors.browsers}>
            <SpaceBetween direction="horizontal" size="l">
              <Checkbox checked={form.browsers.includes('CHROME')} onChange={(e) => toggle('CHROME', e.detail.checked)}>Chrome</Checkbox>
              <Checkbox checked={form.browsers.includes('FIREFOX')} onChange={(e) => toggle('FIREFOX', e.detail.checked)}>Firefox</Checkbox>
            </SpaceBetween>
          </FormField>
        )}
      </SpaceBetween>
    </Container>
  );
}
