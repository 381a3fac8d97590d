import type { HttpRequest, HttpResponse } from '@convergence/core/ports/http.ts'
import type { Prng } from '../prng.ts'
import { DAYS, TENANTS } from './pipelines.ts'

/**
 * The tenants' own API: rows that are there at some time and, a little later, are answered (they commit late). It pages, and what is
 * wrong with it is a flaw of the upload whose run asks.
 */
export interface ApiRow {
  readonly id: string
  readonly day: string
  readonly amount: string
  /** ISO instant. */
  readonly updated_at: string
  readonly seq: number
  /** Simulated time from which on it is answered. */
  readonly seenAtMs: number
}

/** The API repeats a page's cursor, declares more than it gives, or answers rows of any time. */
export type Flaw = 'repeats' | 'short' | 'unfiltered'

const HOUR_MS = 3_600_000
const LATEST_COMMIT_MS = 600_000
const PAGE_ROWS = 3

export class Api {
  readonly rows: ReadonlyMap<string, readonly ApiRow[]>
  /** When the simulation began. */
  readonly startMs: number
  readonly #flawOf: (object: string) => Flaw | undefined

  constructor(random: Prng, startMs: number, flawOf: (object: string) => Flaw | undefined) {
    this.startMs = startMs
    this.#flawOf = flawOf
    this.rows = new Map(TENANTS.map((tenant) => [tenant, rowsOf(random, tenant, startMs)]))
  }

  /** Rows that are answered now. */
  seen(tenant: string, nowMs: number): readonly ApiRow[] {
    return (this.rows.get(tenant) ?? []).filter(({ seenAtMs }) => seenAtMs <= nowMs)
  }

  /** `keyOf`: the only key that it takes of a tenant. */
  answer({ url, headers }: HttpRequest, nowMs: number, keyOf: (tenant: string) => string): HttpResponse {
    const { hostname, pathname, searchParams: asked } = new URL(url)
    if (headers?.['authorization'] !== `Bearer ${keyOf(hostname.replace('.test', ''))}`) return refusalOf(url)
    const rows = this.seen(hostname.replace('.test', ''), nowMs)
    const flaw = this.#flawOf(asked.get('object') ?? '')
    const document =
      pathname === '/list'
        ? listPage(rows, asked)
        : pathname === '/feed'
          ? feedPage(rows, asked, flaw)
          : numbersPage(rows, asked, flaw)
    const body = Buffer.from(JSON.stringify(document))
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      url,
      body: (async function* () {
        yield body
      })(),
    }
  }
}

const refusalOf = (url: string): HttpResponse => ({ status: 401, headers: {}, url, body: (async function* () {})() })

/** Newest first: every new row shifts all pages. */
const listPage = (rows: readonly ApiRow[], asked: URLSearchParams) => {
  const offset = Number(asked.get('offset'))
  const newest = rows.toSorted((a, b) => b.seenAtMs - a.seenAtMs)
  return {
    data: newest.slice(offset, offset + Number(asked.get('limit'))).map(({ id, day, amount }) => ({ id, day, amount })),
  }
}

const feedPage = (rows: readonly ApiRow[], asked: URLSearchParams, flaw: Flaw | undefined) => {
  const [start, end] = [asked.get('start') ?? '', asked.get('end') ?? '']
  const found = rows.filter(({ updated_at: at }) => flaw === 'unfiltered' || (at >= start && at < end))
  return {
    ...pageOf(
      found.map(({ id, day, amount, updated_at }) => ({ id, day, amount, updated_at })),
      asked,
      flaw,
    ),
    total: found.length + (flaw === 'short' ? 1 : 0),
  }
}

const numbersPage = (rows: readonly ApiRow[], asked: URLSearchParams, flaw: Flaw | undefined) => {
  const after = Number(asked.get('after'))
  const found = rows.filter(({ seq }) => flaw === 'unfiltered' || seq > after)
  return pageOf(
    found.map(({ id, day, amount, seq }) => ({ id, day, amount, seq })),
    asked,
    flaw,
  )
}

const pageOf = <Row>(rows: readonly Row[], asked: URLSearchParams, flaw: Flaw | undefined) => {
  const page = Number(asked.get('page') ?? '0')
  const isLast = (page + 1) * PAGE_ROWS >= rows.length
  const next = flaw === 'repeats' && page > 0 ? page : isLast ? null : page + 1
  return { data: rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS), next: next === null ? null : String(next) }
}

const rowsOf = (random: Prng, tenant: string, startMs: number): ApiRow[] => {
  const rows: ApiRow[] = []
  let atMs = startMs - 2 * HOUR_MS
  // No commit overtakes an earlier one: a number that was seen is the largest.
  let seenAtMs = 0
  for (let seq = 1; seq <= 14; seq++) {
    atMs += 1 + random.below(HOUR_MS / 4)
    seenAtMs = Math.max(seenAtMs, atMs + random.below(LATEST_COMMIT_MS))
    rows.push({
      id: `${tenant}-${seq}`,
      day: random.pick(DAYS),
      amount: random.chance(0.06) ? 'bad' : String(seq),
      // A row at the very end of a window is the next one's.
      updated_at: new Date(atMs).toISOString(),
      seq,
      seenAtMs,
    })
  }
  return rows
}
