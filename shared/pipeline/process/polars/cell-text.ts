import pl, { type Expr } from 'nodejs-polars'

/** The exact text of a typed cell. polars' own text of a time lacks the parts of a second. */
export const cellText = (cell: Expr, time: boolean): Expr =>
  time
    ? cell.cast(pl.Int64).cast(pl.Datetime('ns')).cast(pl.String).str.slice(TIME_AT, TIME_LENGTH)
    : cell.cast(pl.String)

/** In `1970-01-01 01:02:03.500000000`. */
const TIME_AT = 11
const TIME_LENGTH = 18
