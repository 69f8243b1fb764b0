// What runtime versions can do (user guide, "Runtime versions").

export interface Runtime {
  family: string;
  major: number;
  minor: number;
}

/** Takes "syn-nodejs-puppeteer-13.1" apart. */
export function parseRuntime(name: string): Runtime {
  const at = name.lastIndexOf('-');
  const [major = 0, minor = 0] = name.slice(at + 1).split('.').map(Number);
  return { family: name.slice(0, at), major, minor };
}

const since = (name: string, family: string, major: number) => {
  const r = parseRuntime(name);
  return r.family === family && r.major >= major;
};

/** Whether a canary may name the browsers that it runs in. */
export const hasBrowserChoice = (name: string) => since(name, 'syn-nodejs-puppeteer', 11) || since(name, 'syn-nodejs-playwright', 3);

/** Whether retries and dry runs are offered. */
export const hasDryRuns = (name: string) =>
  since(name, 'syn-nodejs-puppeteer', 10) || since(name, 'syn-nodejs-playwright', 2) || since(name, 'syn-nodejs', 3) || since(name, 'syn-python-selenium', 6) || name === 'syn-python-selenium-5.1';

/** Where the script goes in the archive. */
export function scriptFolder(name: string): string {
  const { family } = parseRuntime(name);
  if (family === 'syn-python-selenium') return since(name, family, 8) ? '' : 'python/';
  return family === 'syn-nodejs-puppeteer' && !since(name, family, 11) ? 'nodejs/node_modules/' : '';
}

/** The language of scripts, and the file that one is in. */
export function scriptFile(name: string): { language: 'javascript' | 'python'; extension: string } {
  return parseRuntime(name).family === 'syn-python-selenium' ? { language: 'python', extension: 'py' } : { language: 'javascript', extension: 'js' };
}

const families: Record<string, string> = {
  'syn-nodejs-puppeteer': 'Node.js with Puppeteer',
  'syn-nodejs-playwright': 'Node.js with Playwright',
  'syn-nodejs': 'Node.js without a browser',
  'syn-python-selenium': 'Python with Selenium',
};

/** A family for people. */
export const familyTitle = (family: string) => families[family] ?? family;
