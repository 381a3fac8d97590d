import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Contestant, TaskOf } from './contestant.ts'

/** What one contestant took: wall time of its work (its imports are done before), and what it and all its child processes used. */
export interface Figure {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Highest sum of anonymous resident memory (RssAnon) over the process tree: pages of files that are mapped do not count. */
  readonly peakMiB: number
}

const CONTESTANT = fileURLToPath(new URL('contestant.ts', import.meta.url))
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/convergence-compile', import.meta.url))
const WATCH_MS = 25

/** Runs a contestant in a process of its own. */
export const measure = <C extends Contestant, Output>(
  contestant: C,
  task: TaskOf<C>,
): Promise<{ figure: Figure; output: Output }> =>
  new Promise((resolve, reject) => {
    const child = fork(CONTESTANT, [contestant, JSON.stringify(task)], {
      // All as the convergence command sets them.
      execArgv: ['--disable-warning=ExperimentalWarning', '--external-memory-accounted-in-global-limit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16', NODE_COMPILE_CACHE: COMPILE_CACHE },
    })
    let peakKiB = 0
    const watch = setInterval(() => {
      if (child.pid !== undefined) peakKiB = Math.max(peakKiB, treeKiB(child.pid))
    }, WATCH_MS)
    let answer: { seconds: number; cpuSeconds: number; output: Output } | undefined
    child.on('message', (message) => {
      answer = message as typeof answer
    })
    child.on('exit', (code) => {
      clearInterval(watch)
      if (!answer) return reject(new Error(`${contestant} ended with code ${code}`))
      const { output, ...times } = answer
      resolve({ figure: { ...times, peakMiB: Math.round(peakKiB / 1024) }, output })
    })
  })

/** RssAnon of a process and all below it. */
const treeKiB = (pid: number): number => {
  try {
    const own = Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return children.reduce((sum, child) => sum + treeKiB(Number(child)), own)
  } catch {
    // It ended while we looked.
    return 0
  }
}
