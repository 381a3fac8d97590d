import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LINEITEM_HEADER, lineitemColumns, lineitemLines } from './csv-lineitem.ts'
import { sourceFingerprint, type Fingerprint } from './fingerprint.ts'

export const PAGES = 1_000
const PAGE_RECORDS = 1_000
export const RECORDS = PAGES * PAGE_RECORDS

export const pageFile = (page: number): string => `page-${String(page).padStart(4, '0')}.json`

/** Writes the pages' records, an array a file. Numbers are JSON numbers, amounts with the digits that they have. */
export const writePages = async (folder: string): Promise<{ bytes: number; fingerprint: Fingerprint }> => {
  const lines = lineitemLines()
  const columns = lineitemColumns({ type: 'NUMERIC' })
  const record = (line: string): string => {
    const cells = line.split(',')
    const members = columns.map(({ name, type }, i) =>
      type === 'INT64' || type === 'NUMERIC' ? `"${name}":${cells[i]}` : `"${name}":"${cells[i]}"`,
    )
    return `{${members.join(',')}}`
  }
  const csv: string[] = []
  let bytes = 0
  for (let page = 0; page < PAGES; page++) {
    const own = Array.from({ length: PAGE_RECORDS }, () => lines.next().value)
    const text = `[${own.map(record).join(',')}]`
    writeFileSync(join(folder, pageFile(page)), text)
    csv.push(...own)
    bytes += text.length
  }
  const path = join(folder, 'records.csv')
  writeFileSync(path, `${LINEITEM_HEADER}${csv.join('\n')}\n`)
  return { bytes, fingerprint: await sourceFingerprint(path) }
}
