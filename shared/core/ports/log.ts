/** Structured logs: one line of JSON each. Fields never hold secrets or rows. */
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log whose lines carry these fields too (tenant, pipeline, run, trace). */
  with(fields: LogFields): Log
}
