/** No `_` or `-`: a dataset is `{tenant}_{dataset}`, and must name one tenant only. */
export const TENANT_ID_PATTERN = /^[a-z][a-z0-9]{2,29}$/
/** Pipelines, steps, sources, resources, schemas, rules, datasets, tables, parameters, secrets. */
export const ID_PATTERN = /^[a-z][a-z0-9_]{0,62}$/
/** BigQuery's columns, without its flexible names. */
export const COLUMN_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,299}$/

export const isTenantId = (text: string): boolean => TENANT_ID_PATTERN.test(text)
export const isId = (text: string): boolean => ID_PATTERN.test(text)
export const isColumnName = (text: string): boolean => COLUMN_NAME_PATTERN.test(text)
