import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { VisualReference } from '../aws/model';
import { send, updateCanary, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { Compare } from './Compare';
import { useRun } from './context';
import { allShots, type Shot, type VisualTest } from './report';
import { accepted, areasOf, referenceOf, update, withAreas } from './visual';
import './visual.css';

/** Screenshots beside those of the baseline. */
export default function VisualTab({ loading }: { loading: boolean }) {
  const { canary, run, report } = useRun();
  const shots = report ? allShots(report) : [];
  const compared = shots.filter((s) => s.visual);
  const [chosen, setChosen] = useState<string>();
  const worst = [...compared].sort((a, b) => rank(b.visual!) - rank(a.visual!))[0];
  const shot = compared.find((s) => s.file === chosen) ?? worst;
  const reference = referenceOf(canary, run);
  return (
    <SpaceBetween size="l">
      <Baseline reference={reference} shots={shots} compared={compared} />
      {compared.length > 0 ? <Results compared={compared} reference={reference} selected={shot} onSelect={(s) => setChosen(s.file)} /> : <NoResults loading={loading} reference={reference} shots={shots.length} />}
      {shot ? <Screenshot key={shot.file} shot={shot} reference={reference} /> : null}
    </SpaceBetween>
  );
}

/** Failures first, then by how much they differ. */
const rank = (v: VisualTest) => (v.status === 'PASSED' ? 0 : 1000) + v.variance;

/** Which run the baseline is, and the action that makes it this one. */
function Baseline({ reference, shots, compared }: { reference?: VisualReference; shots: Shot[]; compared: Shot[] }) {
  const { canary, run, refreshCanary } = useRun();
  const synthetics = useSynthetics();
  const { busy, run: act } = useAction();
  const [asking, setAsking] = useState(false);
  const base = reference?.BaseCanaryRunId;
  const isBase = base === run.Id;
  const accept = async () => {
    const next = accepted(reference, run, shots.map((s) => s.file), compared.map((s) => s.file));
    const done = await act(
      'accept',
      async () => {
        await send(synthetics, updateCanary({ Name: canary.Name, ...update(canary, run, next) }));
        await refreshCanary();
      },
      { success: 'Runs to come are compared with the screenshots of this run.', failure: 'The baseline was not changed' },
    );
    if (done) setAsking(false);
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<Button onClick={() => setAsking(true)} disabled={isBase || shots.length === 0 || run.Status.State === 'RUNNING'}>Accept as new baseline</Button>}
        >
          Baseline
        </Header>
      }
    >
      <Modal
        visible={asking} onDismiss={() => setAsking(false)} closeAriaLabel="Close" header="Accept as new baseline"
        footer={
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" onClick={() => setAsking(false)}>Cancel</Button>
              <Button variant="primary" loading={busy === 'accept'} onClick={() => void accept()}>Accept</Button>
            </SpaceBetween>
          </Box>
        }
      >
        The {shots.length === 1 ? 'screenshot' : `${shots.length} screenshots`} of this run become what the runs to come are compared with{run.BrowserType ? `, in ${run.BrowserType[0] + run.BrowserType.slice(1).toLowerCase()}` : ''}. Ignored areas stay. Runs that have ended keep their results.
      </Modal>
      <BaselineText base={base} isBase={isBase} name={canary.Name} />
      {reference ? null : (
        <Box color="text-body-secondary">
          Screenshots are compared when the canary has a baseline and its script asks for it, with withVisualCompareWithBaseRun(true) of its configuration.
        </Box>
      )}
    </Container>
  );
}

function BaselineText({ base, isBase, name }: { base?: string; isBase: boolean; name: string }) {
  if (!base) return <>This canary has no baseline.</>;
  if (isBase) return <>This run is the baseline.</>;
  if (base === 'nextrun') return <>The next run becomes the baseline.</>;
  if (base === 'lastrun') return <>The last run is the baseline.</>;
  return <>Screenshots are compared with those of <RouteLink to={routes.run(name, base)}>run {base}</RouteLink>.</>;
}

