// What the sandbox's proxy tells of the connections it made for this run: the
// far end's address, and how long finding and reaching it took. A program
// behind a proxy cannot see that itself.
const known = new Map();
const maxKnown = 1000;

/** Reads the head of the proxy's answer to CONNECT target. Returns what it told, or undefined. */
export function learn(target, head) {
  const line = /^x-nephele-egress-peer:\s*(\S+) dns=([\d.]+) connect=([\d.]+)/im.exec(head);
  if (!line) return undefined;
  const told = { ip: line[1], dns: Number(line[2]), connect: Number(line[3]) };
  if (known.size < maxKnown || known.has(target)) known.set(target, told);
  return told;
}

/** What is known of the server of a URL: {ip, dns, connect}, times in milliseconds. */
export function egressOf(url) {
  if (known.size === 0) return undefined;
  try {
    const { hostname, port, protocol } = new URL(url);
    return known.get(`${hostname}:${port || (protocol === 'https:' || protocol === 'wss:' ? 443 : 80)}`);
  } catch {
    return undefined;
  }
}
