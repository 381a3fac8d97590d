import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { operatorFile } from '@convergence/core/config/load-config.ts'

const operatorText = (
  tenant: string,
): string => `# The operator's file: what the tenant ${tenant} may reach and use. The tenant cannot change it.
tenant_id: ${tenant}
limits: { max_concurrent_runs: 10 }
# Buckets it may read; on this machine each is a folder under .convergence/buckets/.
buckets:
  - bucket: ${tenant}-uploads
# Hosts with private addresses that its sources may connect to: "host" or "host:port".
hosts: []
`

const tenantText = (tenant: string): string => `tenant_id: ${tenant}
# Of dates and of defaults like \`yesterday\`, where a pipeline names no other.
timezone: UTC
`

/** Writes a new tenant's files where they are missing; gives the paths of those that it wrote. */
export const writeTenantFiles = (root: string, tenant: string): string[] => {
  const files: readonly (readonly [string, string])[] = [
    [operatorFile(tenant), operatorText(tenant)],
    [`configs/${tenant}/tenant.yml`, tenantText(tenant)],
  ]
  return files.flatMap(([path, text]) => (writeMissing(join(root, path), text) ? [path] : []))
}

/** True if it wrote the file. */
export const writeMissing = (path: string, text: string): boolean => {
  if (existsSync(path)) return false
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return true
}
