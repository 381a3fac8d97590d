import { LoggingWinston } from '@google-cloud/logging-winston'
import winston from 'winston'
import type { Logging, LogLevel } from '../logging.ts'
import { serialize } from './serialize.ts'
import { WinstonLog } from './winston-log.ts'

/** Fields by which lines are searched: labels, which Cloud Logging indexes. */
const LABELS = ['function', 'tenant', 'pipeline', 'run', 'step']

/** winston's own names for a line's level and text. */
const OWN = [Symbol.for('level'), Symbol.for('message')]

/** Lines of JSON on standard output, which Cloud Run reads: each tied to its trace, and labelled with tenant, run and step. */
export const createCloudLogging = ({ level, project }: { level: LogLevel; project: string }): Logging => {
  const transport = new LoggingWinston({ redirectToStdout: true, useMessageField: false, projectId: project })
  const tie = winston.format((line) => {
    const { trace, ...fields } = serialize(line['fields'] ?? {}) as Record<string, unknown>
    const labels = Object.entries(fields).filter(([name, value]) => LABELS.includes(name) && typeof value === 'string')
    return {
      ...fields,
      level: line.level,
      message: line.message,
      ...Object.fromEntries(OWN.map((name) => [name, line[name as unknown as string]])),
      labels: Object.fromEntries(labels),
      ...(typeof trace === 'string' && { [LoggingWinston.LOGGING_TRACE_KEY]: `projects/${project}/traces/${trace}` }),
    }
  })
  const logger = winston.createLogger({ level, format: tie(), transports: [transport] })
  // Standard output is written at once.
  return { log: new WinstonLog(logger, {}), close: () => Promise.resolve() }
}
