import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { isCode } from '../aws/errors';
import type { Group } from '../aws/model';
import { deleteGroup, send, useSynthetics } from '../aws/synthetics';
import { useAction } from '../data/useAction';
import { usePage } from '../shell/page';
import { ErrorAlert } from '../ui/ErrorAlert';
import { RouteLink } from '../ui/RouteLink';
import { routes } from '../ui/routes';
import { formatTime } from '../ui/time';
import { useGroup } from './data';
import { DeleteGroupModal } from './DeleteGroupModal';
import { GroupHealth, HealthBar } from './GroupHealth';
import { summarize, type Member } from './groups';
import { Members } from './Members';
import './groups.css';

/** One group and its canaries. */
export default function GroupPage() {
  const { group: name = '' } = useParams();
  usePage({ title: name, breadcrumbs: [{ text: 'Groups', route: routes.groups }, { text: name }] });
  const query = useGroup(name);
  const navigate = useNavigate();
  const synthetics = useSynthetics();
  const { busy, run } = useAction();
  const [deleting, setDeleting] = useState(false);
  if (!query.data && isCode(query.error, 'ResourceNotFoundException')) {
    return <Alert type="warning" header="There is no such group">No group is called {name}. See <RouteLink to={routes.groups}>all groups</RouteLink>.</Alert>;
  }
  if (!query.data && query.error) return <ErrorAlert header="The group cannot be loaded" error={query.error} onRetry={() => void query.refresh()} />;
  if (!query.data) return <Box textAlign="center" padding="xxl"><Spinner size="large" /> Loading the group</Box>;
  const { group, members } = query.data;
  const remove = async () => {
    const done = await run('delete', () => send(synthetics, deleteGroup({ GroupIdentifier: group.Name })), { success: `Group ${group.Name} is deleted.`, failure: `Group ${group.Name} was not deleted` });
    if (done) void navigate(routes.groups);
  };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Refresh the group" loading={query.busy} onClick={() => void query.refresh()} />
            <Button onClick={() => setDeleting(true)}>Delete</Button>
          </SpaceBetween>
        }
      >
        {group.Name}
      </Header>
      {query.error ? <ErrorAlert header="The group could not be refreshed" error={query.error} onRetry={() => void query.refresh()} /> : null}
      <Details group={group} members={members} />
      <Members group={group} members={members} refresh={query.refresh} />
      {deleting ? <DeleteGroupModal name={group.Name} busy={busy === 'delete'} onDismiss={() => setDeleting(false)} onDelete={() => void remove()} /> : null}
    </SpaceBetween>
  );
}

function Details({ group, members }: { group: Group; members: Member[] }) {
  const summary = summarize(members);
  const tags = Object.entries(group.Tags ?? {});
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'Last results', value: <SpaceBetween size="xxs"><GroupHealth summary={summary} /><HealthBar summary={summary} /></SpaceBetween> },
          { label: 'Running', value: `${summary.running} of ${summary.total}` },
          { label: 'Created', value: formatTime(group.CreatedTime) },
          {
            label: 'ARN',
            value: <CopyToClipboard variant="inline" textToCopy={group.Arn} copyButtonAriaLabel="Copy the ARN" copySuccessText="ARN copied" copyErrorText="The ARN was not copied" />,
          },
          { label: 'Last changed', value: formatTime(group.LastModifiedTime) },
          { label: 'Tags', value: tags.length ? tags.map(([k, v]) => <div key={k}>{k}: {v}</div>) : '-' },
        ]}
      />
    </Container>
  );
}
