/**
 * Sizes, latencies and rates of the modelled cloud. Rates are the documented ones of Cloud Tasks and Cloud Storage (quotas of 2026);
 * latencies are what calls inside one region take.
 */
export const FILE_BYTES = 64_000_000
export const PART_BYTES = 20_000_000
export const PART_ROWS = 500_000

export const LATENCY_MS = {
  head: 20,
  read: 35,
  put: 60,
  list: 120,
  stateGet: 35,
  stateSet: 60,
  stateList: 60,
  enqueue: 25,
  publish: 25,
  dispatch: 15,
  job: 150,
} as const

/** Of one instance: bytes that it reads, types and writes a second (64 MB take a second and a half). */
export const BYTES_PER_SECOND = { read: 200e6, process: 100e6, write: 100e6 } as const

/** Cloud Tasks: dispatches a second a queue, and at the same time. */
export const DISPATCHES_PER_SECOND = 500
export const MAX_DISPATCHES = 5_000
export const MAX_TASK_BYTES = 1 << 20

/** Pub/Sub takes 10 MB, events through Eventarc 512 KB. */
export const MAX_MESSAGE_BYTES = 512_000

/** Cloud Storage, a bucket: at first, doubling every 20 minutes; and a second an object's name. */
export const WRITES_PER_SECOND = 1_000
export const READS_PER_SECOND = 5_000
export const DOUBLING_MS = 20 * 60_000
export const MS_PER_WRITE_OF_A_NAME = 1_000
/** No limit of the store: what one handler is to hold in memory at a time. */
export const MAX_DOCUMENT_BYTES = 2_000_000

/** BigQuery: URIs of one load job, the request of a job, load jobs of a table a day. */
export const MAX_URIS = 10_000
export const MAX_COPY_SOURCES = 1_200
export const MAX_JOB_BYTES = 10_000_000
export const MAX_LOADS_A_DAY = 1_500
/** A load reads about so many bytes a second, after so long; a copy of tables moves no rows. */
export const LOAD_BYTES_PER_SECOND = 2e9
export const COPY_BYTES_PER_SECOND = 200e9
export const JOB_START_MS = 5_000

/** Functions share so many processes, each of which keeps the documents that it has read. */
export const INSTANCES = 10
export const LANES = 100
