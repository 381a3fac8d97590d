import { describe, expect, it } from 'vitest'
import { pipelineSchema, type Pipeline } from './config/pipeline.ts'
import { resolveParameters } from './parameters.ts'

const pipeline = (parameters: unknown, more: object = {}): Pipeline => ({
  timezone: 'America/New_York',
  ...pipelineSchema
    .omit({ timezone: true })
    .parse({ pipeline_id: 'p', parameters, steps: [{ step_id: 's', type: 'dq', rules: 'r' }], ...more }),
})

/** 03:30 on the first of March in UTC: still the last of February in New York. */
const AT = '2026-03-01T03:30:00.000Z'

const value = (declared: object, given?: unknown): unknown => {
  const resolved = resolveParameters(pipeline({ p: declared }), given === undefined ? {} : { p: given }, AT)
  return resolved.outcome === 'resolved'
    ? resolved.values['p']
    : resolved.problems.map((problem) => `${problem.parameter}: ${problem.message}`)
}

describe('parameters of a run', () => {
  it.each([
    [{ type: 'date', default: 'today' }, undefined, '2026-02-28'],
    [{ type: 'date', default: 'yesterday' }, undefined, '2026-02-27'],
    [{ type: 'date', default: 'yesterday' }, '2026-01-31', '2026-01-31'],
    [{ type: 'date' }, 'tomorrow', '2026-03-01'],
    [{ type: 'timestamp', default: 'now' }, undefined, '2026-03-01T03:30:00.000Z'],
    [{ type: 'timestamp', default: 'today' }, undefined, '2026-02-28T05:00:00.000Z'],
    [{ type: 'timestamp' }, '2026-01-31T12:00:00+01:00', '2026-01-31T12:00:00+01:00'],
    [{ type: 'string' }, 'now', 'now'],
    [{ type: 'integer' }, '5', 5],
    [{ type: 'integer' }, 5, 5],
    [{ type: 'number' }, '-0.5', -0.5],
    [{ type: 'boolean' }, 'false', false],
    [{ type: 'string' }, undefined, null],
    [{ type: 'string', default: 'x' }, null, 'x'],
    [{ type: 'string', enum: ['a', 'b'] }, 'b', 'b'],
    [{ type: 'string', pattern: '[a-z]{2}-\\d+' }, 'ab-12', 'ab-12'],
  ])('%j given %j is %j', (declared, given, expected) => {
    expect(value(declared, given)).toEqual(expected)
  })

  it.each([
    [{ type: 'date' }, '2026-02-30', 'p: must be a date'],
    [{ type: 'date' }, '31.01.2026', 'p: must be a date'],
    [{ type: 'date' }, 20260131, 'p: must be a date'],
    [{ type: 'date', min: '2026-01-01' }, '2025-12-31', 'p: must be at least 2026-01-01'],
    [{ type: 'date', max: 'today' }, '2026-03-01', 'p: must be at most today'],
    [{ type: 'timestamp' }, '2026-01-31T12:00:00', 'p: must be an instant'],
    [{ type: 'timestamp' }, '2026-02-30T12:00:00Z', 'p: must be an instant'],
    [{ type: 'integer' }, '5.5', 'p: must be a whole number'],
    [{ type: 'integer' }, 2 ** 53, 'p: must be a whole number'],
    [{ type: 'integer', max: 3 }, 4, 'p: must be at most 3'],
    [{ type: 'number' }, '', 'p: must be a number'],
    [{ type: 'number' }, 'NaN', 'p: must be a number'],
    [{ type: 'boolean' }, 1, 'p: must be true or false'],
    [{ type: 'string' }, 5, 'p: must be a text'],
    [{ type: 'string' }, 'x'.repeat(10_001), 'p: must be a text of at most 10000'],
    [{ type: 'string', min: 2 }, 'x', 'p: must be at least 2 characters'],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', 'p: must be one of a, b'],
    [{ type: 'string', pattern: '[a-z]+' }, 'abc1', 'p: must match [a-z]+'],
    [{ type: 'string', pattern: 'a|b' }, 'ax', 'p: must match a|b'],
    [{ type: 'string', pattern: '.*' }, 'x'.repeat(257), 'p: must have at most 256 characters'],
    [{ type: 'date', required: true }, undefined, 'p: is missing: this pipeline needs a date'],
  ])('%j given %j is refused: %s', (declared, given, message) => {
    expect(value(declared, given)).toEqual([expect.stringContaining(message)])
  })

  it('that the pipeline does not have are refused, together with all other problems', () => {
    expect(
      resolveParameters(pipeline({ a: { type: 'date' }, b: { type: 'integer' } }), { a: 'x', b: 'y', c: 1 }, AT),
    ).toEqual({
      outcome: 'invalid',
      problems: [
        { parameter: 'c', message: 'is not a parameter of this pipeline: it has a, b' },
        { parameter: 'a', message: expect.stringContaining('must be a date') },
        { parameter: 'b', message: 'must be a whole number' },
      ],
    })
    expect(resolveParameters(pipeline({}), JSON.parse('{"__proto__": 1, "toString": 2}'), AT)).toMatchObject({
      outcome: 'invalid',
      problems: [{}, {}],
    })
    expect(resolveParameters(pipeline({}), [], AT)).toMatchObject({ outcome: 'invalid' })
  })

  it('hold the name of an uploaded object where uploads start the pipeline', () => {
    const uploads = pipeline({}, { on_upload: { bucket: 'uploads', glob: '*.csv' } })
    expect(resolveParameters(uploads, { object: 'a.csv' }, AT)).toEqual({
      outcome: 'resolved',
      values: { object: 'a.csv' },
    })
    expect(resolveParameters(uploads, {}, AT)).toEqual({ outcome: 'resolved', values: { object: null } })
  })
})
