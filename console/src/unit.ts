// All tests of functions that need no browser, as one program for Node.js:
// vite.unit.config.ts bundles it to dist/unit.mjs.
import.meta.glob('./**/*.test.ts', { eager: true });
