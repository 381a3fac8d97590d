import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import winston from 'winston'
import type { Log } from '@convergence/core/ports/log.ts'
import { openLogFile } from './logging/log-file.ts'
import { serialize } from './logging/serialize.ts'
import { WinstonLog } from './logging/winston-log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LoggingOptions {
  readonly level: LogLevel
  /** Lines are appended to this file; absent: written to `stream`. */
  readonly file?: string | undefined
  /** Default: stderr, so that lines never mix with what a command prints. */
  readonly stream?: Writable | undefined
  /** Of the lines' times; default: the system's. */
  readonly nowMs?: (() => number) | undefined
}

/** A log, and how to end it. */
export interface Logging {
  readonly log: Log
  /** Resolves when every line is written. */
  close(): Promise<void>
}

/** Cloud Logging's names. */
const SEVERITY: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

/** One line of JSON each: severity, time, message, then the fields (trace, tenant, pipeline, run …). Values under names of secrets are left out. */
export const createLogging = ({ level, file, stream = process.stderr, nowMs = Date.now }: LoggingOptions): Logging => {
  const out = file === undefined ? stream : openLogFile(file, (message) => void process.stderr.write(message))
  const line = winston.format.printf(({ level: of, message, fields }) => {
    const own = { severity: SEVERITY[of] ?? 'DEFAULT', time: new Date(nowMs()).toISOString(), message }
    return JSON.stringify({ ...own, ...(serialize(fields ?? {}) as object), ...own })
  })
  const logger = winston.createLogger({
    level,
    transports: [new winston.transports.Stream({ stream: out, format: line })],
  })
  return {
    log: new WinstonLog(logger, {}),
    close: async () => {
      const flushed = finished(logger, { readable: false })
      logger.end()
      await flushed
      if (file === undefined) return
      out.end()
      await finished(out)
    },
  }
}
