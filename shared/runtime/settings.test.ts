import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { SETTINGS, envExample, parseSettings } from './settings.ts'

it('an empty environment gives every default', () => {
  expect(parseSettings({})).toEqual({
    project: 'local',
    location: 'local',
    bucket: 'convergence',
    apiKeyPepper: undefined,
    adminKey: undefined,
    corsOrigins: [],
    requestsPerMinute: 600,
    audiences: [],
    callers: [],
    tokenIssuers: ['https://accounts.google.com'],
    region: '',
    resourcePrefix: 'convergence-',
    functionUrls: {},
    taskAccount: '',
    secretsRoot: '.',
    secretVersions: {},
    emulators: {},
    host: '127.0.0.1',
    port: 8080,
    lanes: 16,
    claimLeaseMs: 60_000,
    polarsProcesses: 2,
    polarsChunkBytes: 64_000_000,
    loadMemoryBytes: 1_000_000_000,
    loadThreads: 2,
    sweepEveryMs: 300_000,
    quietMs: 900_000,
    keepFilesMs: 2_592_000_000,
    logLevel: 'info',
    logFile: undefined,
  })
})

it('values of the environment are read, empty ones count as not set', () => {
  const settings = parseSettings({
    CONVERGENCE_CORS_ORIGINS: 'https://a.example, https://b.example',
    CONVERGENCE_PORT: '0',
    CONVERGENCE_LANES: '',
    CONVERGENCE_FUNCTION_URLS: 'ingest=https://a.example, dq=https://b.example',
    CONVERGENCE_POLARS_CHUNK: '16MB',
    HOME: '/root',
  })
  expect(settings).toMatchObject({
    corsOrigins: ['https://a.example', 'https://b.example'],
    port: 0,
    lanes: 16,
    functionUrls: { ingest: 'https://a.example', dq: 'https://b.example' },
    polarsChunkBytes: 16_000_000,
  })
})

it('all problems come at once, and never the secrets', () => {
  const environment = {
    CONVERGENCE_PORT: '70000',
    CONVERGENCE_LOG_LEVEL: 'loud',
    CONVERGENCE_PROT: '1',
    CONVERGENCE_ADMIN_KEY: 'short',
    CONVERGENCE_SECRET_VERSIONS: 'acme_key',
  }
  expect(() => parseSettings(environment)).toThrow(
    'CONVERGENCE_PROT is not a setting: see .env.example; CONVERGENCE_ADMIN_KEY must have at least 16 characters; ' +
      'CONVERGENCE_SECRET_VERSIONS must be name=value, separated by commas; ' +
      'CONVERGENCE_PORT must be a whole number from 0 to 65535; CONVERGENCE_LOG_LEVEL must be one of debug, info, warn, error',
  )
  expect(() => parseSettings(environment)).not.toThrow('short')
})

it('.env.example lists every setting with its default', () => {
  const file = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  expect(file).toBe(envExample())
  for (const { variable } of Object.values(SETTINGS)) expect(file).toContain(`\n${variable}=`)
})
