import type { Batch } from './batch.ts'
import { isOf } from './check.ts'
import { PIPELINES, type PipelineId } from './project.ts'

interface RunView {
  readonly run_id: string
  readonly pipeline_id: string
  readonly status: string
  readonly parameters: Readonly<Record<string, unknown>>
}

const REQUEST_MS = 15_000

/** The API of a `convergence dev`, as a tenant's system uses it. It may die at any moment: what got no answer is undefined. */
export class Client {
  readonly #url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#url = `${url}/api/v1/pipelines`
    this.#key = key
  }

  /** Asks for the batch's run; repeated, it is the same run. True: it was taken. */
  async ask(pipeline: PipelineId, batch: number): Promise<boolean> {
    const answer = await this.#send(`/run/${pipeline}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': keyOf(pipeline, batch) },
      body: JSON.stringify({ parameters: { batch } }),
    })
    return answer?.status === 202
  }

  /** The states of the batches' runs, of those that there are, by their keys. */
  async states(batches: readonly Batch[]): Promise<ReadonlyMap<string, string>> {
    const states = new Map<string, string>()
    const answer = await this.#send('/runs?limit=50', {})
    // Forgotten keys are no fault that passes.
    if (answer && answer.status !== 200 && answer.status < 500)
      throw new Error(`the API answers ${answer.status}: ${JSON.stringify(answer.body)}`)
    if (answer?.status !== 200) return states
    for (const { pipeline_id, parameters, status } of (answer.body as { runs: RunView[] }).runs)
      for (const { number } of batches)
        for (const pipeline of PIPELINES)
          if (isOf({ pipelineId: pipeline_id, parameters }, pipeline, number))
            states.set(keyOf(pipeline, number), status)
    return states
  }

  async #send(
    path: string,
    { headers, ...init }: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<{ status: number; body: unknown } | undefined> {
    try {
      const response = await fetch(this.#url + path, {
        ...init,
        headers: { ...headers, 'x-api-key': this.#key },
        signal: AbortSignal.timeout(REQUEST_MS),
      })
      return { status: response.status, body: await response.json() }
    } catch {
      return undefined
    }
  }
}

/** The same for the API and for `convergence run`, so that both ask for one run. */
export const keyOf = (pipeline: PipelineId, batch: number): string => `${pipeline}-${batch}`
