import { describe, expect, it } from 'vitest'
import { EMPTY_LEDGER, noteReplaced, stillOurs, WHOLE_TABLE, type LedgerClaim } from './ledger.ts'

const claim = (partitions: string[], plannedAtMs: number): LedgerClaim => ({
  runId: 'r',
  stepId: 's',
  jobId: 'j',
  attempt: 1,
  project: 'p',
  location: 'EU',
  leaseUntilMs: 0,
  finished: false,
  partitions,
  plannedAtMs,
})

describe('older never replaces newer', () => {
  const book = noteReplaced(EMPTY_LEDGER, claim(['2026-01-02'], 200))

  it('leaves out the partitions that a later planner has replaced, and keeps the others', () => {
    expect(stillOurs(book, ['2026-01-01', '2026-01-02'], 100)).toEqual(['2026-01-01'])
    expect(stillOurs(book, ['2026-01-01', '2026-01-02'], 300)).toEqual(['2026-01-01', '2026-01-02'])
  })

  it('keeps an older overwrite of the whole table from any newer partition, and an older partition from a newer table', () => {
    expect(stillOurs(book, [WHOLE_TABLE], 100)).toEqual([])
    expect(stillOurs(noteReplaced(book, claim([WHOLE_TABLE], 400)), ['2026-01-09'], 300)).toEqual([])
  })

  it('does not forget the newest when an older publish is noted late', () => {
    expect(noteReplaced(book, claim(['2026-01-02'], 50)).replaced['2026-01-02']).toBe(200)
  })
})
