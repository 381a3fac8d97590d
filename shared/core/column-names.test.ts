import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameColumns, toColumnName } from './column-names.ts'
import { isColumnName } from './ids.ts'

const plain = { naming: 'snake_case', rename: {} } as const

describe('column names', () => {
  it.each([
    ['lineItem/UnblendedCost', 'line_item_unblended_cost'],
    ['identity/LineItemId', 'identity_line_item_id'],
    ['HTTPStatusCode', 'http_status_code'],
    ['resourceTags/user:Name', 'resource_tags_user_name'],
    ['EC2Instance', 'ec2_instance'],
    ['already_snake', 'already_snake'],
    ['Größe (m²)', 'grosse_m2'],
    ['  Total $ ', 'total'],
    ['2nd', '_2nd'],
    ['_id', '_id'],
    ['a--b..c', 'a_b_c'],
  ])('%s becomes %s', (source, name) => {
    expect(toColumnName(source)).toBe(name)
  })

  it('stay as the source has them where that is asked for', () => {
    expect(nameColumns(['lineItemId', 'x'], { naming: 'source', rename: { x: 'y' } })).toEqual({
      columns: [
        { source: 'lineItemId', name: 'lineItemId' },
        { source: 'x', name: 'y' },
      ],
      problems: [],
    })
  })

  it.each([
    [['', 'b'], 'a column has an empty name: name it in the source'],
    [['a', 'a'], 'column "a" is there twice'],
    [['aB', 'a b'], 'columns "aB" and "a b" would both be "a_b": `rename` one of them'],
    [['_runId'], 'column "_runId" gives "_run_id", a column of the platform: `rename` it'],
    [['日本'], 'column "日本" gives "", which is no column name: `rename` it'],
    [
      ['_PARTITIONDATE'],
      'column "_PARTITIONDATE" gives "_partitiondate", a name that BigQuery keeps for itself: `rename` it',
    ],
  ])('%j are refused: %s', (sources, problem) => {
    expect(nameColumns(sources, plain).problems).toEqual([problem])
  })

  it('that differ by case only are refused: BigQuery does not tell them apart', () => {
    expect(nameColumns(['Id', 'ID'], { naming: 'source', rename: {} }).problems).toHaveLength(1)
  })

  it('that are refused can be renamed', () => {
    expect(nameColumns(['aB', 'a b'], { naming: 'snake_case', rename: { 'a b': 'other' } }).problems).toEqual([])
  })

  it('are names that BigQuery takes, all different, or a problem', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (sources) => {
        const { columns, problems } = nameColumns(sources, plain)
        const names = columns.map((column) => column.name)
        expect(problems.length > 0 || (names.every(isColumnName) && new Set(names).size === names.length)).toBe(true)
      }),
    )
  })

  it('do not change when they are named again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (source) => {
        expect(toColumnName(toColumnName(source))).toBe(toColumnName(source))
      }),
    )
  })
})
