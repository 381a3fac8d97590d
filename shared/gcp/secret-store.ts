import { join } from 'node:path'
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { InternalError, InvalidConfigError, NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import { crc32c } from '@convergence/core/crc32c.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import { SecretCache } from '@convergence/core/secret-cache.ts'
import { readSecretFile, requireSecretName, secretFileLabel, secretText } from '@convergence/core/secret-file.ts'
import { withAttempts, type Attempts } from './attempts.ts'
import { fromGrpcError, GRPC } from './errors/grpc.ts'

export interface SecretManagerSecretStoreOptions extends Attempts {
  /** Opened by the first secret that no file holds. */
  readonly client: () => Promise<SecretManagerServiceClient>
  readonly project: string
  /** Folder that has `configs/`. */
  readonly root: string
  /** Versions that are pinned, by `{tenant}_{name}`; of any other secret the latest is taken, and kept until it is invalidated. */
  readonly versions: Readonly<Record<string, string>>
}

/** Of one call; the client's own default is a minute. */
const TIMEOUT_MS = 10_000

/** Secrets in files first, then in Secret Manager under `{tenant}_{name}`: a tenant's id has no `_`, so that the name is one tenant's only. */
export class SecretManagerSecretStore implements SecretStore {
  readonly #options: SecretManagerSecretStoreOptions
  readonly #cache = new SecretCache()

  constructor(options: SecretManagerSecretStoreOptions) {
    this.#options = options
  }

  async get(tenant: string, name: string): Promise<string> {
    requireSecretName(tenant, name)
    return this.#cache.get(tenant, name, () => this.#read(tenant, name))
  }

  invalidate(tenant: string): void {
    this.#cache.invalidate(tenant)
  }

  async #read(tenant: string, name: string): Promise<string> {
    try {
      const secret = await readSecretFile(join(this.#options.root, 'configs'), tenant, name)
      if (secret !== undefined) return secret
    } catch (error) {
      throw fromSecretFile(error, secretFileLabel(tenant, name))
    }
    return withAttempts(this.#options, () => this.#access(tenant, name))
  }

  async #access(tenant: string, name: string): Promise<string> {
    const { client, project, versions } = this.#options
    const id = `${tenant}_${name}`
    const label = `secret ${id} in Secret Manager`
    const version = Object.hasOwn(versions, id) ? versions[id]! : 'latest'
    try {
      const [{ payload }] = await (
        await client()
      ).accessSecretVersion(
        { name: `projects/${project}/secrets/${id}/versions/${version}` },
        { timeout: TIMEOUT_MS, retry: null },
      )
      const bytes = Buffer.from(payload?.data ?? '')
      const sum = payload?.dataCrc32c
      if (sum !== null && sum !== undefined && Number(sum) !== crc32c(bytes))
        throw new UnavailableError(`${label} arrived with another checksum`)
      return secretText(bytes.toString(), label)
    } catch (error) {
      const known = fromGrpcError(error, label)
      const options = { cause: error }
      if (known.details['code'] === GRPC.NOT_FOUND)
        throw new NotFoundError(
          `secret ${name} of tenant ${tenant} is missing: add a version${version === 'latest' ? '' : ` ${version}`} of ${id} in Secret Manager of project ${project}, or write ${secretFileLabel(tenant, name)}`,
          options,
        )
      if (known.details['code'] === GRPC.FAILED_PRECONDITION)
        throw new InvalidConfigError(
          `version ${version} of ${label} is disabled or destroyed; enable it or add one`,
          options,
        )
      throw known
    }
  }
}

/** Files that cannot be read although they are there. */
const fromSecretFile = (error: unknown, label: string): unknown =>
  (error as NodeJS.ErrnoException).syscall === undefined
    ? error
    : new InternalError(`${label}: ${(error as Error).message}`, { cause: error })
