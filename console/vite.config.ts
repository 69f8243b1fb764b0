import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// While developing, pages come from Vite and everything else from a server
// beside it: NEPHELE_URL=http://127.0.0.1:4566 npm run dev
const server = process.env.NEPHELE_URL ?? 'http://127.0.0.1:4566';

export default defineConfig({
  base: '/_nephele/console/',
  plugins: [react()],
  build: {
    outDir: 'build',
    target: 'es2022',
    modulePreload: { polyfill: false }, // it would be an inline script
    license: true,
    rolldownOptions: { output: { chunkFileNames: 'assets/[name]-[hash].js' } },
  },
  server: {
    fs: { allow: ['..'] }, // blueprints come from the Go code's templates
    proxy: { '^/(?!_nephele/console/(?!config\\.json))': { target: server } },
  },
});
