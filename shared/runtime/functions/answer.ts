import type { ServerResponse } from 'node:http'
import { serialize } from '../logging/serialize.ts'

/** Plain text, if any: who reads these answers are Google's services. */
export const answer = (response: ServerResponse, status: number, text = ''): void => {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' })
  response.end(text)
}

/** A line of the log where there is no log yet. */
export const complain = (name: string, error: Error): void => {
  const line = { severity: 'ERROR', message: 'a request could not be taken', function: name, error: serialize(error) }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
