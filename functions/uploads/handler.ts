import { uploadEvent, type Delivery } from '@convergence/core/messages.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { requestUploaded } from '@convergence/control/uploads/request-uploaded.ts'

/** An object was finalized: runs are asked for. */
export const onUpload = async (
  { ports }: { readonly ports: Ports },
  payload: unknown,
  { trace }: Delivery,
): Promise<void> => {
  await requestUploaded({ ports, trace }, uploadEvent.parse(payload))
}
