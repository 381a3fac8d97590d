import type { Ports } from '@convergence/core/ports/index.ts'

export interface Counted {
  readonly ports: Ports
  /** By port and method. */
  readonly calls: ReadonlyMap<string, number>
  /** Of objects. */
  readonly bytesRead: () => number
}

const STORES = ['objects', 'state', 'tasks', 'bus'] as const

/** The same ports, with every call of a store counted. */
export const countCalls = (ports: Ports): Counted => {
  const calls = new Map<string, number>()
  let bytes = 0
  const wrapped = Object.fromEntries(
    STORES.map((store) => [
      store,
      new Proxy(ports[store], {
        get: (target, method) => {
          const call = Reflect.get(target, method) as unknown
          if (typeof call !== 'function') return call
          return (...args: unknown[]): unknown => {
            const name = `${store}.${String(method)}`
            calls.set(name, (calls.get(name) ?? 0) + 1)
            const answer = Reflect.apply(call, target, args) as unknown
            return name === 'objects.read' ? counting(answer as AsyncIterable<Uint8Array>) : answer
          }
        },
      }),
    ]),
  )
  const counting = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      bytes += piece.length
      yield piece
    }
  }
  return { ports: { ...ports, ...wrapped } as Ports, calls, bytesRead: () => bytes }
}
