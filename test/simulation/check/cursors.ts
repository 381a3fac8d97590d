import type { CursorDocument } from '@convergence/core/cursor.ts'
import type { Cloud } from '../cloud.ts'
import type { Api, ApiRow } from '../scenario/api.ts'

/** The cursor never passes a row that was not loaded, quarantined or filtered; and it never goes back. Looked at when it moves. */
export const watchCursors = (cloud: Cloud, api: Api, violations: string[]): void => {
  const { onWrite } = cloud.state
  cloud.state.onWrite = (key, before, after) => {
    onWrite(key, before, after)
    if (!key.startsWith('cursors/')) return
    const [was, is] = [before as CursorDocument | undefined, after as CursorDocument]
    if (is.value === undefined || is.value === was?.value) return
    const isNumber = is.column === 'seq'
    if (was?.value !== undefined && (isNumber ? Number(is.value) < Number(was.value) : is.value < was.value))
      violations.push(`${key} went back from ${was.value} to ${is.value}`)
    const tenant = key.split('/')[1] ?? ''
    const passed = (row: ApiRow): boolean =>
      isNumber ? row.seq <= Number(is.value) : row.updated_at < (is.value ?? '')
    const known = knownIds(cloud, tenant, is.table)
    const missing = (api.rows.get(tenant) ?? []).filter((row) => passed(row) && !known.has(row.id))
    if (missing.length > 0)
      violations.push(`${key} passed ${missing.map(({ id }) => id).join(', ')} on its way to ${is.value}`)
  }
}

/** Of the rows of a table, and of those in quarantine. */
const knownIds = (cloud: Cloud, tenant: string, table: string): ReadonlySet<string> => {
  const loaded = cloud.tables.rows.get(`${tenant}_${table}`) ?? []
  const rejected = cloud.tables.rows.get(`${tenant}_quarantine.rejected_rows`) ?? []
  return new Set([
    ...loaded.map((row) => row['id'] ?? ''),
    ...rejected.map((row) => (row['raw'] ?? '').split(',')[0] ?? ''),
  ])
}
