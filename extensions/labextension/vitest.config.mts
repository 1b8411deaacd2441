import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    // JupyterLab's packages are written for bundlers: they leave endings of file names out.
    server: { deps: { inline: [/@jupyter(lab)?\//] } }
  }
});
