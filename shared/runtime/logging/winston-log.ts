import type winston from 'winston'
import type { Log, LogFields } from '@convergence/core/ports/log.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/** The port on a winston logger: a line's fields travel to its format as one value. */
export class WinstonLog implements Log {
  readonly #logger: winston.Logger
  readonly #fields: LogFields

  constructor(logger: winston.Logger, fields: LogFields) {
    this.#logger = logger
    this.#fields = fields
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields)
  }

  with(fields: LogFields): Log {
    return new WinstonLog(this.#logger, { ...this.#fields, ...fields })
  }

  #write(level: Level, message: string, fields: LogFields = {}): void {
    this.#logger.log({ level, message, fields: { ...this.#fields, ...fields } })
  }
}
