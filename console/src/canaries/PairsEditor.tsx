import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Input from '@cloudscape-design/components/input';

/** A key and a value while they are typed. */
export interface Pair {
  key: string;
  value: string;
}

export const pairsOf = (record: Record<string, string>): Pair[] => Object.entries(record).map(([key, value]) => ({ key, value }));

/** Pairs as a record; those without a key are left out. */
export const recordOf = (pairs: Pair[]): Record<string, string> => Object.fromEntries(pairs.filter((p) => p.key.trim()).map((p) => [p.key.trim(), p.value]));

interface PairsEditorProps {
  /** What a pair is, in the singular. */
  what: string;
  pairs: Pair[];
  onChange(pairs: Pair[]): void;
  most: number;
  /** Says what is wrong with a key. */
  keyError?(key: string): string | undefined;
}

/** Edits tags and environment variables. */
export function PairsEditor({ what, pairs, onChange, most, keyError }: PairsEditorProps) {
  const set = (at: number, change: Partial<Pair>) => onChange(pairs.map((p, i) => (i === at ? { ...p, ...change } : p)));
  return (
    <AttributeEditor
      items={pairs}
      addButtonText={`Add ${what}`}
      removeButtonText="Remove"
      removeButtonAriaLabel={(p) => `Remove ${what} ${p.key}`}
      disableAddButton={pairs.length >= most}
      empty={`No ${what}s.`}
      onAddButtonClick={() => onChange([...pairs, { key: '', value: '' }])}
      onRemoveButtonClick={(e) => onChange(pairs.filter((_, i) => i !== e.detail.itemIndex))}
      definition={[
        {
          label: 'Key',
          control: (p, i) => <Input value={p.key} onChange={(e) => set(i, { key: e.detail.value })} spellcheck={false} ariaLabel={`Key of ${what} ${i + 1}`} />,
          errorText: (p) => (p.key ? keyError?.(p.key) : undefined),
        },
        { label: 'Value', control: (p, i) => <Input value={p.value} onChange={(e) => set(i, { value: e.detail.value })} spellcheck={false} ariaLabel={`Value of ${what} ${i + 1}`} /> },
      ]}
    />
  );
}
