// What the pages of groups ask for.
import { SyntheticsClient } from '@aws-sdk/client-synthetics';
import { useMemo } from 'react';
import type { Canary, CanaryRun, Group, GroupSummary } from '../aws/model';
import { settings } from '../aws/settings';
import { collect, describeCanaries, describeCanariesLastRun, getGroup, listGroupResources, listGroups, send, useSynthetics } from '../aws/synthetics';
import { useQuery } from '../data/useQuery';
import { useSession, type Session } from '../session/session';
import { chunks, parseArn, type Member } from './groups';

const usual = 10_000;

export interface GroupRow {
  group: GroupSummary;
  members: Member[];
}

/** Groups are global, canaries are not: one client for each region. */
function regional(session: Session): (region: string) => SyntheticsClient {
  const made = new Map<string, SyntheticsClient>();
  return (region) => {
    const client = made.get(region) ?? new SyntheticsClient(settings({ ...session, region }));
    made.set(region, client);
    return client;
  };
}

function useRegional() {
  const { session } = useSession();
  return useMemo(() => regional(session), [session]);
}

type Clients = ReturnType<typeof regional>;

async function resources(client: SyntheticsClient, id: string, signal: AbortSignal): Promise<string[]> {
  return collect((NextToken) => send(client, listGroupResources({ GroupIdentifier: id, MaxResults: 20, NextToken }), signal).then((p) => ({ items: p.Resources, next: p.NextToken })));
}

/** DescribeCanaries takes five names; canaries that are gone are left out. */
const NAMES = 5;

/** The members of ARNs, with their canaries and last runs. */
async function look(clients: Clients, arns: string[], signal: AbortSignal): Promise<Map<string, Member>> {
  const members = new Map(arns.map((arn) => [arn, { arn, region: '', name: arn, ...parseArn(arn) } as Member]));
  const all = [...members.values()];
  const regions = [...new Set(all.map((m) => m.region))].filter((r) => r !== '');
  const asks = regions.flatMap((region) => chunks(all.filter((m) => m.region === region), NAMES).map((part) => ({ region, part })));
  await Promise.all(asks.map(async ({ region, part }) => {
    const Names = part.map((m) => m.name);
    const [canaries, runs] = await Promise.all([
      send(clients(region), describeCanaries({ Names }), signal).then((p) => p.Canaries),
      send(clients(region), describeCanariesLastRun({ Names }), signal).then((p) => p.CanariesLastRun),
    ]);
    const canary = new Map(canaries.map((c): [string, Canary] => [c.Name, c]));
    const last = new Map(runs.map((r): [string, CanaryRun] => [r.CanaryName, r.LastRun]));
    for (const m of part) Object.assign(m, { canary: canary.get(m.name), last: last.get(m.name) });
  }));
  return members;
}

/** All groups with the state of their canaries. */
export function useGroups() {
  const client = useSynthetics();
  const clients = useRegional();
  const { session } = useSession();
  return useQuery<GroupRow[]>(
    `groups ${session.account}`,
    async (signal) => {
      const groups = await collect((NextToken) => send(client, listGroups({ MaxResults: 20, NextToken }), signal).then((p) => ({ items: p.Groups, next: p.NextToken })));
      const arns = await Promise.all(groups.map((g) => resources(client, g.Id, signal)));
      const members = await look(clients, [...new Set(arns.flat())], signal);
      return groups.map((group, i) => ({ group, members: arns[i]!.map((arn) => members.get(arn)!) }));
    },
    { every: usual },
  );
}

/** One group with its canaries. */
export function useGroup(name: string) {
  const client = useSynthetics();
  const clients = useRegional();
  const { session } = useSession();
  return useQuery<{ group: Group; members: Member[] }>(
    `group ${session.account} ${name}`,
    async (signal) => {
      const { Group: group } = await send(client, getGroup({ GroupIdentifier: name }), signal);
      const arns = await resources(client, group.Id, signal);
      const members = await look(clients, arns, signal);
      return { group, members: arns.map((arn) => members.get(arn)!) };
    },
    { every: usual },
  );
}

/** The names of the canaries of the session's region, to choose from. */
export function useCanaryNames(enabled: boolean) {
  const client = useSynthetics();
  const { session } = useSession();
  return useQuery<string[]>(
    `canary names ${session.region} ${session.account}`,
    (signal) => collect((NextToken) => send(client, describeCanaries({ MaxResults: 20, NextToken }), signal).then((p) => ({ items: p.Canaries.map((c) => c.Name), next: p.NextToken })), 5000),
    { enabled },
  );
}
