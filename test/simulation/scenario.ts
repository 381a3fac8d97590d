/** What a seed plays. Imports nothing that decides what the tables must hold. */
export { Api } from './scenario/api.ts'
export { API_KEY, BUCKET, GATE_ROWS, releasesOf, stepFacts, TENANTS, type StepFacts } from './scenario/pipelines.ts'
export { uploadsOf, type StepSource, type Upload } from './scenario/uploads.ts'
