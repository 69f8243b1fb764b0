// Compares two screenshots, pixel by pixel, and draws the difference.
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

/** Bounds on a picture, checked before it is unpacked. */
export const maxSide = 16384;
export const maxPixels = 20_000_000;

/** How far two colors may be apart before a pixel counts (pixelmatch's own measure, 0 to 1). */
const sensitivity = 0.1;

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Reads a PNG file's content: {width, height, data}, four bytes a pixel. */
export function decode(file, what) {
  if (file.length < 33 || !file.subarray(0, 8).equals(signature) || file.toString('latin1', 12, 16) !== 'IHDR') {
    throw new Error(`${what} is not a PNG picture`);
  }
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  if (width === 0 || height === 0 || width > maxSide || height > maxSide || width * height > maxPixels) {
    throw new Error(`${what} has ${width} by ${height} pixels: more than can be compared`);
  }
  // An interlaced picture is unpacked without a bound.
  if (file[28] !== 0) throw new Error(`${what} is an interlaced PNG picture, which cannot be compared`);
  try {
    return PNG.sync.read(file);
  } catch (err) {
    throw new Error(`${what} cannot be read: ${err.message}`);
  }
}

/**
 * Compares two pictures. What only one of them has is different. Areas
 * {X1, Y1, X2, Y2} do not count.
 * @returns {{pixels: number, different: number, percent: number, picture: function(): Buffer}}
 *   pixels that count, those that differ, their share, and the difference as a PNG
 */
export function compare(base, other, { ignore = [], color = '#fafa00' } = {}) {
  const width = Math.max(base.width, other.width);
  const height = Math.max(base.height, other.height);
  if (width * height > maxPixels) throw new Error(`The pictures together have ${width} by ${height} pixels: more than can be compared`);
  const a = spread(base, width, height);
  const b = spread(other, width, height);
  const rgb = parseColor(color);
  const ignored = mask(ignore, width, height);
  const outside = overhang(base, other, width, height);
  for (let i = 0; i < width * height; i++) {
    if (ignored[i] || outside[i]) a.copy(b, i * 4, i * 4, i * 4 + 4);
  }
  const drawn = Buffer.alloc(a.length);
  let different = pixelmatch(a, b, drawn, width, height, { threshold: sensitivity, alpha: 0.25, diffColor: rgb, aaColor: [205, 205, 205] });
  let pixels = 0;
  for (let i = 0; i < width * height; i++) {
    if (ignored[i]) {
      paint(drawn, i, width, [150, 150, 170]);
      continue;
    }
    pixels++;
    if (!outside[i]) continue;
    different++;
    drawn.set([...rgb, 255], i * 4);
  }
  return {
    width, height, pixels, different, percent: pixels === 0 ? 0 : (100 * different) / pixels,
    picture: () => PNG.sync.write(Object.assign(new PNG({ width, height }), { data: drawn }), { colorType: 2, deflateLevel: 6, deflateStrategy: 3 }),
  };
}

/** The picture on a canvas of the given size, white where it ends. */
function spread({ width, height, data }, w, h) {
  if (width === w && height === h) return data;
  const out = Buffer.alloc(w * h * 4, 255);
  for (let y = 0; y < height; y++) data.copy(out, y * w * 4, y * width * 4, (y + 1) * width * 4);
  return out;
}

/** Marks the pixels of the areas. */
function mask(areas, width, height) {
  const out = new Uint8Array(width * height);
  const within = (v, max) => Math.min(Math.max(Math.round(v) || 0, 0), max);
  for (const { X1, Y1, X2, Y2 } of areas) {
    const [left, right] = [within(Math.min(X1, X2), width), within(Math.max(X1, X2), width)];
    const [top, bottom] = [within(Math.min(Y1, Y2), height), within(Math.max(Y1, Y2), height)];
    for (let y = top; y < bottom; y++) out.fill(1, y * width + left, y * width + right);
  }
  return out;
}

/** Marks the pixels that one of the two pictures does not have. */
function overhang(a, b, width, height) {
  const out = new Uint8Array(width * height);
  const [w, h] = [Math.min(a.width, b.width), Math.min(a.height, b.height)];
  for (let y = 0; y < height; y++) out.fill(1, y * width + (y < h ? w : 0), (y + 1) * width);
  return out;
}

/** Stripes on a pixel of an area that does not count. */
function paint(drawn, i, width, rgb) {
  const striped = (Math.floor(i / width) + (i % width)) % 12 < 2;
  if (striped) drawn.set([...rgb, 255], i * 4);
}

/** "#fafa00", "fafa00" or "#fa0" as three numbers. */
export function parseColor(text) {
  const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1];
  if (!hex) throw new Error(`"${text}" is not a color such as #fafa00`);
  const wide = hex.length === 3 ? [...hex].map((c) => c + c).join('') : hex;
  return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16));
}
