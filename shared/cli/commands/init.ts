import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { ConflictError } from '@convergence/core/errors.ts'
import type { CliContext } from '../context.ts'
import { clashes, copyAssets } from '../copy-assets.ts'
import { openPlatform } from '../open-platform.ts'
import { bucketsOf, commandLine, projectAt } from '../project.ts'
import { writeMissing } from '../tenant-files.ts'

const TENANT = 'example'
const PROJECT = new URL('../init/project/', import.meta.url)
const ORDERS = new URL('../init/orders.csv', import.meta.url)

const GITIGNORE = `# State, tables, uploads and logs of this machine.
.convergence/
# Secrets are never committed.
configs/*/secrets/
.env
`

export const initCommand = (context: CliContext) =>
  new Command('init')
    .description('Make a project folder with a commented example that runs')
    .argument('[dir]', 'the folder', '.')
    .action(async (dir) => {
      const root = resolve(context.io.cwd, dir)
      const there = clashes(PROJECT, root)
      if (there.length > 0)
        throw new ConflictError(`${root} has ${there.join(', ')} already: nothing was written. Choose another folder`)
      mkdirSync(root, { recursive: true })
      copyAssets(PROJECT, root)
      writeMissing(join(root, '.gitignore'), GITIGNORE)
      const upload = join(bucketsOf(projectAt(root)), `${TENANT}-uploads/orders/2026-01-31.csv`)
      mkdirSync(dirname(upload), { recursive: true })
      writeFileSync(upload, readFileSync(ORDERS))
      const opened = await openPlatform(context, root)
      try {
        await opened.platform.createTenant({ tenant: TENANT })
      } finally {
        await opened.close()
      }
      context.print(welcome(relative(context.io.cwd, root), commandLine(context.io.cwd, projectAt(root))))
    })

const welcome = (folder: string, command: (command: string) => string): string =>
  `A project with the tenant ${TENANT} and one pipeline is in ${folder === '' ? 'this folder' : folder}. Try it:
  ${command('validate')}
  ${command(`run ${TENANT}/orders --param day=2026-01-31`)}
  ${command(`query ${TENANT} "SELECT * FROM silver_shop.daily_sales"`)}
The files under configs/ and sql/ say in comments what they do; change them, or begin a tenant of your own:
  ${command('tenant create ID')}`
