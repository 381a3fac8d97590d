import type { Ports } from '@convergence/core/ports/index.ts'
import type { OpenedPorts, PortParts } from '@convergence/runtime/functions/host.ts'

/** Tells the test. */
export const tell = (message: object): void => void process.send?.(message)

/** As few as these functions touch. */
export const openPorts = ({ log }: PortParts): Promise<OpenedPorts> =>
  Promise.resolve({
    ports: {
      log,
      clock: { nowMs: () => Date.now() },
      random: { hex: (bytes: number) => 'ab'.repeat(bytes) },
      bus: {
        publish: (topic: string, message: object) => {
          tell({ topic, message })
          return Promise.resolve()
        },
      },
      state: { get: () => Promise.resolve(undefined) },
    } as unknown as Ports,
    close: () => {
      // A message to the parent would be lost with the process.
      process.stdout.write('{"closed":true}\n')
      return Promise.resolve()
    },
  })
