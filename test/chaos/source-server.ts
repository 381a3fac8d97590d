import { createServer, type ServerResponse } from 'node:http'
import { DAYS, dayAt, makeBatch, type Batch } from './batch.ts'

/**
 * The HTTP source, a process of its own: `GET /items?batch=&from=&after=`, by pages. Told `{ dieAfter: n }` it kills itself in the middle
 * of its n-th answer from then on. Arguments: seed, port (0: any that is free).
 */
const [seed, port] = process.argv.slice(2).map(Number) as [number, number]
const PAGE = 15
/** So that reading takes a while, as it does elsewhere. */
const ANSWER_MS = 8

const batches = new Map<number, Batch>()
const batchOf = (number: number): Batch => {
  const known = batches.get(number)
  if (known) return known
  const made = makeBatch(seed, number)
  batches.clear()
  batches.set(number, made)
  return made
}

let answersLeft = Number.POSITIVE_INFINITY

const answer = (query: URLSearchParams, response: ServerResponse): void => {
  const day = Array.from({ length: DAYS }, (_, at) => dayAt(at)).indexOf((query.get('from') ?? '').slice(0, 10))
  const items = batchOf(Number(query.get('batch'))).items.filter((item) => item.day === day)
  const after = Number(query.get('after') ?? 0)
  const page = items.slice(after, after + PAGE)
  const next = after + PAGE < items.length ? after + PAGE : null
  const body = JSON.stringify({ data: page.map((item) => ({ ...item, day: dayAt(item.day) })), next })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  if (--answersLeft > 0) return void response.end(body)
  response.write(body.slice(0, body.length / 2), () => process.kill(process.pid, 'SIGKILL'))
}

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://source')
  setTimeout(() => answer(searchParams, response), ANSWER_MS)
})
server.listen(port, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port))
process.on('message', ({ dieAfter }: { dieAfter: number }) => void (answersLeft = dieAfter))
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
