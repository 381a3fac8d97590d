import { DataRejectedError, InvalidConfigError } from '@convergence/core/errors.ts'
import type { Pagination } from '@convergence/core/config/source.ts'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import type { JsonValue } from '../json-records.ts'
import type { CycleGuard } from './cycle-guard.ts'
import { nextGuard, startGuard } from './cycle-guard.ts'
import { linkTarget } from './link-header.ts'
import { resolveUrl } from './request.ts'

/** What a page's request says beyond its resource's. */
export interface PageAddress {
  readonly query?: Readonly<Record<string, JsonValue>> | undefined
  readonly headers?: Readonly<Record<string, JsonValue>> | undefined
  /** By path in a JSON body, by name in a form. */
  readonly body?: Readonly<Record<string, JsonValue>> | undefined
  readonly url?: string | undefined
}

/** Where a walk through pages is: all that a continuation carries. */
export interface Place {
  readonly address: PageAddress
  /** Pages and records before this one. */
  readonly pages: number
  readonly records: number
  readonly guard?: CycleGuard | undefined
  /** How often the same page came one after the other. */
  readonly same?: { readonly mark: number; readonly times: number } | undefined
}

/** What a page gave, as far as the walk depends on it. */
export interface Page {
  readonly count: number
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  /** Checksum of the whole answer: rows alone may well be alike. */
  readonly mark: () => number
  readonly at: (path: string) => JsonValue | undefined
}

type Of<T extends Pagination['type']> = Extract<Pagination, { type: T }>

/** A server that does not know the parameter answers the first page for ever. */
const MAX_SAME_PAGES = 10

export const firstPlace = (pagination: Pagination): Place => ({
  address: firstAddress(pagination),
  pages: 0,
  records: 0,
})

const firstAddress = (pagination: Pagination): PageAddress => {
  if (pagination.type === 'offset') return offsetAddress(pagination, 0)
  if (pagination.type === 'page') return pageAddress(pagination, pagination.first)
  return {}
}

const offsetAddress = ({ param, limit_param: limitParam, limit }: Of<'offset'>, offset: number): PageAddress => ({
  query: { [param]: offset, [limitParam]: limit },
})

const pageAddress = ({ param, size_param: sizeParam, size }: Of<'page'>, page: number): PageAddress => ({
  query: { [param]: page, ...(sizeParam !== undefined && size !== undefined && { [sizeParam]: size }) },
})

/**
 * The place after a page, or undefined when that was the last. Throws DataRejectedError: the list goes in a circle, never ends, or ends
 * with fewer records than the source declared.
 */
export const nextPlace = (pagination: Pagination, place: Place, page: Page): Place | undefined => {
  const pages = place.pages + 1
  const records = place.records + page.count
  if (pagination.type === 'none') return undefined
  const total = pagination.total === undefined ? undefined : numberAt(page, pagination.total)
  const step = stepOf(pagination, place, { page, records, total })
  if (step === undefined) {
    if (total !== undefined && records < total) {
      throw new DataRejectedError(
        `the source declared ${total} records and gave ${records}: its list ended early, after ${pages} pages`,
      )
    }
    if (total !== undefined && records > total && isSame(place, page)) throw samePages(2)
    return undefined
  }
  if (pages >= pagination.max_pages) {
    throw new DataRejectedError(
      `the list has more than ${pagination.max_pages} pages: it may never end (\`max_pages\` raises the limit)`,
    )
  }
  return { address: step.address, pages, records, ...watched(place, step, page, pages) }
}

interface Step {
  readonly address: PageAddress
  /** What must not come back. */
  readonly cursor?: string | undefined
}

interface Standing {
  readonly page: Page
  readonly records: number
  readonly total: number | undefined
}

const stepOf = (
  pagination: Exclude<Pagination, { type: 'none' }>,
  place: Place,
  standing: Standing,
): Step | undefined => {
  switch (pagination.type) {
    case 'cursor':
      return cursorStep(pagination, standing.page)
    case 'offset':
      return offsetStep(pagination, place, standing)
    case 'page':
      return pageStep(pagination, place, standing)
    case 'next_url':
      return urlStep(textAt(standing.page, pagination.next), standing.page)
    case 'link_header':
      return urlStep(linkTarget(standing.page.headers['link'], pagination.rel), standing.page)
  }
}

