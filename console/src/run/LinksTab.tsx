import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMemo, useState } from 'react';
import type { Artifact } from './artifacts';
import { useRun } from './context';
import { FileState } from './FileState';
import type { Shot } from './report';
import { readLinks, type CheckedLink, type LinkReport } from './requests';
import { Thumbnail } from './Thumbnail';
import { useFile } from './useRunData';
import { Viewer } from './Viewer';

/** The links that were checked, from BrokenLinkCheckerReport.json. */
export default function LinksTab({ file }: { file: Artifact }) {
  const { store } = useRun();
  const query = useFile(store, file, readLinks);
  return <FileState name={file.name} query={query}>{(report) => <Links report={report} />}</FileState>;
}

function Links({ report }: { report: LinkReport }) {
  const shots = useMemo(() => report.links.flatMap((l) => l.shots).filter((s) => s.file), [report]);
  const [open, setOpen] = useState<number>();
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(report.links, {
    filtering: { noMatch: <Box textAlign="center" color="inherit">No link matches.</Box>, empty: <Box textAlign="center" color="inherit">No link was checked.</Box> },
    pagination: { pageSize: 50 },
    sorting: {},
  });
  const show = (s: Shot) => setOpen(shots.indexOf(s));
  return (
    <>
      <Table<CheckedLink>
        {...collectionProps}
        items={items}
        variant="container"
        wrapLines
        header={<Header variant="h2" counter={`(${report.checked})`} description={report.broken === 0 ? 'No link is broken.' : report.broken === 1 ? 'One link is broken.' : `${report.broken} links are broken.`}>Links</Header>}
        filter={<TextFilter {...filterProps} filteringPlaceholder="Find links" filteringAriaLabel="Find links" countText={`${filteredItemsCount} matches`} />}
        pagination={<Pagination {...paginationProps} />}
        columnDefinitions={[
          { id: 'result', header: 'Result', minWidth: 115, sortingComparator: (a, b) => Number(a.broken) - Number(b.broken), cell: (l) => <StatusIndicator type={l.broken ? 'error' : 'success'}>{l.broken ? 'Broken' : 'Works'}</StatusIndicator> },
          { id: 'url', header: 'URL', isRowHeader: true, sortingField: 'url', minWidth: 200, cell: (l) => <span className="run-prose">{l.url}</span> },
          { id: 'status', header: 'Answer', sortingField: 'status', cell: (l) => l.status || '-' },
          { id: 'reason', header: 'Reason', minWidth: 110, cell: (l) => <span className="run-prose">{l.reason || '-'}</span> },
          { id: 'text', header: 'Link text', minWidth: 110, cell: (l) => <span className="run-prose">{l.text || '-'}</span> },
          { id: 'parent', header: 'Found on', sortingField: 'parent', minWidth: 140, cell: (l) => <span className="run-prose">{l.parent || '-'}</span> },
          { id: 'shots', header: 'Screenshots', minWidth: 130, cell: (l) => <div className="run-shots">{l.shots.map((s, i) => <Thumbnail key={i} shot={s} onOpen={() => show(s)} />)}</div> },
        ]}
      />
      {open !== undefined && shots[open] ? <Viewer shots={shots} index={open} onMove={setOpen} onClose={() => setOpen(undefined)} /> : null}
    </>
  );
}
