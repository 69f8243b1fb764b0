// The code archive of a canary: made here, uploaded when it is large.
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand, type BucketLocationConstraint, type S3Client } from '@aws-sdk/client-s3';
import { strToU8, zip } from 'fflate';
import { isCode } from '../aws/errors';
import type { CanaryInput } from '../aws/model';
import { splitLocation } from '../aws/s3';
import { entryOf, scriptsOf, type CanaryForm } from './form';
import { scriptFolder } from './runtime';

/** Bytes of an archive that are sent with the request; larger ones go through S3. */
const inline = 5 << 20;

/** An archive of scripts in the folder where the runtime looks for them. */
export async function pack(files: Record<string, string>, runtime: string): Promise<Uint8Array> {
  const folder = scriptFolder(runtime);
  const entries = Object.fromEntries(Object.entries(files).map(([name, text]) => [name === 'synthetics.json' ? name : folder + name, strToU8(text)]));
  return new Promise((done, failed) => zip(entries, { level: 9 }, (error, data) => (error ? failed(error) : done(data))));
}

/** The code of the form; nothing where the canary keeps its own. */
export async function codeOf(f: CanaryForm, s3: S3Client): Promise<CanaryInput['Code'] | undefined> {
  if (f.source === 'keep') return undefined;
  if (f.source === 's3') {
    const { bucket, key } = splitLocation(f.s3);
    return { S3Bucket: bucket, S3Key: key, Handler: f.handler };
  }
  const scripts = scriptsOf(f);
  const archive = scripts ? await pack(scripts, f.runtime) : new Uint8Array(await f.upload[0]!.arrayBuffer());
  if (archive.length <= inline) return { ZipFile: await base64(archive), ...entryOf(f) };
  const { bucket } = splitLocation(f.artifacts);
  const key = `code/${f.name}/${new Date().toISOString().replace(/[:.]/g, '-')}.zip`;
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: archive, ContentType: 'application/zip' }));
  return { S3Bucket: bucket, S3Key: key, ...entryOf(f) };
}

function base64(data: Uint8Array): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => failed(reader.error ?? new Error('The archive could not be read.'));
    reader.readAsDataURL(new Blob([data as Uint8Array<ArrayBuffer>]));
  });
}

/** Makes the bucket of the artifacts unless there is one. */
export async function ensureBucket(f: CanaryForm, s3: S3Client, region: string) {
  const { bucket: Bucket } = splitLocation(f.artifacts);
  try {
    await s3.send(new HeadBucketCommand({ Bucket }));
  } catch (error) {
    if (!isCode(error, 'NotFound', 'NoSuchBucket', '404')) throw error;
    const LocationConstraint = region as BucketLocationConstraint;
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: region === 'us-east-1' ? undefined : { LocationConstraint } }));
  }
}
