/** A message or a task of a run, as its host knows it. */
interface DeliveryAbout {
  /** `topics/{topic}` or `queues/{queue}`. */
  readonly channel: string
  readonly type: string
  readonly stepId?: string | undefined
  readonly chunk?: number | undefined
  readonly attempts: number
}

export interface WaitingDelivery extends DeliveryAbout {
  /** ISO instant. */
  readonly dueAt: string
  /** Its handler is at work. */
  readonly running: boolean
  readonly lastError?: string | undefined
}

export interface DeadDelivery extends DeliveryAbout {
  /** ISO instant of when it was given up. */
  readonly at: string
  readonly code: string
  readonly reason: string
}

/** What a host can tell of a run's messages and tasks. Not every host can. */
export interface RunDeliveries {
  waiting(runId: string): Promise<WaitingDelivery[]>
  dead(runId: string): Promise<DeadDelivery[]>
}
