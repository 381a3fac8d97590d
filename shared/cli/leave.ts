import { flushCompileCache } from 'node:module'

/**
 * Tells the exit code to the process that handed over, and dies. An ordinary exit of Node waits for V8's compiler threads, which may
 * wait for a garbage collection that never comes (nodejs/node#54918): the command would hang after its last line. It also ends work
 * that somebody left behind.
 */
export const leave = async (exitCode: number): Promise<void> => {
  process.exitCode = exitCode
  if (!process.send) return
  // It is written at an ordinary exit only.
  flushCompileCache()
  await Promise.all([process.stdout, process.stderr].map(drained))
  process.send({ exitCode }, () => process.kill(process.pid, 'SIGKILL'))
}

/** What was written to a pipe is on its way until then; nobody may read it any more. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed) return resolve()
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
