import { constructFromEvents, EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml'
import { MAX_PROBLEMS, problemAt, type ConfigPath, type ConfigProblem } from './problem.ts'

/** YAML (and so JSON) with the position of every key and value. What YAML can do beyond plain data is refused: a tenant's file is untrusted. */
export interface ConfigDocument {
  readonly file: string
  readonly value: unknown
  /** Position of what is at the path, or of the nearest thing around it that exists. `key`: of its key. */
  problem(path: ConfigPath, message: string, at?: 'key' | 'value'): ConfigProblem
}

interface Node {
  start: number
  /** Of a mapping's member. */
  keyStart?: number
  readonly children: Map<string | number, Node>
}

type Event = ReturnType<typeof parseEvents>[number]

const MAX_BYTES = 1_000_000
const MAX_DEPTH = 50

interface Frame {
  readonly node: Node
  readonly path: ConfigPath
  readonly kind: 'mapping' | 'sequence'
  /** Of a mapping: its key was read, its value comes. */
  key?: { readonly name: string; readonly start: number }
}

/** Walks the events once: builds the tree of positions, and finds what is refused. */
class PositionReader {
  readonly root: Node = { start: 0, children: new Map() }
  readonly problems: ConfigProblem[] = []
  private readonly frames: Frame[] = []
  private documents = 0
  private readonly file: string
  private readonly text: string

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  read(events: readonly Event[]): void {
    for (const event of events) {
      // A key that is no text ends the walk: what follows it cannot be told apart.
      if (!this.step(event)) return
    }
  }

  private step(event: Event): boolean {
    if (event.type === EVENT_ID.POP) this.frames.pop()
    else if (event.type === EVENT_ID.DOCUMENT) {
      this.documents += 1
      if (this.documents === 2)
        this.report(this.text.length, [], 'holds more than one document: remove what follows the second `---`')
      this.frames.push({ node: { start: 0, children: new Map() }, path: [], kind: 'sequence' })
    } else if (event.type === EVENT_ID.ALIAS) {
      this.report(event.anchorStart - 1, this.path(), 'aliases (*name) are not allowed: write the value out')
      this.place(event.anchorStart - 1)
    } else if (event.type === EVENT_ID.SCALAR) return this.scalar(event)
    else return this.open(event.type === EVENT_ID.MAPPING ? 'mapping' : 'sequence', event.start)
    return true
  }

  private scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): boolean {
    const frame = this.frames.at(-1)
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
    const start = event.valueStart < 0 ? -1 : event.valueStart - (quoted ? 1 : 0)
    if (frame?.kind === 'mapping' && !frame.key) {
      const name = getScalarValue(this.text, event)
      frame.key = { name, start }
      if (name === '__proto__') this.report(start, [...frame.path, name], 'is not allowed as a key')
      if (frame.node.children.has(name)) this.report(start, [...frame.path, name], 'is there twice')
      return true
    }
    const block = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK
    this.place(block ? -1 : start)
    return true
  }

  private open(kind: Frame['kind'], start: number): boolean {
    const frame = this.frames.at(-1)
    if (frame?.kind === 'mapping' && !frame.key) {
      const hint =
        this.text.startsWith('{{', start - 1) || this.text.startsWith('{{', start)
          ? 'a template needs quotes around it: "{{ … }}"'
          : 'a key must be a text'
      this.report(start, frame.path, hint)
      return false
    }
    const path = this.path()
    const node = this.place(start)
    this.frames.push({ node, path, kind })
    return true
  }

  /** Path of the value that comes next. */
  private path(): ConfigPath {
    const frame = this.frames.at(-1)
    if (!frame || this.frames.length === 1) return []
    return [...frame.path, frame.kind === 'mapping' ? (frame.key?.name ?? '') : frame.node.children.size]
  }

  private place(start: number): Node {
    const frame = this.frames.at(-1)
    if (!frame || this.frames.length === 1) {
      this.root.start = Math.max(0, start)
      return this.root
    }
    const key = frame.kind === 'mapping' ? frame.key : undefined
    const node: Node = {
      start: start < 0 ? (key?.start ?? frame.node.start) : start,
      children: new Map(),
      ...(key && { keyStart: key.start }),
    }
    frame.node.children.set(key?.name ?? frame.node.children.size, node)
    delete frame.key
    return node
  }

  private report(offset: number, path: ConfigPath, message: string): void {
    if (this.problems.length >= MAX_PROBLEMS) return
    this.problems.push(problemAt({ file: this.file, text: this.text, offset, path, message }))
  }
}

const locate = (root: Node, path: ConfigPath, at: 'key' | 'value'): number => {
  let node = root
  for (const [depth, part] of path.entries()) {
    const child = node.children.get(part)
    // Something is missing there: the key of what it is missing from says it best.
    if (!child) return depth === 0 ? root.start : (node.keyStart ?? node.start)
    node = child
  }
  return at === 'key' ? (node.keyStart ?? node.start) : node.start
}

const syntaxProblem = (file: string, text: string, error: unknown): ConfigProblem => {
  if (!(error instanceof YAMLException))
    return problemAt({
      file,
      text,
      offset: 0,
      path: [],
      message: error instanceof Error ? error.message : String(error),
    })
  const offset = error.mark?.position ?? 0
  const line = text.split('\n')[error.mark?.line ?? 0] ?? ''
  const hint = /:\s*\{\{/.test(line) ? '; a template needs quotes around it: "{{ … }}"' : ''
  return problemAt({
    file,
    text,
    offset,
    path: [],
    message: `cannot be read as ${file.endsWith('.json') ? 'JSON' : 'YAML'}: ${error.reason}${hint}`,
  })
}

/** The file's value with positions, or its problems. An empty file is an empty mapping. */
export const readYaml = (
  file: string,
  given: string,
): { document: ConfigDocument } | { problems: readonly ConfigProblem[] } => {
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given
  if (text.length > MAX_BYTES)
    return { problems: [problemAt({ file, text: '', offset: 0, path: [], message: 'is larger than 1 MB' })] }
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH })
    const reader = new PositionReader(file, text)
    reader.read(events)
    if (reader.problems.length > 0) return { problems: reader.problems }
    const [value = {}] = constructFromEvents(events, { source: text, maxAliases: 0 })
    const problem: ConfigDocument['problem'] = (path, message, at = 'value') =>
      problemAt({ file, text, offset: locate(reader.root, path, at), path, message })
    return { document: { file, value: value ?? {}, problem } }
  } catch (error) {
    return { problems: [syntaxProblem(file, text, error)] }
  }
}