export function Verdict({ test }: { test: VisualTest }) {
  if (test.status === 'PASSED') return <StatusIndicator type="success">{test.variance > 0 ? 'Within the threshold' : 'Same'}</StatusIndicator>;
  return <StatusIndicator type="error">{test.status === 'ERROR' ? 'Not compared' : 'Differs'}</StatusIndicator>;
}

const percent = (x: number) => `${x.toLocaleString('en-US', { maximumFractionDigits: x < 1 ? 4 : 2 })}%`;

function Results({ compared, reference, selected, onSelect }: { compared: Shot[]; reference?: VisualReference; selected?: Shot; onSelect: (s: Shot) => void }) {
  const differing = compared.filter((s) => s.visual!.status !== 'PASSED').length;
  return (
    <Table<Shot>
      header={<Header variant="h2" counter={`(${compared.length})`} description={differing === 0 ? 'All are within their threshold.' : `${differing} of ${compared.length} differ.`}>Comparisons</Header>}
      items={compared}
      trackBy="file"
      selectionType="single"
      selectedItems={selected ? [selected] : []}
      onSelectionChange={(e) => e.detail.selectedItems[0] && onSelect(e.detail.selectedItems[0])}
      onRowClick={(e) => onSelect(e.detail.item)}
      ariaLabels={{ selectionGroupLabel: 'Screenshot to look at', itemSelectionLabel: (_, s) => s.file }}
      contentDensity="compact"
      columnDefinitions={[
        { id: 'file', header: 'Screenshot', isRowHeader: true, minWidth: 190, cell: (s) => <span className="run-prose">{s.file}</span> },
        { id: 'result', header: 'Result', cell: (s) => <Verdict test={s.visual!} /> },
        { id: 'variance', header: 'Variance', cell: (s) => (s.visual!.status === 'ERROR' ? '-' : percent(s.visual!.variance)) },
        { id: 'threshold', header: 'Threshold', cell: (s) => percent(s.visual!.threshold) },
        { id: 'areas', header: 'Ignored areas', cell: (s) => areasOf(reference, s.file).length || '-' },
      ]}
    />
  );
}

/** One comparison, and its ignored areas. */
function Screenshot({ shot, reference }: { shot: Shot; reference?: VisualReference }) {
  const { canary, run, refreshCanary } = useRun();
  const synthetics = useSynthetics();
  const { busy, run: act } = useAction();
  const test = shot.visual!;
  return (
    <Container
      header={<Header variant="h2" description={test.status === 'ERROR' ? undefined : `${percent(test.variance)} of the pixels that count differ; ${percent(test.threshold)} may.`} info={<Verdict test={test} />}>{shot.file}</Header>}
    >
      {test.error ? <Box padding={{ bottom: 's' }}><Alert type="error" header="The screenshots could not be compared">{test.error}</Alert></Box> : null}
      <Compare
        shot={shot}
        areas={areasOf(reference, shot.file)}
        saving={busy === 'areas'}
        onSave={reference && ((areas) => act(
          'areas',
          async () => {
            await send(synthetics, updateCanary({ Name: canary.Name, ...update(canary, run, withAreas(reference, shot.file, areas)) }));
            await refreshCanary();
          },
          { success: 'The ignored areas are saved. They apply to the runs to come.', failure: 'The ignored areas were not saved' },
        ))}
      />
    </Container>
  );
}

function NoResults({ loading, reference, shots }: { loading: boolean; reference?: VisualReference; shots: number }) {
  const { run } = useRun();
  if (run.Status.State === 'RUNNING' || loading) return <StatusIndicator type="loading">{loading ? 'Loading the report' : 'The run goes on'}</StatusIndicator>;
  const why = shots === 0 ? 'This run has no screenshots.' : reference?.BaseCanaryRunId === run.Id ? 'The run that is the baseline is compared with nothing.' : 'No screenshot of this run was compared.';
  return <Container><Box color="text-body-secondary">{why}</Box></Container>;
}