const cursorStep = (pagination: Of<'cursor'>, page: Page): Step | undefined => {
  const more = pagination.has_more === undefined ? undefined : page.at(pagination.has_more)
  if (more === false) return undefined
  const cursor =
    pagination.next === undefined ? page.headers[pagination.next_header?.toLowerCase() ?? ''] : page.at(pagination.next)
  if (cursor === undefined || cursor === null || cursor === '' || cursor === false) {
    if (more === true)
      throw new DataRejectedError(
        `the source says that there is more (${pagination.has_more}), and gives no cursor at ${pagination.next ?? pagination.next_header}`,
      )
    return undefined
  }
  const { param } = pagination
  const address = {
    query: { query: { [param]: cursor } },
    header: { headers: { [param]: cursor } },
    body: { body: { [param]: cursor } },
  }[pagination.in]
  return { address, cursor: JSON.stringify(cursor) }
}

const offsetStep = (pagination: Of<'offset'>, place: Place, { page, records, total }: Standing): Step | undefined => {
  if (page.count === 0) return undefined
  // A server may give fewer than it was asked for; only its total tells that from the end.
  if (total === undefined ? page.count < pagination.limit : records >= total) return undefined
  const offset = Number(place.address.query?.[pagination.param] ?? 0) + page.count
  return { address: offsetAddress(pagination, offset) }
}

const pageStep = (pagination: Of<'page'>, place: Place, { page, records, total }: Standing): Step | undefined => {
  const at = Number(place.address.query?.[pagination.param] ?? pagination.first)
  const pages = pagination.total_pages === undefined ? undefined : numberAt(page, pagination.total_pages)
  const isLast =
    pages !== undefined
      ? place.pages + 1 >= pages
      : page.count === 0 ||
        (total !== undefined ? records >= total : pagination.size !== undefined && page.count < pagination.size)
  return isLast ? undefined : { address: pageAddress(pagination, at + 1) }
}

const urlStep = (target: string | undefined, page: Page): Step | undefined => {
  if (target === undefined) return undefined
  const url = resolveUrl(target, page.url)
  return { address: { url }, cursor: url }
}

/** Watches for a walk in a circle: cursors that come back, or pages that stay the same. */
const watched = (place: Place, { cursor }: Step, page: Page, pages: number): Pick<Place, 'guard' | 'same'> => {
  if (cursor !== undefined) {
    const guard = place.guard === undefined ? startGuard(cursor) : nextGuard(place.guard, cursor)
    if (guard === undefined)
      throw new DataRejectedError(
        `the list goes in a circle: after ${pages} pages the cursor ${cursor.slice(0, 80)} came again`,
      )
    return { guard }
  }
  const times = isSame(place, page) ? (place.same?.times ?? 0) + 1 : 1
  if (times >= MAX_SAME_PAGES) throw samePages(MAX_SAME_PAGES)
  return { same: { mark: page.mark(), times } }
}

const isSame = (place: Place, page: Page): boolean => page.count > 0 && place.same?.mark === page.mark()

const samePages = (pages: number): DataRejectedError =>
  new DataRejectedError(
    `the last ${pages} pages were the same: the source seems not to know its parameter, check \`pagination.param\``,
  )

const textAt = (page: Page, path: string): string | undefined => {
  const value = page.at(path)
  if (value === undefined || value === null || value === '' || value === false) return undefined
  if (typeof value !== 'string') throw new DataRejectedError(`${path} in the answer is not a text`)
  return value
}

const numberAt = (page: Page, path: string): number => {
  const value = page.at(path)
  const number =
    typeof value === 'number' || (typeof value === 'string' && /^\d+(\.0*)?$/.test(value)) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(number) || number < 0)
    throw new DataRejectedError(`${path} in the answer is not a whole number`)
  return number
}

/** A path of the config as one that leads to a single value. */
export const valuePath = (path: string) => {
  const parsed = parseJsonPath(path)
  if (parsed.some((segment) => segment.kind === 'wildcard'))
    throw new InvalidConfigError(`path ${path} must lead to one value: it has a wildcard`)
  return parsed
}
