import { InvalidInputError } from '@convergence/core/errors.ts'
import { isTenantId } from '@convergence/core/ids.ts'
import { tenantKey } from '@convergence/core/names.ts'
import { tenantDocument, type TenantDocument } from '@convergence/core/tenant.ts'
import { nowIso, type ControlContext } from '../context.ts'

export interface CreatedTenant {
  readonly document: TenantDocument
  /** False: it was there already, and is as it was. */
  readonly created: boolean
}

/** Creates a tenant, with its metadata views and its quarantine. Repeating it completes what a crash left undone. */
export const createTenant = async (context: ControlContext, tenant: string): Promise<CreatedTenant> => {
  if (!isTenantId(tenant))
    throw new InvalidInputError(
      `"${tenant}" is no tenant id: 3 to 30 lower-case letters and digits, the first a letter (no _ and no -)`,
    )
  const document: TenantDocument = { version: 1, tenant, status: 'active', createdAt: nowIso(context) }
  const put = await context.ports.state.compareAndSet(tenantKey(tenant), null, document)
  const standing = put.outcome === 'written' ? document : tenantDocument.parse(put.current?.value)
  await context.ports.warehouse.prepare(tenant)
  await context.ports.warehouse.record('tenants', [
    { insertId: tenant, row: { tenant, status: standing.status, created_at: standing.createdAt } },
  ])
  return { document: standing, created: put.outcome === 'written' }
}
