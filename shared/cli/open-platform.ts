import { findOwner, type Owner } from '@convergence/local/owner-lock.ts'
import { ConflictError } from '@convergence/core/errors.ts'
import type { CliContext } from './context.ts'
import { openEmbedded, type UnfinishedRun } from './embedded.ts'
import type { Platform } from './platform/platform.ts'
import { remotePlatform } from './platform/remote-platform.ts'
import type { Project } from './project.ts'

export type { UnfinishedRun } from './embedded.ts'

/** The platform that a command talks to: in this process, or of the process that owns the project. */
export interface OpenedPlatform {
  readonly project: Project
  readonly platform: Platform
  /** The other process; undefined: this one owns the project. */
  readonly owner: { readonly pid: number } | undefined
  /** What this start found; of another process nothing is known. */
  readonly unfinished: readonly UnfinishedRun[]
  /** Messages and tasks are delivered from now on; another process does it anyway. */
  work(): Promise<void>
  close(): Promise<void>
}

/** Opens the project, or connects to the `dev` that owns it. Throws ConflictError that says who owns it and what to do. */
export const openPlatform = async (context: CliContext, named: string | undefined): Promise<OpenedPlatform> => {
  const project = context.project(named)
  try {
    const embedded = await openEmbedded(project, context.io.env)
    return { ...embedded, owner: undefined, work: () => embedded.work() }
  } catch (error) {
    return connect(project, await ownerOf(project, error))
  }
}

/** Who holds the project; any other failure is thrown on. */
const ownerOf = async ({ local }: Project, error: unknown): Promise<Partial<Owner>> => {
  const owner = error instanceof ConflictError ? await findOwner(local) : undefined
  if (!owner) throw error
  return owner
}

const connect = (project: Project, { pid, port, token }: Partial<Owner>): OpenedPlatform => {
  if (pid === undefined || port === undefined || token === undefined) throw owned(project, pid)
  return {
    project,
    platform: remotePlatform({ pid, url: `http://127.0.0.1:${port}`, token }),
    owner: { pid },
    unfinished: [],
    work: async () => {},
    close: async () => {},
  }
}

const owned = ({ local }: Project, pid: number | undefined): ConflictError => {
  const [who, kill] = pid === undefined ? ['another process', ''] : [`process ${pid}`, ` (kill ${pid})`]
  return new ConflictError(
    `${who} works in ${local}, and answers no other commands: wait until it has ended, or stop it${kill}. Beside \`convergence dev\` all commands work`,
  )
}

/** For commands that must own the project themselves. */
export const refuseOwned = async (error: unknown, project: Project): Promise<never> => {
  const { pid, port } = await ownerOf(project, error)
  if (port === undefined) throw owned(project, pid)
  throw new ConflictError(
    `process ${pid} (convergence dev) works in ${project.local}: stop it first. The commands run, runs, replay, cancel and query work beside it`,
  )
}
