import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { CsvInput } from '@convergence/core/ports/processor.ts'

/** How a CSV file is written, in bytes. */
export interface CsvDialect {
  readonly delimiter: number
  /** -1: nothing is quoted. */
  readonly quote: number
}

export const LF = 0x0a
export const CR = 0x0d

/** Throws InvalidConfigError unless delimiter and quote are one ASCII character each. */
export const csvDialect = (format: Pick<CsvInput, 'delimiter' | 'quote'>): CsvDialect => {
  const delimiter = oneByte('delimiter', format.delimiter)
  const quote = format.quote === '' ? -1 : oneByte('quote', format.quote)
  if (delimiter === quote)
    throw new InvalidConfigError(`csv: delimiter and quote are both ${JSON.stringify(format.quote)}`)
  return { delimiter, quote }
}

const oneByte = (name: string, text: string): number => {
  const code = text.charCodeAt(0)
  if (text.length !== 1 || code === 0 || code > 0x7e || code === LF || code === CR)
    throw new InvalidConfigError(`csv: ${name} must be one ASCII character, not ${JSON.stringify(text)}`)
  return code
}
