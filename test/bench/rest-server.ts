/** The API of the bench, in a process of its own: pages that lie ready in memory, by cursor. `node rest-server.ts FOLDER`. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pageFile, PAGES, RECORDS } from './rest-pages.ts'

const [folder] = process.argv.slice(2)
if (folder !== undefined) {
  const pages = Array.from({ length: PAGES }, (_, page) => {
    const next = page + 1 < PAGES ? `"p${page + 1}"` : 'null'
    return Buffer.from(
      `{"data":${readFileSync(join(folder, pageFile(page)), 'utf8')},"next":${next},"total":${RECORDS}}`,
    )
  })
  const server = createServer((request, response) => {
    const after = new URL(request.url ?? '', 'http://localhost').searchParams.get('after') ?? 'p0'
    const page = pages[Number(after.slice(1))]
    if (!page) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': page.length }).end(page)
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}
