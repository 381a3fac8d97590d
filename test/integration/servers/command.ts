import { spawn } from 'node:child_process'

/** Runs a command to its end. Throws with the last that it printed when it fails. */
export const command = (file: string, args: readonly string[], env: Record<string, string> = {}): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let words = ''
    const hear = (text: Buffer): void => {
      words = (words + text.toString()).slice(-4_000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', (error) => reject(new Error(`${file} cannot be started: ${error.message}`)))
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${[file, ...args].join(' ')} ended with code ${code}:\n${words}`)),
    )
  })
