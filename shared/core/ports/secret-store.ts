/** Secrets of tenants: `configs/{tenant}/secrets/{name}.txt` first (refused unless 0600 and ours), then the secret manager. */
export interface SecretStore {
  /**
   * The secret's text without a trailing newline; cached. Throws NotFoundError (names the file and the fix), ForbiddenError (mode or owner).
   * The value must never reach a log, an error or a table.
   */
  get(tenant: string, name: string): Promise<string>
  /** Forgets what is cached for a tenant. */
  invalidate(tenant: string): void
}
