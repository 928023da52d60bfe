import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: a crash in native code then fails one test file and not the whole run.
    pool: 'forks',
    // Native work may use every core by itself, and timings are compared: more files at once only add noise.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
