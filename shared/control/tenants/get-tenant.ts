import { ForbiddenError, NotFoundError } from '@convergence/core/errors.ts'
import { tenantKey, tenantsPrefix } from '@convergence/core/names.ts'
import { tenantDocument, type TenantDocument } from '@convergence/core/tenant.ts'
import type { ControlContext } from '../context.ts'

/** Throws NotFoundError. */
export const getTenant = async (context: ControlContext, tenant: string): Promise<TenantDocument> => {
  const entry = await context.ports.state.get(tenantKey(tenant))
  if (!entry)
    throw new NotFoundError(`there is no tenant ${tenant}: create it with \`convergence tenant create ${tenant}\``)
  return tenantDocument.parse(entry.value)
}

/** Suspension is read live: a suspended tenant starts nothing. */
export const requireActive = async (context: ControlContext, tenant: string): Promise<void> => {
  const { status } = await getTenant(context, tenant)
  if (status === 'suspended')
    throw new ForbiddenError(`tenant ${tenant} is suspended: it starts no runs until the operator resumes it`)
}

/** All tenants' ids, by page. */
export async function* listTenants(context: ControlContext): AsyncIterable<string> {
  let pageToken: string | undefined
  do {
    const page = await context.ports.state.list(tenantsPrefix, pageToken === undefined ? {} : { pageToken })
    for (const entry of page.entries) yield tenantDocument.parse(entry.value).tenant
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
}
