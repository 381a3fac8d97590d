// node .ci/bundle.ts: one ES module a function under dist/functions, with what it loads later in chunks beside it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'

const BUILTIN = new Set(builtinModules)
const root = fileURLToPath(new URL('..', import.meta.url))

export const FUNCTIONS = ['api', 'orchestrator', 'ingest', 'dq', 'transform', 'uploads'] as const
export type FunctionName = (typeof FUNCTIONS)[number]

/** Not bundled: the framework keeps a register of functions that must be the one it starts with, and polars is native. */
const EXTERNAL: Readonly<Record<FunctionName, readonly string[]>> = {
  api: ['@google-cloud/functions-framework'],
  orchestrator: ['@google-cloud/functions-framework'],
  ingest: ['@google-cloud/functions-framework', 'nodejs-polars'],
  dq: ['@google-cloud/functions-framework'],
  transform: ['@google-cloud/functions-framework'],
  uploads: ['@google-cloud/functions-framework'],
}

/** What CommonJS code in an ES module looks for. */
const BANNER = [
  `import { createRequire as convergenceCreateRequire } from 'node:module'`,
  `import { fileURLToPath as convergenceFileUrlToPath } from 'node:url'`,
  `const require = convergenceCreateRequire(import.meta.url)`,
  `const __filename = convergenceFileUrlToPath(import.meta.url)`,
  `const __dirname = convergenceFileUrlToPath(new URL('.', import.meta.url))`,
].join('\n')

export const bundleFunction = async (name: FunctionName, outdir: string): Promise<Metafile> => {
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      index: `functions/${name}/index.ts`,
      ...(name === 'ingest' && { worker: 'shared/pipeline/process/worker.ts' }),
    },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    chunkNames: '[name]-[hash]',
    external: [...EXTERNAL[name]],
    banner: { js: BANNER },
    plugins: [nameExports, inlineJson, nameWorker],
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(packageOf(name), undefined, 2)}\n`)
  return metafile
}

/** npm packages, but Node's own modules, that a bundle leaves to be installed beside it. */
export const leftOut = ({ outputs }: Metafile): string[] => {
  const paths = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter((one) => one.external).map(({ path }) => path),
  )
  return [...new Set(paths.filter((path) => !path.startsWith('node:') && !BUILTIN.has(path)))].toSorted()
}

const packageOf = (name: FunctionName) => ({
  name: `@convergence/${name}`,
  private: true,
  type: 'module',
  main: 'index.js',
  dependencies: Object.fromEntries(EXTERNAL[name].map((one) => [one, installedVersion(one)])),
})

const installedVersion = (name: string): string =>
  (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version

/** Google's generated clients read JSON that lies beside their own files. */
const inlineJson: Plugin = {
  name: 'inline-json',
  setup: (bundling) => {
    bundling.onLoad({ filter: /[\\/]node_modules[\\/]@google-cloud[\\/].*_client\.js$/ }, ({ path }) => ({
      loader: 'js',
      contents: readFileSync(path, 'utf8').replaceAll(
        /getJSON\(path\.join\(dirname, ([^)]+)\)\)/g,
        (_call, parts: string) => {
          const names = [...parts.matchAll(/'([^']*)'/g)].map(([, one]) => one as string)
          return `JSON.parse(${JSON.stringify(readFileSync(join(dirname(path), ...names), 'utf8'))})`
        },
      ),
    }))
  },
}

/** A package that is loaded later: of a CommonJS one esbuild would export nothing but a default, so its exports are named here. */
const nameExports: Plugin = {
  name: 'name-exports',
  setup: (bundling) => {
    bundling.onResolve({ filter: /^[^./]/ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' && /^@google-cloud\/|^google-/.test(path) && !resolveDir.includes('node_modules')
        ? { path, namespace: 'name-exports', pluginData: resolveDir }
        : undefined,
    )
    bundling.onLoad({ filter: /.*/, namespace: 'name-exports' }, async ({ path, pluginData }) => {
      const names = Object.keys((await import(path)) as object).filter((name) =>
        /^(?!default$)[A-Za-z_$][\w$]*$/.test(name),
      )
      return { contents: `export { ${names.join(', ')} } from '${path}'`, resolveDir: pluginData as string }
    })
  },
}

/** polars works in a child process, whose module stands beside the bundle under another name than its source. */
const nameWorker: Plugin = {
  name: 'name-worker',
  setup: (bundling) => {
    bundling.onLoad({ filter: /[\\/]process[\\/]worker-pool\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const named = source.replace(`new URL('worker.ts', import.meta.url)`, `new URL('worker.js', import.meta.url)`)
      if (named === source) throw new Error(`${path} does not name its worker any more: mend .ci/bundle.ts`)
      return { loader: 'ts', contents: named }
    })
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, 'dist'), { recursive: true })
  for (const name of FUNCTIONS) {
    const { outputs } = await bundleFunction(name, join(root, 'dist/functions', name))
    const bytes = Object.values(outputs).reduce((sum, one) => sum + one.bytes, 0)
    console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB`)
  }
}
