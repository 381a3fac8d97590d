import { mkdirSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { pipelineSchema } from './pipeline.ts'
import { rulesSchema } from './rules.ts'
import { sourceSchema } from './source.ts'
import { tableSchemaFile } from './table-schema.ts'
import { operatorTenantSchema, tenantSchema } from './tenant.ts'

/**
 * JSON Schemas of what people write, for their editors: `# yaml-language-server: $schema=../../_schemas/pipeline.json` atop a file.
 * `node shared/core/config/write-json-schemas.ts` writes them; a test holds them to the models.
 */
const MODELS: Readonly<Record<string, z.ZodType>> = {
  pipeline: pipelineSchema,
  source: sourceSchema,
  rules: rulesSchema,
  'table-schema': tableSchemaFile,
  tenant: tenantSchema,
  'operator-tenant': operatorTenantSchema,
}

/** File name to text. */
export const jsonSchemas = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(MODELS).map(([name, model]) => [
      `${name}.json`,
      `${JSON.stringify(z.toJSONSchema(model, { io: 'input', reused: 'ref' }), null, 2)}\n`,
    ]),
  )

export const JSON_SCHEMA_FOLDER = new URL('../../../configs/_schemas/', import.meta.url)

if (import.meta.main) {
  mkdirSync(JSON_SCHEMA_FOLDER, { recursive: true })
  for (const [name, text] of Object.entries(jsonSchemas())) writeFileSync(new URL(name, JSON_SCHEMA_FOLDER), text)
}
