/**
 * Every connection that a tenant's config can cause goes through here: the address is checked when it is connected to, pinned,
 * and checked again at each redirect; time and size are capped; content is inflated while it streams, never whole.
 */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
  /** From the first byte sent to the last received, milliseconds. */
  readonly timeoutMs: number
  /** Of the decoded body; beyond it reading throws LimitExceededError. */
  readonly maxBytes: number
  /** `host` or `host:port` that the operator allows although their addresses are private (from `configs/_platform/tenants/{tenant}.yml`). */
  readonly allowedHosts: readonly string[]
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names; several values are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** URL that answered, after redirects. */
  readonly url: string
  /** Decoded (gzip, deflate, br, zstd: one encoding only). Must be read to its end, or returned. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface Http {
  /**
   * Throws ForbiddenError (address or scheme not allowed), UnavailableError (refused, reset, timed out, name not found), LimitExceededError.
   * A status is an answer, not an error. Credentials are not sent to another origin after a redirect.
   */
  request(request: HttpRequest): Promise<HttpResponse>
}
