import { NotFoundError } from '@convergence/core/errors.ts'
import type { ControlContext } from './context.ts'

/** A JSON document of the platform's bucket, or undefined when it is not there. */
export const readDocument = async <T>(
  { ports }: ControlContext,
  bucket: string,
  name: string,
  schema: { parse(value: unknown): T },
): Promise<T | undefined> => {
  try {
    const parts: Uint8Array[] = []
    for await (const bytes of ports.objects.read({ bucket, name })) parts.push(bytes)
    return schema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
