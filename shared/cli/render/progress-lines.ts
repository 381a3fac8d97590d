import type { RunLook } from '../platform/platform.ts'
import { noteBaselines, type Baselines } from './baselines.ts'
import { details, statusWord, troubleText, waitText } from './progress.ts'

/** How long a step may be silent in a pipe, milliseconds. */
const QUIET_MS = 10_000

/** Progress as plain lines: one when something changes, and one now and then while a step works. Remembers what it told. */
export const progressLines = (): ((look: RunLook, nowMs: number) => string[]) => {
  let status = ''
  let baselines: Baselines = new Map()
  let trouble: string | undefined
  const waits = new Map<string, string>()
  const told = new Map<string, { status: string; atMs: number; text: string }>()
  return (look, nowMs) => {
    const lines: string[] = []
    baselines = noteBaselines(baselines, look, nowMs)
    if (look.run.status !== status) lines.push(`run ${look.run.run_id}: ${look.run.status.toLowerCase()}`)
    status = look.run.status
    for (const step of look.run.steps) {
      const before = told.get(step.step_id)
      if (step.status === 'PENDING') continue
      const text = [`step ${step.step_id}: ${statusWord(step)}`, ...details(step, { look, nowMs, baselines })].join(
        ', ',
      )
      const isNew = before?.status !== step.status
      const isDue = before !== undefined && nowMs - before.atMs >= QUIET_MS && before.text !== text
      if (!isNew && !isDue) continue
      lines.push(text)
      told.set(step.step_id, { status: step.status, atMs: nowMs, text })
    }
    for (const wait of look.waits) {
      if (waits.get(wait.stepId) !== wait.until) lines.push(`step ${wait.stepId}: ${waitText(wait, nowMs)}`)
      waits.set(wait.stepId, wait.until)
    }
    if (look.trouble !== undefined && look.trouble !== trouble) lines.push(troubleText(look.trouble))
    trouble = look.trouble
    return lines
  }
}
