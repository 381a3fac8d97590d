import { describe, expect, it } from 'vitest'
import { formatProblem, type ConfigPath } from './problem.ts'
import { readYaml } from './yaml.ts'

const read = (text: string): unknown => {
  const result = readYaml('f.yml', text)
  return 'document' in result ? result.document.value : result.problems.map(formatProblem)
}

describe('a YAML file', () => {
  it('is plain data: dates, durations and yes stay texts', () => {
    expect(read('a: 2026-01-31\nb: 2h\nc: yes\nd: 1.5\ne: true\nf:\n')).toEqual({
      a: '2026-01-31',
      b: '2h',
      c: 'yes',
      d: 1.5,
      e: true,
      f: null,
    })
    expect(read('\uFEFF{"a": [1, "ä"]}')).toEqual({ a: [1, 'ä'] })
    expect(read('# nothing\n')).toEqual({})
  })

  it.each([
    ['a: 1\n"a": 2', 'f.yml:2:1 a: is there twice'],
    ['a: &x [1]\nb:\n  - *x', 'f.yml:3:5 b[0]: aliases (*name) are not allowed: write the value out'],
    ['a:\n  __proto__: { b: 1 }', 'f.yml:2:3 a.__proto__: is not allowed as a key'],
    ['---\na: 1\n---\nb: 1\n', 'f.yml:5:1: holds more than one document: remove what follows the second `---`'],
    ['a: {{ parameters.day }}', 'f.yml:1:5 a: a template needs quotes around it: "{{ … }}"'],
    ['? [a]\n: 1', 'f.yml:1:3: a key must be a text'],
    ['a: [1', 'f.yml:1:6: cannot be read as YAML: unexpected end of the stream within a flow collection'],
    ['a:\n\tb: 1', 'f.yml:2:1: cannot be read as YAML: tab characters must not be used in indentation'],
    ['a: !!binary aGk=', 'f.yml:1:4: cannot be read as YAML: unknown scalar tag !<tag:yaml.org,2002:binary>'],
    ['a: x\u0000', 'f.yml:1:5: cannot be read as YAML: null byte is not allowed in input'],
    ['['.repeat(60), 'f.yml:1:50: cannot be read as YAML: nesting exceeded maxDepth (50)'],
    [`a: ${'x'.repeat(1_000_000)}`, 'f.yml:1:1: is larger than 1 MB'],
  ])('that holds %j is refused', (text, problem) => {
    expect(read(text)).toEqual([problem])
  })

  it('reports all that is refused at once', () => {
    expect(read('a: &x 1\na: *x\nb: *x')).toHaveLength(3)
  })

  it('knows where its keys and values are', () => {
    const result = readYaml(
      'f.yml',
      'a: 1\r\nb:\r\n  - x: "q"\r\n    "y": 3\r\n  - [1, {c: 2}]\r\nd: |\r\n  text\r\ne:\r\n',
    )
    const at = (path: ConfigPath, what?: 'key' | 'value') => {
      const found = 'document' in result ? result.document.problem(path, '', what) : undefined
      return [found?.line, found?.column]
    }
    expect(at(['a'])).toEqual([1, 4])
    expect(at(['a'], 'key')).toEqual([1, 1])
    expect(at(['b', 0, 'x'])).toEqual([3, 8])
    expect(at(['b', 0, 'y'], 'key')).toEqual([4, 5])
    expect(at(['b', 1, 1, 'c'])).toEqual([5, 13])
    // A text block and a missing value: where their keys are.
    expect(at(['d'])).toEqual([6, 1])
    expect(at(['e'])).toEqual([8, 1])
    // What is missing: where it should be.
    expect(at(['b', 0, 'z'])).toEqual([3, 5])
    expect(at(['b', 7])).toEqual([2, 1])
    expect(at(['z'])).toEqual([1, 1])
  })
})
