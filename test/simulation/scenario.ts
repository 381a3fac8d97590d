/** What a seed plays. Imports nothing that decides what the tables must hold. */
export { Api } from './scenario/api.ts'
export { API_KEY, BUCKET, TENANTS } from './scenario/pipelines.ts'
export { releasesOf } from './scenario/releases.ts'
export { uploadsOf, type StepSource, type Upload } from './scenario/uploads.ts'
