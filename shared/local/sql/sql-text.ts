/** Text of DuckDB SQL. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** NUL cannot stand in DuckDB's text. */
export const quoteString = (value: string): string =>
  `'${value.replaceAll("'", "''")}'`.split('\0').join("' || chr(0) || '")

export const macro = (name: string, ...args: readonly string[]): string => `gsql.${name}(${args.join(', ')})`
