// The Synthetics client. The SDK's own is older than dry runs, retries, browsers
// and visual references: its deserializers drop members that they do not know.
// Commands made by define speak of everything; they go through the same client,
// with its signatures, retries and errors.
import { GetCanaryCommand, SyntheticsClient, type GetCanaryCommandOutput } from '@aws-sdk/client-synthetics';
import { clientHook } from './clients';
import { settings } from './settings';
import type { Canary, CanaryInput, CanaryLastRun, CanaryRun, DryRunConfig, Group, GroupSummary, RuntimeVersion } from './model';

/** The Synthetics client of the session. */
export const useSynthetics = clientHook((s) => new SyntheticsClient(settings(s)));

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

// The members of GetCanaryCommand that its class builder sets and its types hide.
interface Serde {
  serialize(input: unknown, context: unknown): Promise<Request>;
  deserialize(response: Response, context: Context): Promise<unknown>;
}
interface Request {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: string;
}
interface Response {
  statusCode: number;
  headers: Record<string, string>;
  body: unknown;
}
interface Context {
  streamCollector(body: unknown): Promise<Uint8Array>;
}

/** Members that hold times: seconds since 1970 on the wire. */
const times = /^(Created|Created(Time|At)|LastModified(Time)?|LastStarted|LastStopped|Started|Completed|MetricTimestampForRunAndRetries|ReleaseDate|DeprecationDate)$/;

function revive(name: string, value: unknown): unknown {
  return typeof value === 'number' && times.test(name) ? new Date(value * 1000) : value;
}

/**
 * A command of operation METHOD path. Members of the input that the path names
 * in braces go there, those in query there, the others into the body.
 */
function define<I extends object, O>(method: Method, path: string, query: string[] = []) {
  return (input: I) => {
    const command = new GetCanaryCommand({ Name: 'x' });
    const serde = command as unknown as Serde;
    const { serialize, deserialize } = serde;
    serde.serialize = async (_, context) => {
      const request = await serialize({ Name: 'x' }, context);
      const body = { ...input } as Record<string, unknown>;
      const take = (name: string) => {
        const value = body[name];
        delete body[name];
        return value === undefined ? undefined : String(value);
      };
      const prefix = request.path.replace(/\/canary\/x$/, '');
      request.method = method;
      request.path = prefix + path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(take(name) ?? ''));
      for (const name of query) {
        const value = take(name);
        if (value !== undefined) request.query[name[0]!.toLowerCase() + name.slice(1)] = value;
      }
      if (method === 'POST' || method === 'PATCH') {
        request.headers['content-type'] = 'application/json';
        request.body = JSON.stringify(body);
      }
      return request;
    };
    serde.deserialize = async (response, context) => {
      if (response.statusCode >= 300) return deserialize(response, context); // throws what the SDK throws
      const text = new TextDecoder().decode(await context.streamCollector(response.body));
      const answer = text ? (JSON.parse(text, revive) as object) : {};
      return { ...answer, $metadata: { httpStatusCode: response.statusCode, requestId: response.headers['x-amzn-requestid'] } };
    };
    return command as unknown as Command<O>;
  };
}

/** A command that the client sends, and what it answers. */
type Command<O> = GetCanaryCommand & { readonly answers?: O };

/** Sends a command made here. */
export async function send<O>(client: SyntheticsClient, command: Command<O>, signal?: AbortSignal): Promise<O> {
  return (await client.send(command, { abortSignal: signal })) as GetCanaryCommandOutput & O;
}

interface Page {
  NextToken?: string;
  MaxResults?: number;
}
interface Paged {
  NextToken?: string;
}

export const createCanary = define<CanaryInput & { Name: string }, { Canary: Canary }>('POST', '/canary');
export const getCanary = define<{ Name: string; DryRunId?: string }, { Canary: Canary }>('GET', '/canary/{Name}', ['DryRunId']);
export const updateCanary = define<Partial<CanaryInput> & { Name: string; DryRunId?: string }, object>('PATCH', '/canary/{Name}');
export const deleteCanary = define<{ Name: string; DeleteLambda?: boolean }, object>('DELETE', '/canary/{Name}', ['DeleteLambda']);
export const startCanary = define<{ Name: string }, object>('POST', '/canary/{Name}/start');
export const stopCanary = define<{ Name: string }, object>('POST', '/canary/{Name}/stop');
export const startCanaryDryRun = define<Partial<CanaryInput> & { Name: string }, { DryRunConfig: DryRunConfig }>('POST', '/canary/{Name}/dry-run/start');
export const describeCanaries = define<Page & { Names?: string[] }, Paged & { Canaries: Canary[] }>('POST', '/canaries');
export const describeCanariesLastRun = define<Page & { Names?: string[]; BrowserType?: string }, Paged & { CanariesLastRun: CanaryLastRun[] }>('POST', '/canaries/last-run');
export const describeRuntimeVersions = define<Page, Paged & { RuntimeVersions: RuntimeVersion[] }>('POST', '/runtime-versions');
export const getCanaryRuns = define<Page & { Name: string; DryRunId?: string; RunType?: 'CANARY_RUN' | 'DRY_RUN' }, Paged & { CanaryRuns: CanaryRun[] }>('POST', '/canary/{Name}/runs');

export const createGroup = define<{ Name: string; Tags?: Record<string, string> }, { Group: Group }>('POST', '/group');
export const getGroup = define<{ GroupIdentifier: string }, { Group: Group }>('GET', '/group/{GroupIdentifier}');
export const deleteGroup = define<{ GroupIdentifier: string }, object>('DELETE', '/group/{GroupIdentifier}');
export const associateResource = define<{ GroupIdentifier: string; ResourceArn: string }, object>('PATCH', '/group/{GroupIdentifier}/associate');
export const disassociateResource = define<{ GroupIdentifier: string; ResourceArn: string }, object>('PATCH', '/group/{GroupIdentifier}/disassociate');
export const listGroups = define<Page, Paged & { Groups: GroupSummary[] }>('POST', '/groups');
export const listGroupResources = define<Page & { GroupIdentifier: string }, Paged & { Resources: string[] }>('POST', '/group/{GroupIdentifier}/resources');
export const listAssociatedGroups = define<Page & { ResourceArn: string }, Paged & { Groups: GroupSummary[] }>('POST', '/resource/{ResourceArn}/groups');

export const listTags = define<{ ResourceArn: string }, { Tags: Record<string, string> }>('GET', '/tags/{ResourceArn}');
export const tagResource = define<{ ResourceArn: string; Tags: Record<string, string> }, object>('POST', '/tags/{ResourceArn}');

/** Collects the pages of a listing, up to most items. */
export async function collect<T>(page: (token?: string) => Promise<{ items: T[]; next?: string }>, most = 1000): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await page(token);
    all.push(...items);
    token = next;
  } while (token && all.length < most);
  return all.slice(0, most);
}
