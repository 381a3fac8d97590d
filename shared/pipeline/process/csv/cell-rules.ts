import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import { decimalType } from '../values/read-value.ts'

/** What the cells of a column may be, beside empty (NULL), so that a fast reader cannot read them otherwise than we do. */
export const TEXT = 0
const INTEGER = 1
export const DECIMAL = 2
export const DATE = 3

/** By position of the columns in the file. */
export interface CellRules {
  readonly kinds: Uint8Array
  /** Most digits before the point. */
  readonly wholeDigits: Uint8Array
  /** Most digits after the point. */
  readonly scales: Uint8Array
  /** 1 where an empty cell is bad. */
  readonly required: Uint8Array
}

/** Any integer of so many digits fits INT64. */
const INT64_DIGITS = 18

/** The rules of a file's columns; undefined when none has one. A column that several targets read has none. */
export const cellRules = (names: readonly string[], columns: readonly TargetColumn[]): CellRules | undefined => {
  const rules = {
    kinds: new Uint8Array(names.length),
    wholeDigits: new Uint8Array(names.length),
    scales: new Uint8Array(names.length),
    required: new Uint8Array(names.length),
  }
  for (const [i, name] of names.entries()) {
    const targets = columns.filter(({ source }) => source === name)
    const [target] = targets
    if (target === undefined || targets.length > 1) continue
    const { field } = target
    const kind = kindOf(target)
    if (kind === TEXT) continue
    const { precision, scale } = kind === DECIMAL ? decimalType(field) : { precision: INT64_DIGITS, scale: 0 }
    rules.kinds[i] = kind
    rules.wholeDigits[i] = precision - scale
    rules.scales[i] = scale
    rules.required[i] = field.mode === 'REQUIRED' ? 1 : 0
  }
  return rules.kinds.some((kind) => kind !== TEXT) ? rules : undefined
}

const kindOf = ({ field, parse }: TargetColumn): number => {
  if (parse !== undefined || field.mode === 'REPEATED') return TEXT
  switch (field.type) {
    case 'INT64':
      return INTEGER
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return DECIMAL
    case 'DATE':
      return DATE
    default:
      return TEXT
  }
}
