import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import { csvLine, encodeCsv, extractRecords } from './json-records.ts'

const bytes = (text: string) => Buffer.from(text)
const extract = (text: string, records = '$', inherit: Record<string, string> = {}) =>
  extractRecords(bytes(text), {
    records: parseJsonPath(records),
    inherit: Object.entries(inherit).map(([column, path]) => ({ column, path: parseJsonPath(path) })),
  })
const encode = (text: string, columns: string[], records = '$') =>
  Buffer.from(encodeCsv(bytes(text), { records: parseJsonPath(records), columns }).csv()).toString()

describe('cells', () => {
  it('keep the exact text of numbers, however long', () => {
    const { columns, rows } = extract(
      '{"a": 12345678901234567890.10, "b": 6.2E-12, "c": -0, "d": true, "e": false, "f": null}',
    )
    expect(columns).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(rows).toEqual([['12345678901234567890.10', '6.2E-12', '-0', 'true', 'false', null]])
  })

  it('hold nested values as compact JSON with their digits and escapes', () => {
    const { rows } = extract('{"a": { "x" : [ 1.50 , "a \\" b, { }" ] , "y" : 123456789012345678901 } }')
    expect(rows).toEqual([['{"x":[1.50,"a \\" b, { }"],"y":123456789012345678901}']])
  })

  it('decode escapes and surrogate pairs, and replace half a pair', () => {
    expect(extract('{"a":"\\u00e9\\ud83d\\ude00\\n\\/\\"\\\\","b":"\\ud83d!"}').rows).toEqual([
      ['é😀\n/"\\', '\uFFFD!'],
    ])
    expect(encode('{"a":"\\u00e9\\ud83d\\ude00\\n\\/\\"\\\\","b":"\\ud83d!"}', ['a', 'b'])).toBe(
      '"é😀\n/""\\","\uFFFD!"\n',
    )
  })

  it('tell NULL, a missing key and the empty text apart', () => {
    expect(encode('[{"a":"","b":null},{"b":""},{}]', ['a', 'b', 'c'], '[*]')).toBe('"",,\n,"",\n,,\n')
  })

  it('let the last of repeated keys win, in the record and inside its values', () => {
    expect(extract('{"a":1,"\\u0061":2,"b":{"x":1,"y":1.10,"x":3},"c":[{"k":1,"\\u006b":2}]}').rows).toEqual([
      ['2', '{"x":3,"y":1.10}', '[{"k":2}]'],
    ])
  })

  it('hold large objects as they are, and find a repeated key in them too', () => {
    const members = Array.from({ length: 300 }, (_, i) => `"k${i}":{"a":1.50,"b":${i}}`)
    const object = `{${members.join(',')}}`
    expect(extract(`{"o": ${object}}`).rows).toEqual([[object]])
    const repeated = extract(`{"o": {${members.join(', ')}, "k7": 2.0}}`).rows[0]?.[0] ?? ''
    expect(repeated).toBe(`{${members.with(7, '"k7":2.0').join(',')}}`)
  })

  it('take __proto__ for a key like any other', () => {
    const { columns, rows, document } = extract(
      '{"__proto__":{"polluted":1},"data":[{"__proto__":"x","constructor":"y"}]}',
      'data[*]',
    )
    expect(columns).toEqual(['__proto__', 'constructor'])
    expect(rows).toEqual([['x', 'y']])
    expect(Object.keys(document as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('records', () => {
  const page =
    '{"object":"page","data":[{"results":[{"n":1},{"n":2}],"start_time":10},{"start_time":20,"results":[]},{"start_time":30,"results":[{"n":3}]}],"next_page":"abc","has_more":true}'

  it('are found at their path, and the rest of the document stays', () => {
    const { rows, document } = extract(page, 'data[*].results[*]')
    expect(rows).toEqual([['1'], ['2'], ['3']])
    expect(document).toEqual({ object: 'page', next_page: 'abc', has_more: true })
  })

  it('inherit from ancestors, also what stands behind them', () => {
    const { columns, rows } = extract(page, 'data[*].results[*]', { day: 'data[*].start_time', kind: 'object' })
    expect(columns).toEqual(['day', 'kind', 'n'])
    expect(rows).toEqual([
      ['10', 'page', '1'],
      ['10', 'page', '2'],
      ['30', 'page', '3'],
    ])
  })

  it('inherit from inside a member of an ancestor, and NULL where it is missing', () => {
    const text = '{"d":[{"p":{"from":[1,2]},"r":[{"n":1}]},{"r":[{"n":2}]}]}'
    expect(extract(text, 'd[*].r[*]', { last: 'd[*].p.from[-1]' }).rows).toEqual([
      ['2', '1'],
      [null, '2'],
    ])
  })

  it('of a repeated key replace the earlier ones', () => {
    expect(extract('{"d":[{"n":1},{"n":2}],"x":1,"d":[{"n":3}]}', 'd[*]').rows).toEqual([['3']])
    expect(encode('{"d":[{"n":1},{"n":2}],"x":1,"d":[{"n":3}]}', ['n'], 'd[*]')).toBe('3\n')
    expect(extract('{"x":1,"d":[{"n":1}],"x":2}', 'd[*]', { x: 'x' }).rows).toEqual([['2', '1']])
  })

  it('are the values of an object, one element, or the document itself', () => {
    expect(extract('{"rates":{"EUR":{"v":1},"USD":{"v":2}}}', 'rates[*]').rows).toEqual([['1'], ['2']])
    expect(extract('[[{"v":1}],[{"v":2},{"v":3}]]', '$[-1][*]').rows).toEqual([['2'], ['3']])
    expect(extract('{"a":1,"b":{"c":1.5}}').document).toEqual({ a: 1, b: { c: 1.5 } })
  })

  it('are none in an empty array or null, but a document without their place is refused', () => {
    expect(extract('{"data":[]}', 'data[*]').rows).toEqual([])
    expect(extract('{"data":null}', 'data[*]').rows).toEqual([])
    expect(extract('{"data":[]}', 'data[*].results[*]').rows).toEqual([])
    expect(() => extract('{"error":"x"}', 'data[*]')).toThrow('there is nothing at data (records: $.data[*])')
    expect(() => extract('{"data":[{"result":[]}]}', 'data[*].results[*]')).toThrow(
      'there is nothing at data[*].results',
    )
    expect(() => extract('{"data":null,"errors":[]}', 'data.items[*]')).toThrow('data is not an object, it is "null')
    expect(
      extractRecords(bytes('{"kind":"x"}'), { records: parseJsonPath('items[*]'), missing: 'empty' }).rows,
    ).toEqual([])
  })

  it('must be objects', () => {
    expect(() => extract('[{"a":1},2]', '[*]')).toThrow('record 2 at byte 9 is not an object: "2]"')
    expect(() => extract('[{"a":1}]')).toThrow('let `records` end in one [*] more')
  })

  it('give keys that no column wants once, by the names that their columns would have', () => {
    const nameOf = (key: string) => key.toLowerCase()
    const result = encodeCsv(bytes('[{"A":1,"B":2},{"C":3,"B":4}]'), {
      records: parseJsonPath('[*]'),
      columns: ['a'],
      nameOf,
    })
    expect(Buffer.from(result.csv()).toString()).toBe('1\n\n')
    expect(result.unknown).toEqual(['b', 'c'])
    expect(() =>
      encodeCsv(bytes('[{"A":1,"a":2}]'), { records: parseJsonPath('[*]'), columns: ['a'], nameOf }),
    ).toThrow('the keys "A" and "a" would both become column a')
  })

  it('keep numbers of the document that a float would change as text', () => {
    expect(extract('{"data":[],"next":9007199254740993,"page":2,"score":1.50}', 'data[*]').document).toEqual({
      next: '9007199254740993',
      page: 2,
      score: '1.50',
    })
  })

  it('with data for keys are refused', () => {
    const record = `{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":1`).join(',')}}`
    expect(() => extract(record)).toThrow('their keys seem to be data')
  })
})

describe('malformed documents', () => {
  it.each([
    ['', 'the JSON text is empty'],
    ['{"data":[{"a":1},{"a":', 'ends early, at byte 22'],
    ['{"data":[{"a":"x', 'ends early'],
    ['{"data":[{"a":tru', 'ends early'],
    ['<!doctype html><p>no</p>', 'HTML or XML came instead of JSON: "<!doctype html><p>no</p>"'],
    ['{"data":[{"a":01}]}', 'malformed at byte 15'],
    ['{"data":[{"a":1.}]}', 'a digit is missing'],
    ['{"data":[{"a":+1}]}', 'a value is missing'],
    ['{"data":[{"a":NaN}]}', 'a value is missing'],
    ['{"data":[{"a":1},]}', 'malformed at byte 17'],
    ["{'data':[]}", 'a key in double quotes is missing'],
    ['{"data":[{"a":"\t"}]}', 'a control character stands in a string'],
    ['{"data":[{"a":"\\x"}]}', 'there is no such escape'],
    ['{"data":[{"a":"\\u12g4"}]}', '\\u needs four hexadecimal digits'],
    ['{"data":[]} {}', 'something follows the end'],
    ['{"data":[{"a":1 "b":2}]}', 'a comma or } is missing'],
  ])('%s is refused', (text, message) => {
    expect(() => extract(text, 'data[*]')).toThrow(
      expect.objectContaining({ code: 'DATA_REJECTED', message: expect.stringContaining(message) }),
    )
  })

  it('that are not UTF-8, or too deep, are refused', () => {
    expect(() => extractRecords(Uint8Array.of(0x22, 0xff, 0x22), { records: [] })).toThrow('not UTF-8')
    expect(() => extract(`{"a":${'['.repeat(100_000)}`)).toThrow('nested more than 500 levels')
  })

  it('may begin with a byte order mark', () => {
    expect(extract('\uFEFF{"a":1}').rows).toEqual([['1']])
  })
})

/** Reads the writer's own CSV: NULL is unquoted and empty. */
const readCsv = (text: string): (string | null)[][] => {
  const rows: (string | null)[][] = []
  let row: (string | null)[] = []
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(match[1] === undefined ? match[2] || null : match[1].replaceAll('""', '"'))
    if (match[3] === '\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

/** What JSON.parse makes of a cell. */
const expected = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value)
}

const spaced = (value: unknown, space: string): string => JSON.stringify(value, null, space)

describe('against JSON.parse', () => {
  const key = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.string({ unit: 'binary', maxLength: 4 }))
  const record = fc.dictionary(key, fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), {
    maxKeys: 6,
    noNullPrototype: true,
  })
  const records = fc.array(record, { maxLength: 8 })

  it('any records give the same cells, as cells and as CSV', () => {
    fc.assert(
      fc.property(records, fc.constantFrom('', ' ', '\t', '\n'), (list, space) => {
        const text = spaced({ total: list.length, data: list, next: 'x' }, space)
        const { columns, rows, document } = extract(text, 'data[*]')
        // Numbers such as -0 and 1e21 are written by JSON.stringify, so that the texts are the same.
        const parsed = (JSON.parse(text) as { data: Record<string, unknown>[] }).data
        const wanted = parsed.map((one) =>
          columns.map((column) => expected(Object.hasOwn(one, column) ? one[column] : undefined)),
        )
        const unpacked = (cells: readonly (string | null)[][]) =>
          cells.map((row) => row.map((cell) => (cell === null ? null : loose(cell))))
        expect(unpacked(rows as (string | null)[][])).toEqual(unpacked(wanted))
        expect(document).toEqual({ total: list.length, next: 'x' })
        const all = ['a', ...columns.filter((column) => column !== 'a'), 'nobody']
        const csv = encodeCsv(bytes(text), { records: parseJsonPath('data[*]'), columns: all })
        expect(csv.unknown).toEqual([])
        expect(readCsv(Buffer.from(csv.csv()).toString())).toEqual(
          rows.map((row) =>
            all.map((column) => (columns.includes(column) ? (row[columns.indexOf(column)] ?? null) : null)),
          ),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('any cut of pages gives the same rows', () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 4 }), (list, size) => {
        const options = { records: parseJsonPath('[*]'), columns: ['a', 'b', 'c'] }
        const whole = Buffer.from(encodeCsv(bytes(JSON.stringify(list)), options).csv())
        const pages = []
        for (let at = 0; at < list.length; at += size)
          pages.push(encodeCsv(bytes(JSON.stringify(list.slice(at, at + size))), options).csv())
        expect(Buffer.concat(pages)).toEqual(whole)
      }),
    )
  })

  it('any damaged document is refused by both or taken by both', () => {
    fc.assert(
      fc.property(
        records,
        fc.nat(),
        fc.constantFrom('', '"', '{', ']', ',', '0', '\\', 'e', '-', ' '),
        fc.boolean(),
        (list, at, put, replace) => {
          const text = JSON.stringify(list)
          const where = at % (text.length + 1)
          const damaged = (text.slice(0, where) + put + text.slice(where + (replace ? 1 : 0))).toWellFormed()
          const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one)
          const count = (valid: unknown): number | string => {
            const values = typeof valid === 'object' && valid !== null ? Object.values(valid) : undefined
            return values?.every(isObject) ? values.length : 'DATA_REJECTED'
          }
          expect(outcomeOf(() => extract(damaged, '[*]').count)).toBe(outcomeOf(() => count(JSON.parse(damaged))))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('a line of text cells reads back', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.string({ unit: 'binary' })), { minLength: 2, maxLength: 4 }), (cells) => {
        expect(readCsv(csvLine(cells))).toEqual([cells])
      }),
    )
  })
})

/** What came of it; for a syntax error and ours alike the code. */
const outcomeOf = (work: () => number | string): number | string => {
  try {
    return work()
  } catch (error) {
    return error instanceof SyntaxError ? 'DATA_REJECTED' : (error as { code: string }).code
  }
}

/** Nested cells may differ in how a character is escaped, not in what they say. */
const loose = (cell: string): unknown => {
  if (!/^[[{]/.test(cell)) return cell
  try {
    return JSON.parse(cell)
  } catch {
    return cell
  }
}

describe('a line of CSV', () => {
  const first = (text: string): string =>
    Buffer.from(
      encodeCsv(Buffer.from(JSON.stringify([{ a: text, b: text }])), {
        records: parseJsonPath('[*]'),
        columns: ['a', 'b'],
      }).csv(),
    ).toString()

  it('quotes a text only if it must, and at its start whatever could be taken for the start of another format', () => {
    expect(first('paid')).toBe('paid,paid\n')
    expect(first('2024-01-05')).toBe('2024-01-05,2024-01-05\n')
    expect(first('')).toBe('"",""\n')
    expect(first('a,b')).toBe('"a,b","a,b"\n')
    expect(first('a"b')).toBe('"a""b","a""b"\n')
    for (const text of ['\uFEFFa', 'PAR1', '%PDF', 'PK', ' a', 'é']) expect(first(text)).toBe(`"${text}",${text}\n`)
  })
})
