import { z } from 'zod'
import { description, id, oneOf } from './fields.ts'
import { fileResource } from './file-resource.ts'
import { bucketName } from './bucket-name.ts'
import { restConnection, restResource } from './rest-resource.ts'

export type { FileResource } from './file-resource.ts'
export type { Pagination, RestResource } from './rest-resource.ts'
export type { SecretRef } from './fields.ts'

/** `configs/{tenant}/sources/{id}.yml`: where data comes from, and how a person would read it. */
const atLeastOne = (map: object) => Object.keys(map).length > 0

const restApiSource = z.strictObject({
  source_id: id,
  description,
  type: z.literal('rest_api'),
  ...restConnection,
  resources: z.record(id, restResource).refine(atLeastOne, 'needs at least one resource'),
})

const objectStorageSource = z.strictObject({
  source_id: id,
  description,
  type: z.literal('object_storage'),
  /** One that the operator allows. */
  bucket: bucketName,
  files: z.record(id, fileResource).refine(atLeastOne, 'needs at least one file'),
})

export const sourceSchema = z.discriminatedUnion('type', [restApiSource, objectStorageSource], {
  error: oneOf('type', ['rest_api', 'object_storage'], ['postgres', 'mysql', 'bigquery']),
})

export type RestApiSource = z.output<typeof restApiSource>
export type ObjectStorageSource = z.output<typeof objectStorageSource>
export type Source = RestApiSource | ObjectStorageSource
