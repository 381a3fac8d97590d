import { z } from 'zod'

/** State of a tenant: that it exists, and whether it may run anything. What it may reach is in the operator's file. */
export const tenantDocument = z.strictObject({
  version: z.literal(1),
  tenant: z.string(),
  status: z.enum(['active', 'suspended']),
  createdAt: z.string(),
})
export type TenantDocument = z.infer<typeof tenantDocument>
