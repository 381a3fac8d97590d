import { describe, expect, it } from 'vitest'
import { findTemplateProblems, parseTemplate, renderJson, renderTemplate, type TemplateScope } from './templates.ts'

const scope: TemplateScope = {
  parameters: { day: '2026-03-30', limit: 50, full: true, empty: null, text: 'a b&c' },
  run: { id: 'run-1', logicalTime: '2026-03-29T22:30:00.000Z' },
  timezone: 'Europe/Berlin',
  window: { start: '2026-03-27', end: '2026-03-30T10:00:00Z' },
  cursor: '2026-01-01T00:00:00.123456Z',
  secrets: { key: 's3cret' },
}

describe('a template', () => {
  it.each([
    ['plain', 'plain'],
    ['{{ parameters.day }}/{{parameters.limit}}/{{ parameters.full }}', '2026-03-30/50/true'],
    ['{{ run.id }} {{ run.logical_time }}', 'run-1 2026-03-29T22:30:00.000Z'],
    ['{{ secrets.key }}', 's3cret'],
    // Midnight of Berlin, in summer time.
    ['{{ parameters.day | unix }}', '1774821600'],
    ['{{ parameters.day | unix_ms }}', '1774821600000'],
    ['{{ parameters.day | iso }}', '2026-03-29T22:00:00Z'],
    // A calendar day less, over the change of the clock.
    ['{{ parameters.day | minus: 1d }}', '2026-03-29'],
    ['{{ parameters.day | minus: 1d | iso }}', '2026-03-28T23:00:00Z'],
    ['{{ parameters.day | plus: 90m }}', '2026-03-29T23:30:00Z'],
    // The day in Berlin, not in UTC.
    ['{{ run.logical_time | date }}', '2026-03-30'],
    ['{{ run.logical_time | format: "YYYY/MM/DD HH:mm:ss.SSS" }}', '2026/03/30 00:30:00.000'],
    ["{{ window.start | format: 'YYYYMMDD' }}", '20260327'],
    ['{{ window.end | minus: 10h | iso }}', '2026-03-30T00:00:00Z'],
    // A cursor keeps every digit.
    ['{{ cursor }}', '2026-01-01T00:00:00.123456Z'],
    ['{{ cursor | minus: 1h }}', '2025-12-31T23:00:00.123456Z'],
    ['{{ cursor | unix }}', '1767225600'],
    ['{{ parameters.text | urlencode }}', 'a%20b%26c'],
    ['{{ parameters.text | json }} {{ parameters.limit | json }}', '"a b&c" 50'],
  ])('%s gives %s', (text, expected) => {
    expect(renderTemplate(text, scope)).toBe(expected)
    expect(renderTemplate(parseTemplate(text), scope)).toBe(expected)
  })

  it.each([
    ['{{ nothing }}', 0, 'unknown name "nothing"'],
    ['x {{ parameters }}', 2, 'unknown name "parameters"'],
    ['{{ parameters.a.b }}', 0, 'unknown name'],
    ['{{ window.middle }}', 0, 'unknown name'],
    ['{{ cursor | lower }}', 0, 'unknown filter "lower"'],
    ['{{ cursor | toString }}', 0, 'unknown filter "toString"'],
    ['{{ cursor | minus }}', 0, 'needs a duration'],
    ['{{ cursor | minus: 3 }}', 0, '"3" is not a duration'],
    ['{{ cursor | unix: 3 }}', 0, 'takes no argument'],
    ['{{ cursor | format }}', 0, 'needs a format'],
    ['{{ cursor + 1 }}', 0, 'cannot read "+ 1"'],
    ['{{ }}', 0, 'does not begin with a name'],
    ['a {{ cursor', 2, '{{ has no partner'],
    ['a }} b', 2, '}} has no partner'],
  ])('%s is refused at %d: %s', (text, offset, message) => {
    const [problem] = findTemplateProblems(text)
    expect(problem?.offset).toBe(offset)
    expect(problem?.message).toContain(message)
    expect(() => parseTemplate(text)).toThrow(message)
  })

  it.each(['{{ parameters.empty }}', '{{ parameters.other }}', '{{ parameters.toString }}', '{{ parent.id }}'])(
    '%s has no value: an error, not an empty text',
    (text) => {
      expect(() => renderTemplate(text, scope)).toThrow('has no value here')
    },
  )

  it('without a window or cursor is an error where it names them', () => {
    const { window: _window, cursor: _cursor, ...bare } = scope
    expect(() => renderTemplate('{{ window.start }}', bare)).toThrow('has no value here')
    expect(() => renderTemplate('{{ cursor }}', bare)).toThrow('has no value here')
  })

  it('does not take a text for a time', () => {
    expect(() => renderTemplate('{{ parameters.text | unix }}', scope)).toThrow('"a b&c" is not a date or a time')
  })

  it('is not read again in what it gave', () => {
    expect(renderTemplate('{{ parameters.text }}', { ...scope, parameters: { text: '{{ secrets.key }}' } })).toBe(
      '{{ secrets.key }}',
    )
  })

  it('is rendered in every text of a JSON value', () => {
    expect(renderJson({ a: ['{{ parameters.day }}', 1, null], b: { c: true } }, scope)).toEqual({
      a: ['2026-03-30', 1, null],
      b: { c: true },
    })
  })
})
