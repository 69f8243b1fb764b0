// The artifacts of one run in S3.
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { bytes, imageInfo, type Artifact } from './artifacts';

/** The largest files that are opened, in bytes. Larger ones can be downloaded. */
export const LIMITS = { image: 32e6, json: 64e6, text: 4e6, download: 512e6 };

/** The most pixels of a picture: some browsers crash long after this. */
const MAX_PIXELS = 100e6;

/** The most files that are listed. */
const MAX_FILES = 2000;

/** A picture in memory. The URL is good until the store forgets. */
export interface Picture {
  url: string;
  bytes: number;
}

/** Lists and fetches a run's files, and keeps pictures that were looked at. */
export class ArtifactStore {
  readonly #s3: S3Client;
  readonly #pictures = new Map<string, Promise<Picture>>();

  /** prefix has no slash at its end. */
  constructor(s3: S3Client, readonly bucket: string, readonly prefix: string) {
    this.#s3 = s3;
  }

  async list(signal?: AbortSignal): Promise<{ files: Artifact[]; more: boolean }> {
    const files: Artifact[] = [];
    let token: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({ Bucket: this.bucket, Prefix: `${this.prefix}/`, ContinuationToken: token }),
        { abortSignal: signal },
      );
      for (const o of page.Contents ?? []) {
        if (o.Key) files.push({ name: o.Key.slice(this.prefix.length + 1), key: o.Key, size: o.Size ?? 0, modified: o.LastModified });
      }
      token = page.NextContinuationToken;
    } while (token && files.length < MAX_FILES);
    return { files: files.slice(0, MAX_FILES), more: token !== undefined || files.length > MAX_FILES };
  }

  /** The content of a file; an error when it is larger than max. */
  async content(name: string, max: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const gone = new AbortController();
    const signals = signal ? AbortSignal.any([signal, gone.signal]) : gone.signal;
    const object = await this.#s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: `${this.prefix}/${name}` }), { abortSignal: signals });
    if ((object.ContentLength ?? 0) > max || !object.Body) {
      gone.abort();
      throw new Error(`${name} has ${bytes(object.ContentLength ?? 0)}; at most ${bytes(max)} can be shown here. Download it instead.`);
    }
    return (await object.Body.transformToByteArray()) as Uint8Array<ArrayBuffer>;
  }

  /** A file as text; bytes that are not UTF-8 are replaced. */
  async text(name: string, max: number, signal?: AbortSignal): Promise<string> {
    return new TextDecoder().decode(await this.content(name, max, signal));
  }

  /** A picture, fetched once. */
  picture(name: string): Promise<Picture> {
    const known = this.#pictures.get(name);
    if (known) return known;
    const made = this.#load(name);
    this.#pictures.set(name, made);
    made.catch(() => this.#pictures.delete(name));
    return made;
  }

  async #load(name: string): Promise<Picture> {
    const content = await this.content(name, LIMITS.image);
    const info = imageInfo(content);
    if (!info) throw new Error(`${name} is not a picture.`);
    if ((info.width ?? 0) * (info.height ?? 0) > MAX_PIXELS) throw new Error(`${name} is too large to be shown: ${info.width} × ${info.height}.`);
    return { url: URL.createObjectURL(new Blob([content], { type: info.type })), bytes: content.length };
  }

  /** Saves a file. Its type is never told, so that no browser opens it as a
   * page of this origin. */
  async download(name: string): Promise<void> {
    const content = await this.content(name, LIMITS.download);
    const url = URL.createObjectURL(new Blob([content], { type: 'application/octet-stream' }));
    const a = document.createElement('a');
    a.href = url;
    a.download = name.split('/').at(-1) ?? 'artifact';
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** Frees the pictures. The store may be used again; it fetches them anew. */
  forget(): void {
    for (const p of this.#pictures.values()) p.then((x) => URL.revokeObjectURL(x.url), () => {});
    this.#pictures.clear();
  }
}
