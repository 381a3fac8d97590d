import type { ConfigSnapshot } from '../config/snapshot.ts'

/** Configs of tenants as content-addressed snapshots: a run pins the hash of the one that it started with. */
export interface ConfigStore {
  /** The newest valid snapshot, which stays loadable by its hash. Throws InvalidConfigError (`details.problems`), NotFoundError (no such tenant). */
  current(tenant: string): Promise<ConfigSnapshot>
  /** The snapshot of that hash. Throws NotFoundError. */
  load(tenant: string, hash: string): Promise<ConfigSnapshot>
}
