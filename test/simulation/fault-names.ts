import { PROFILES, type ProfileName } from './profiles.ts'

const WRITES = ['publish', 'enqueue', 'state set', 'state delete', 'object put', 'job', 'record']

/** What a run of many seeds counts. One that never happened was not looked for. */
const OF_ALL = ['too many writes']
const OF_FAULTS = [
  'crash-before',
  'crash-after',
  'error',
  ...WRITES.map((write) => `lost-answer of ${write}`),
  'own write refused',
  'late-effect',
  'pause',
  'competing writer',
  'cancel',
  'timeOut',
  'suspend',
  'deploy',
  'giveUp',
  'sweep',
  'rotate',
  'refused key',
  'vanish',
  'blackout',
  'clockStep',
  'clock-skew',
  'duplicate',
  'late',
  'dropped-ack',
  'short-deadline',
  'ack deadline passed',
  'old attempt ends after its replacement',
  'used task name',
  'forgotten task name',
  'used job id',
  'job fails',
  'slow job',
  'load quota',
  'too many parts',
  'dead letter',
  'healed by a sweep',
]

export const neverHappened = (profile: ProfileName, counts: ReadonlyMap<string, number>): string[] =>
  [...OF_ALL, ...(PROFILES[profile].crash > 0 ? OF_FAULTS : [])].filter((name) => !counts.has(name))
