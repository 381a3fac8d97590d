import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path/posix'
import { parseSync } from 'oxc-parser'
import { importTable } from './import-table.ts'

type Node = { type?: string; start: number; end: number; [key: string]: unknown }

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** Under which key these nodes hold the module that they name. */
const moduleKeys: Readonly<Record<string, string>> = {
  ImportDeclaration: 'source',
  ExportNamedDeclaration: 'source',
  ExportAllDeclaration: 'source',
  ImportExpression: 'source',
  TSImportType: 'source',
  TSExternalModuleReference: 'expression',
}
const loadingCall = /^(require|require\.resolve|import\.meta\.resolve)\(/
const codeAddress = /^new URL\(\s*['"`][^'"`]+\.[cm]?[jt]s['"`],\s*import\.meta\.url/

function moduleNode(source: string, node: Node): unknown {
  const key = moduleKeys[node.type ?? '']
  if (key) return node[key]
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return undefined
  const text = source.slice(node.start, node.end)
  return loadingCall.test(text) || codeAddress.test(text) ? (node['arguments'] as unknown[])[0] : undefined
}

function literalText(node: Node): string {
  if (node.type === 'Literal') return String(node['value'])
  const [quasi, ...more] = node.type === 'TemplateLiteral' ? (node['quasis'] as { value: { cooked: string } }[]) : []
  return quasi && more.length === 0 ? quasi.value.cooked : '(computed)'
}

/** Every module that a source names, in whatever way; one that is computed comes as `(computed)`, which no table has. */
function findImports(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const found: string[] = []
  const visit = (node: unknown): void => {
    if (!isNode(node)) return
    const module = moduleNode(source, node)
    // An address without `./` is relative all the same.
    const prefix = node.type === 'NewExpression' ? './' : ''
    if (isNode(module)) found.push(literalText(module).replace(/^(?=\w)/, prefix))
    Object.values(node).forEach(visit)
  }
  visit(program)
  return found
}

const workspaceOf = (path: string): string => path.split('/').slice(0, 2).join('/')

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

function isAllowed(file: string, name: string): boolean {
  const workspace = workspaceOf(file)
  if (name.startsWith('.')) return workspaceOf(join(dirname(file), name)) === workspace
  if (isBuiltin(name) || name.startsWith(`@convergence/${workspace.split('/')[1]}/`)) return true
  const row = importTable.find(({ files }) => files.test(file))
  return row?.imports.some((pattern) => matches(pattern, name)) ?? false
}

/** `file imports name`, for each import that the table does not have. */
export const findViolations = (file: string, source: string): string[] =>
  findImports(file, source)
    .filter((name) => !isAllowed(file, name))
    .map((name) => `${file} imports ${name}`)
