import CodeEditor, { type CodeEditorProps } from '@cloudscape-design/components/code-editor';
import { useEffect, useState } from 'react';
import { useStored } from '../ui/useStored';

interface ScriptEditorProps {
  value: string;
  language: string;
  ariaLabel: string;
  onChange(value: string): void;
}

/** The editor for scripts. It is loaded when it is first shown. */
export function ScriptEditor({ value, language, ariaLabel, onChange }: ScriptEditorProps) {
  const [ace, setAce] = useState<unknown>();
  const [failed, setFailed] = useState(false);
  const [preferences, setPreferences] = useStored<CodeEditorProps.Preferences>('nephele.editor', { wrapLines: true, theme: 'cloud_editor' });
  const load = () => {
    setFailed(false);
    import('./ace').then((m) => setAce(m.default), () => setFailed(true));
  };
  useEffect(load, []);
  const dark = document.body.classList.contains('awsui-dark-mode');
  return (
    <CodeEditor
      ace={ace}
      loading={!ace && !failed}
      onRecoveryClick={load}
      language={language}
      value={value}
      onDelayedChange={(e) => onChange(e.detail.value)}
      preferences={{ ...preferences, theme: dark ? 'cloud_editor_dark' : 'cloud_editor' }}
      onPreferencesChange={(e) => setPreferences(e.detail)}
      themes={{ light: ['cloud_editor'], dark: ['cloud_editor_dark'] }}
      ariaLabel={ariaLabel}
      editorContentHeight={360}
    />
  );
}
