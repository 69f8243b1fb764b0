import { defineConfig } from 'vite';

// The unit tests as one file, so that running them needs Node.js alone.
export default defineConfig({
  publicDir: false,
  build: {
    ssr: 'src/unit.ts',
    outDir: 'dist',
    emptyOutDir: false,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'unit.mjs' } },
  },
});
