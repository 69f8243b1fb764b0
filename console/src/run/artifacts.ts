// What is known of an artifact before it is opened.

export interface Artifact {
  /** Below the run's location; may have slashes. */
  name: string;
  key: string;
  /** Bytes. */
  size: number;
  modified?: Date;
}

export type FileKind = 'image' | 'json' | 'har' | 'html' | 'text' | 'other';

/** The kind of a file by its name. */
export function fileKind(name: string): FileKind {
  const ext = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  if (['png', 'jpg', 'jpeg', 'gif', 'webp'].includes(ext)) return 'image';
  if (ext === 'json') return 'json';
  if (ext === 'har') return 'har';
  if (ext === 'html' || ext === 'htm') return 'html';
  if (['txt', 'log', 'csv', 'md', 'xml', 'yaml', 'yml', 'js', 'css', 'svg'].includes(ext)) return 'text';
  return 'other';
}

/** A picture's type and, for PNG, its size in pixels, from its first bytes;
 * undefined when it is no picture that is shown. Names do not count: a page
 * shown as the picture that it is called would be a page of this origin. */
export function imageInfo(b: Uint8Array): { type: string; width?: number; height?: number } | undefined {
  const starts = (...bytes: number[]) => bytes.every((x, i) => b[i] === x);
  if (b.length >= 24 && starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) {
    const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (starts(0xff, 0xd8, 0xff)) return { type: 'image/jpeg' };
  if (starts(0x47, 0x49, 0x46, 0x38)) return { type: 'image/gif' };
  if (starts(0x52, 0x49, 0x46, 0x46) && b[8] === 0x57 && b[9] === 0x45) return { type: 'image/webp' };
  return undefined;
}

/** Bytes for people: 512 B, 1.2 kB, 3.4 MB. Thousands, as in AWS. */
export function bytes(n: number): string {
  if (!(n >= 0)) return '–';
  const units = ['B', 'kB', 'MB', 'GB'];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 || n >= 99.95 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}
