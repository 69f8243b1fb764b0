import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import { useAction } from '../data/useAction';
import { useQuery } from '../data/useQuery';
import { ErrorAlert } from '../ui/ErrorAlert';
import { formatShort } from '../ui/time';
import { bytes, fileKind, type Artifact } from './artifacts';
import { useRun } from './context';
import { readShot } from './report';
import { LIMITS } from './store';
import { parseJSON } from './untrusted';
import { Viewer } from './Viewer';

/** All artifacts of the run. */
export default function FilesTab({ loading }: { loading: boolean }) {
  const { store, files, run } = useRun();
  const { busy, run: act } = useAction();
  const [open, setOpen] = useState<Artifact>();
  const pictures = files.filter((f) => fileKind(f.name) === 'image');
  const total = files.reduce((sum, f) => sum + f.size, 0);
  const at = open ? pictures.indexOf(open) : -1;
  return (
    <>
      <Table
        header={<Header variant="h2" counter={`(${files.length})`} description={files.length ? `${bytes(total)} in all.` : undefined}>Files</Header>}
        items={files}
        trackBy="key"
        loading={loading && files.length === 0}
        loadingText="Loading files"
        enableKeyboardNavigation
        variant="container"
        empty={<Box textAlign="center" color="inherit">{run.Status.State === 'RUNNING' ? 'The run goes on. Its files are stored when it has ended.' : 'The run left no files.'}</Box>}
        columnDefinitions={[
          { id: 'name', header: 'Name', isRowHeader: true, minWidth: 190, cell: (f) => <span className="run-prose">{f.name}</span> },
          { id: 'kind', header: 'Kind', cell: (f) => kinds[fileKind(f.name)] },
          { id: 'size', header: 'Size', cell: (f) => bytes(f.size) },
          { id: 'modified', header: 'Stored', cell: (f) => formatShort(f.modified) },
          {
            id: 'actions', header: 'Actions', minWidth: 200,
            cell: (f) => (
              <SpaceBetween direction="horizontal" size="xxs">
                <Button variant="inline-link" ariaLabel={`Preview ${f.name}`} onClick={() => setOpen(f)} disabled={fileKind(f.name) === 'other'}>Preview</Button>
                <Button variant="inline-link" ariaLabel={`Download ${f.name}`} loading={busy === f.key} onClick={() => void act(f.key, () => store!.download(f.name), { failure: `${f.name} cannot be downloaded` })}>Download</Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {open && at >= 0 ? <Viewer shots={pictures.map((p) => readShot({ fileName: p.name }))} index={at} onMove={(i) => setOpen(pictures[i])} onClose={() => setOpen(undefined)} /> : null}
      {open && at < 0 ? <TextPreview file={open} onClose={() => setOpen(undefined)} /> : null}
    </>
  );
}

const kinds = { image: 'Picture', json: 'JSON', har: 'HTTP archive', html: 'Web page', text: 'Text', other: 'Other' };

/** The longest text of a preview, in UTF-16 units. */
const MAX_PREVIEW = 300_000;

/** A file as text. Pages are shown as their source: they are the script's, and
 * this page has the user's key. */
function TextPreview({ file, onClose }: { file: Artifact; onClose: () => void }) {
  const { store } = useRun();
  const query = useQuery(
    `preview ${file.key}`,
    async (signal) => {
      if (file.size > LIMITS.text) return { problem: `This file has ${bytes(file.size)}, too much to be shown here. Download it instead.` };
      return { text: readable(await store!.text(file.name, LIMITS.text, signal), file.name) };
    },
    { enabled: store !== undefined },
  );
  const content = query.data;
  return (
    <Modal
      visible size="max" header={<span className="run-prose">{file.name}</span>} onDismiss={onClose} closeAriaLabel="Close"
      footer={<Box float="right"><SpaceBetween direction="horizontal" size="xs"><Button iconName="download" onClick={() => void store?.download(file.name)}>Download</Button><Button variant="primary" onClick={onClose}>Close</Button></SpaceBetween></Box>}
    >
      {content?.problem ? <Alert type="info">{content.problem}</Alert> : null}
      {content?.text !== undefined ? <pre className="run-code" tabIndex={0} aria-label={`Content of ${file.name}`}>{content.text}</pre> : null}
      {query.loading ? <Spinner /> : null}
      {query.error ? <ErrorAlert header="The file cannot be loaded" error={query.error} onRetry={() => void query.refresh()} /> : null}
    </Modal>
  );
}

/** JSON is indented if it is valid; everything is cut to what a page can bear. */
function readable(text: string, name: string): string {
  const json = ['json', 'har'].includes(fileKind(name)) ? parseJSON(text).value : undefined;
  const shown = json === undefined ? text : JSON.stringify(json, null, 2);
  return shown.length > MAX_PREVIEW ? `${shown.slice(0, MAX_PREVIEW)}\n… (${shown.length - MAX_PREVIEW} more characters)` : shown;
}
