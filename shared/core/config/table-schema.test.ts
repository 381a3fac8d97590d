import { describe, expect, it } from 'vitest'
import { checkDocument } from './check-document.ts'
import { formatProblem } from './problem.ts'
import { tableSchemaFile } from './table-schema.ts'
import { readYaml } from './yaml.ts'

const read = (columns: readonly unknown[]): unknown => {
  const result = readYaml('s.json', JSON.stringify(columns, null, 1))
  if ('problems' in result) return result.problems
  const checked = checkDocument(tableSchemaFile, result.document)
  return 'value' in checked
    ? checked.value
    : checked.problems.map((problem) => formatProblem(problem).replace(/^\S+ /, ''))
}

describe('a table schema', () => {
  it('takes legacy names of types, and texts where `bq` prints numbers as texts', () => {
    expect(
      read([
        { name: 'a', type: 'INTEGER', mode: 'REQUIRED', description: 'x' },
        { name: 'b', type: 'float' },
        { name: 'c', type: 'NUMERIC', precision: '10' },
        { name: 'd', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'e', type: 'BOOLEAN' }] },
      ]),
    ).toEqual([
      { name: 'a', type: 'INT64', mode: 'REQUIRED', description: 'x' },
      { name: 'b', type: 'FLOAT64', mode: 'NULLABLE' },
      { name: 'c', type: 'NUMERIC', mode: 'NULLABLE', precision: 10, scale: 0 },
      { name: 'd', type: 'STRUCT', mode: 'REPEATED', fields: [{ name: 'e', type: 'BOOL', mode: 'NULLABLE' }] },
    ])
  })

  it.each([
    [[{ name: 'a', type: 'STRNG' }], '[0].type: unknown type STRNG; did you mean "STRING"?'],
    [[{ name: '_run_id', type: 'STRING' }], '[0].name: _run_id is a column of the platform: leave it out'],
    [
      [{ name: 'a-b', type: 'STRING' }],
      '[0].name: must be a column name: letters, digits and _, at most 300, not starting with a digit',
    ],
    [
      [
        { name: 'a', type: 'STRING' },
        { name: 'A', type: 'STRING' },
      ],
      '[1].name: columns a and A differ by case only',
    ],
    [
      [{ name: 'a', type: 'NUMERIC', precision: 30 }],
      '[0].precision: precision of NUMERIC with scale 0 is 1 to 29, not 30',
    ],
    [[{ name: 'a', type: 'NUMERIC', precision: 20, scale: 10 }], '[0].precision: scale of NUMERIC is 0 to 9, not 10'],
    [[{ name: 'a', type: 'NUMERIC', scale: 2 }], '[0].scale: a scale needs a precision'],
    [
      [{ name: 'a', type: 'BIGNUMERIC', precision: 60, scale: 30 }],
      '[0].precision: more than 38 digits are not available yet',
    ],
    [[{ name: 'a', type: 'STRING', precision: 5 }], '[0].precision: STRING takes no precision or scale'],
    [[{ name: 'a', type: 'RECORD' }], '[0]: a STRUCT (RECORD) needs fields'],
    [
      [{ name: 'a', type: 'STRING', fields: [{ name: 'b', type: 'STRING' }] }],
      '[0].fields: STRING has no fields: only STRUCT (RECORD) has',
    ],
    [[{ name: 'a', type: 'RECORD', fields: [{ name: 'b', type: 'TXT' }] }], '[0].fields[0].type: unknown type TXT'],
    [[{ name: 'a', type: 'STRING', policyTags: {} }], '[0].policyTags: is not available yet'],
    [[], 'needs at least one column'],
  ])('%j is refused', (columns, problem) => {
    expect(read(columns)).toEqual([expect.stringContaining(problem)])
  })
})
