import type { Statements } from '../statements.ts'

/** How long the name of a task that is done is refused. */
const NAME_MEMORY_MS = 3_600_000

export interface Publish {
  readonly channel: string
  readonly payload: string
  readonly dueMs: number
}

export const publish = (statements: Statements, { channel, payload, dueMs }: Publish): void => {
  statements.prepare('INSERT INTO deliveries (channel, payload, due_ms) VALUES (?, ?, ?)').run(channel, payload, dueMs)
}

export interface Enqueue extends Publish {
  readonly name: string
  readonly nowMs: number
}

export const enqueue = (
  statements: Statements,
  { channel, name, payload, dueMs, nowMs }: Enqueue,
): 'enqueued' | 'exists' => {
  statements.prepare('DELETE FROM task_names WHERE forgotten_ms <= ?').run(nowMs)
  const named = statements
    .prepare('INSERT INTO task_names (channel, name) VALUES (?, ?) ON CONFLICT DO NOTHING')
    .run(channel, name)
  if (named.changes === 0) return 'exists'
  statements
    .prepare('INSERT INTO deliveries (channel, name, payload, due_ms) VALUES (?, ?, ?, ?)')
    .run(channel, name, payload, dueMs)
  return 'enqueued'
}

export interface ClaimedDelivery {
  readonly id: number
  readonly channel: string
  readonly name: string | null
  readonly payload: string
  readonly dueMs: number
  /** With this one. */
  readonly attempts: number
  readonly failures: number
}

export interface Claim {
  readonly channels: readonly { readonly channel: string; readonly limit: number }[]
  readonly nowMs: number
}

export interface ClaimResult {
  readonly claimed: ClaimedDelivery[]
  /** The earliest of what is left unclaimed, for each channel where something is. */
  readonly waiting: { readonly channel: string; readonly dueMs: number }[]
}

export const claim = (statements: Statements, { channels, nowMs }: Claim): ClaimResult => {
  const take = statements.prepare(
    `UPDATE deliveries SET claimed = 1, attempts = attempts + 1 WHERE id IN
       (SELECT id FROM deliveries WHERE channel = ? AND claimed = 0 AND due_ms <= ? ORDER BY due_ms, id LIMIT ?)
     RETURNING id, channel, name, payload, due_ms AS dueMs, attempts, failures`,
  )
  const claimed = channels
    .filter(({ limit }) => limit > 0)
    .flatMap(({ channel, limit }) => take.all(channel, nowMs, limit) as unknown as ClaimedDelivery[])
    .toSorted((a, b) => a.dueMs - b.dueMs || a.id - b.id)
  const next = statements.prepare(
    'SELECT due_ms FROM deliveries WHERE channel = ? AND claimed = 0 ORDER BY due_ms LIMIT 1',
  )
  const waiting = channels.flatMap(({ channel }) => {
    const row = next.get(channel)
    return row ? [{ channel, dueMs: row['due_ms'] as number }] : []
  })
  return { claimed, waiting }
}

const remove = (statements: Statements, id: number, nowMs: number): void => {
  const row = statements.prepare('DELETE FROM deliveries WHERE id = ? RETURNING channel, name').get(id)
  if (row === undefined || row['name'] === null) return
  statements
    .prepare('UPDATE task_names SET forgotten_ms = ? WHERE channel = ? AND name = ?')
    .run(nowMs + NAME_MEMORY_MS, row['channel']!, row['name']!)
}

/** The handler resolved: it is never delivered again. */
export const acknowledge = (statements: Statements, { id, nowMs }: { id: number; nowMs: number }): void =>
  remove(statements, id, nowMs)

export interface Retry {
  readonly id: number
  readonly dueMs: number
  readonly error: string
}

export const retry = (statements: Statements, { id, dueMs, error }: Retry): void => {
  statements
    .prepare('UPDATE deliveries SET claimed = 0, failures = failures + 1, due_ms = ?, last_error = ? WHERE id = ?')
    .run(dueMs, error, id)
}

export interface Bury {
  readonly id: number
  readonly code: string
  readonly reason: string
  readonly nowMs: number
}

export const bury = (statements: Statements, { id, code, reason, nowMs }: Bury): void => {
  statements
    .prepare(
      `INSERT INTO dead_letters (channel, name, payload, attempts, code, reason, at_ms)
       SELECT channel, name, payload, attempts, ?, ?, ? FROM deliveries WHERE id = ?`,
    )
    .run(code, reason, nowMs, id)
  remove(statements, id, nowMs)
}

/** Voids the claims of a process that died: there is one owner, and it is just starting. */
export const releaseClaims = (statements: Statements, channels: readonly string[]): void => {
  const release = statements.prepare('UPDATE deliveries SET claimed = 0 WHERE claimed = 1 AND channel = ?')
  for (const channel of channels) release.run(channel)
}

export interface DeadLetterRow {
  readonly id: number
  readonly channel: string
  readonly name: string | null
  readonly payload: string
  readonly attempts: number
  readonly code: string
  readonly reason: string
  readonly atMs: number
}

/** Newest first. */
export const listDeadLetters = (statements: Statements, limit: number): DeadLetterRow[] =>
  statements
    .prepare(
      'SELECT id, channel, name, payload, attempts, code, reason, at_ms AS atMs FROM dead_letters ORDER BY id DESC LIMIT ?',
    )
    .all(limit) as unknown as DeadLetterRow[]

export interface WaitingRow {
  readonly channel: string
  readonly payload: string
  readonly dueMs: number
  /** 1: its handler is at work. */
  readonly claimed: number
  readonly attempts: number
  readonly lastError: string | null
}

/** What is under way, or waits, for a run; in the order in which it is due. */
export const deliveriesOfRun = (statements: Statements, runId: string): WaitingRow[] =>
  statements
    .prepare(
      `SELECT channel, payload, due_ms AS dueMs, claimed, attempts, last_error AS lastError FROM deliveries
       WHERE json_extract(payload, '$.runId') = ? ORDER BY due_ms, id`,
    )
    .all(runId) as unknown as WaitingRow[]

/** Oldest first. */
export const deadLettersOfRun = (statements: Statements, runId: string): DeadLetterRow[] =>
  statements
    .prepare(
      `SELECT id, channel, name, payload, attempts, code, reason, at_ms AS atMs FROM dead_letters
       WHERE json_extract(payload, '$.runId') = ? ORDER BY id`,
    )
    .all(runId) as unknown as DeadLetterRow[]
