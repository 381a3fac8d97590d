import type { Field } from '@convergence/core/table.ts'

/** Names by which other engines know BigQuery's types; Great Expectations takes any of them. */
const NAMES: Readonly<Record<Field['type'], readonly string[]>> = {
  STRING: [
    'STRING',
    'TEXT',
    'VARCHAR',
    'CHAR',
    'NVARCHAR',
    'NCHAR',
    'CHARACTER',
    'CHARACTER_VARYING',
    'UNICODE',
    'UNICODETEXT',
    'STR',
  ],
  BYTES: ['BYTES', 'BLOB', 'BINARY', 'VARBINARY', 'BYTEA', 'LARGEBINARY'],
  INT64: [
    'INT64',
    'INTEGER',
    'INT',
    'BIGINT',
    'SMALLINT',
    'TINYINT',
    'BYTEINT',
    'BIGINTEGER',
    'SMALLINTEGER',
    'LONG',
    'INT8',
    'INT4',
    'INT2',
  ],
  FLOAT64: ['FLOAT64', 'FLOAT', 'DOUBLE', 'DOUBLE_PRECISION', 'REAL', 'FLOAT8', 'FLOAT4'],
  NUMERIC: ['NUMERIC', 'DECIMAL'],
  BIGNUMERIC: ['BIGNUMERIC', 'BIGDECIMAL'],
  BOOL: ['BOOL', 'BOOLEAN'],
  DATE: ['DATE'],
  DATETIME: ['DATETIME', 'TIMESTAMP_NTZ', 'TIMESTAMP_WITHOUT_TIME_ZONE'],
  TIME: ['TIME'],
  TIMESTAMP: ['TIMESTAMP', 'TIMESTAMPTZ', 'TIMESTAMP_TZ', 'TIMESTAMP_WITH_TIME_ZONE'],
  JSON: ['JSON', 'JSONB'],
  STRUCT: ['STRUCT', 'RECORD'],
}

/** Lengths and digits in parentheses do not count. */
export const isOfType = (field: Field, name: string): boolean => {
  const plain = name
    .trim()
    .toUpperCase()
    .replace(/\s*\(.*\)$/, '')
    .replace(/\s+/g, '_')
  if (field.mode === 'REPEATED') return plain === 'ARRAY' || plain.startsWith(`ARRAY<${field.type}`)
  return NAMES[field.type].includes(plain)
}
