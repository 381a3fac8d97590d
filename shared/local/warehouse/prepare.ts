import { InvalidInputError } from '@convergence/core/errors.ts'
import { isTenantId } from '@convergence/core/ids.ts'
import type { MetadataTable } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { ensureMetadataTable, METADATA_TABLES, metadataPath, metadataView } from './metadata.ts'
import type { Session } from './session.ts'
import { ensureTable, readTable } from './tables.ts'

/** The metadata tables, and all views over them: a view does not see a column that was added after it was made. */
export const prepareMetadata = async (session: Session): Promise<void> => {
  await session.run('CREATE SCHEMA IF NOT EXISTS metadata')
  for (const table of METADATA_TABLES) {
    await ensureMetadataTable(session, table)
    await createView(session, `metadata."${table}_latest"`, table, undefined)
  }
  const datasets = await session.all(
    `SELECT schema_name AS name FROM duckdb_schemas() WHERE database_name = current_database() AND schema_name LIKE '%\\_metadata' ESCAPE '\\'`,
  )
  for (const { name } of datasets) await createTenantViews(session, String(name).slice(0, -'_metadata'.length))
}

/** A tenant's own views, and its quarantine. */
export const prepareTenant = async (session: Session, tenant: string): Promise<void> => {
  if (!isTenantId(tenant)) throw new InvalidInputError(`${JSON.stringify(tenant)} is not a tenant id`)
  await session.run('CREATE SCHEMA IF NOT EXISTS metadata')
  for (const table of METADATA_TABLES) await ensureMetadataTable(session, table)
  await session.run(`CREATE SCHEMA IF NOT EXISTS "${tenant}_metadata"`)
  await createTenantViews(session, tenant)
  const quarantine = quarantineTable(tenant)
  const layout = { fields: QUARANTINE_SCHEMA, partitionBy: 'ingestion_date', clusterBy: [] }
  await ensureTable(session, quarantine, layout, await readTable(session, quarantine))
}

const createTenantViews = async (session: Session, tenant: string): Promise<void> => {
  if (!isTenantId(tenant)) return
  for (const table of METADATA_TABLES) await createView(session, `"${tenant}_metadata"."${table}"`, table, tenant)
}

/** A view's SQL names its table as `{{table}}`, and holds `{{rows}}`: the tenant's own, or all. */
const createView = async (
  session: Session,
  name: string,
  table: MetadataTable,
  tenant: string | undefined,
): Promise<void> => {
  // A tenant id holds letters and digits only.
  const rows = tenant === undefined ? 'TRUE' : `tenant = '${tenant}'`
  const select = (await metadataView(table)).replaceAll('{{table}}', metadataPath(table)).replaceAll('{{rows}}', rows)
  await session.run(`CREATE OR REPLACE VIEW ${name} AS ${select}`)
}
