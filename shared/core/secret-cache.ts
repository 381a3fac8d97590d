/** Secrets that were read, by tenant. */
export class SecretCache {
  readonly #cached = new Map<string, Map<string, string>>()

  async get(tenant: string, name: string, read: () => Promise<string>): Promise<string> {
    const known = this.#cached.get(tenant)?.get(name)
    if (known !== undefined) return known
    // Taken before the secret is read: what is invalidated meanwhile must not come back.
    const cache = this.#cacheOf(tenant)
    const secret = await read()
    cache.set(name, secret)
    return secret
  }

  invalidate(tenant: string): void {
    this.#cached.delete(tenant)
  }

  #cacheOf(tenant: string): Map<string, string> {
    const cache = this.#cached.get(tenant) ?? new Map<string, string>()
    this.#cached.set(tenant, cache)
    return cache
  }
}
