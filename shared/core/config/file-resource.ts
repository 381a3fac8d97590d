import { z } from 'zod'
import { oneOf } from './fields.ts'
import { shape } from './shape.ts'

const oneCharacter = z.string().regex(/^[\x20-\x7e\t]$/, 'must be one character')

const csvDialect = z
  .strictObject({
    delimiter: oneCharacter.default(','),
    quote: oneCharacter.default('"'),
    /** The first record names the columns. False: `columns` does. */
    header: z.boolean().default(true),
    columns: z.array(z.string().min(1)).min(1).optional(),
    /** Unquoted texts that are NULL. */
    null_values: z.array(z.string()).default(['']),
  })
  .refine((csv) => csv.header || csv.columns !== undefined, {
    path: ['columns'],
    message: 'is missing: without a header, name the columns here',
  })
  .refine((csv) => !csv.header || csv.columns === undefined, {
    path: ['columns'],
    message: 'the header names the columns: set `header: false`, or use `rename`',
  })
  .refine((csv) => csv.delimiter !== csv.quote, { path: ['quote'], message: 'must differ from the delimiter' })

const anyFile = {
  /** `*` and `?` stay inside a folder, `**` crosses folders. A template. */
  glob: z.string().min(1).max(1_024),
  /** No file, or files without rows, are a result; else they fail the step. */
  allow_empty: z.boolean().default(false),
  ...shape,
}

export const fileResource = z.discriminatedUnion(
  'format',
  [
    z.strictObject({ ...anyFile, format: z.literal('csv'), csv: csvDialect.prefault({}) }),
    z.strictObject({ ...anyFile, format: z.literal('ndjson') }),
    /** One document; its records are at `records`. */
    z.strictObject({ ...anyFile, format: z.literal('json'), records: z.string().min(1).default('[*]') }),
    z.strictObject({ ...anyFile, format: z.literal('parquet') }),
  ],
  { error: oneOf('format', ['csv', 'ndjson', 'json', 'parquet'], ['avro']) },
)
export type FileResource = z.output<typeof fileResource>
