import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { LimitExceededError, NotFoundError } from '@convergence/core/errors.ts'
import type { Problem, Queue, Task } from '@convergence/core/messages.ts'
import type { HttpRequest, HttpResponse } from '@convergence/core/ports/http.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import type { Fiber } from './fiber.ts'
import { SimObjects } from './object-store.ts'
import { Prng } from './prng.ts'
import { processCsv, sampleCsv } from './processor.ts'
import { SimState } from './state-store.ts'
import { Tables } from './tables.ts'
import type { World } from './world.ts'

/** So long a task's name is remembered. */
const TASK_NAME_MS = 3_600_000
const MAX_TASK_BYTES = 100 * 1024
/** Among which fibers are spread. */
const PROCESSES = 3

interface Asked {
  readonly queue: Queue
  readonly task: Task
  readonly name: string
  readonly delayMs: number
  readonly fiber: Fiber
}

interface DeadLetter {
  readonly payload: unknown
  readonly reason: Problem
}

/** Everything that outlives a process: state, objects, the warehouse, names of tasks, configs, secrets. */
export class Cloud {
  readonly world: World
  readonly state: SimState
  readonly objects: SimObjects
  readonly tables: Tables
  /** What was given up, with its reason: it is not lost, but nobody tries again. */
  readonly deadLetters: DeadLetter[] = []
  /** What deployments put in the place of one another; the first is there from the beginning. */
  readonly releases: readonly Release[]
  release = 0
  /** All versions of `tenant/name`, the newest last. */
  readonly secrets = new Map<string, string[]>()
  /** Whoever answers requests of tenants. */
  web: (request: HttpRequest) => HttpResponse = ({ url }) => {
    throw new NotFoundError(`nothing listens at ${url}`)
  }
  /** Called when a task's name was used before, and is remembered. */
  onUsedName: (queue: Queue, name: string, task: Task, fiber: Fiber) => void = () => {}
  /** Called when a task was enqueued. */
  onTask: (queue: Queue, name: string, task: Task, fiber: Fiber) => void = () => {}
  readonly #cachedSecrets = Array.from({ length: PROCESSES }, () => new Map<string, string>())
  readonly #taskNames = new Map<string, number>()

  constructor(world: World, releases: readonly Release[]) {
    this.world = world
    this.releases = releases
    this.state = new SimState(world)
    this.objects = new SimObjects(world)
    this.tables = new Tables(world, (ref) => this.objects.bodyOf(ref))
  }

  /** The ports as one process sees them. */
  portsOf(fiber: Fiber): Ports {
    const { world } = this
    const random = new Prng(fiber.key)
    return {
      clock: { nowMs: () => Math.floor(world.nowMs + fiber.skewMs) },
      random: { hex: (length) => random.hex(length) },
      log: silent,
      state: this.state.portOf(fiber),
      objects: this.objects.portOf(fiber),
      bus: {
        publish: (topic, message) =>
          fiber.call(`publish ${topic} ${message.type}`, () => world.deliver({ topic }, message, 0), 'write'),
      },
      tasks: {
        enqueue: (queue, task, { name, delayMs = 0 }) =>
          fiber.call(
            `enqueue ${queue} ${task.type}`,
            () => this.#enqueue({ queue, task, name, delayMs, fiber }),
            'write',
          ),
      },
      configs: {
        current: (tenant) => fiber.call(`config current ${tenant}`, () => this.#current(tenant), 'read'),
        load: (tenant, hash) => fiber.call(`config load ${tenant}`, () => this.#snapshot(tenant, hash), 'read'),
      },
      secrets: this.#secretsOf(fiber),
      http: {
        request: (request) => fiber.call(`http ${request.method} ${request.url}`, () => this.web(request), 'read'),
      },
      processor: {
        process: async (request) => {
          const result = await processCsv(request)
          return fiber.call('process', () => result, 'read')
        },
        sample: (input, limit) => sampleCsv(input, limit),
        close: () => Promise.resolve(),
      },
      warehouse: this.tables.portOf(fiber),
    }
  }

  #enqueue({ queue, task, name, delayMs, fiber }: Asked): 'enqueued' | 'exists' {
    const key = `${queue}/${name}`
    const used = this.#taskNames.get(key)
    if (used !== undefined) {
      const isRemembered = this.world.nowMs - used < TASK_NAME_MS
      this.world.count(isRemembered ? 'used task name' : 'forgotten task name')
      if (isRemembered) this.onUsedName(queue, name, task, fiber)
      if (isRemembered) return 'exists'
    }
    if (JSON.stringify(task).length > MAX_TASK_BYTES) throw new LimitExceededError('the task is too large')
    this.#taskNames.set(key, this.world.nowMs)
    this.onTask(queue, name, task, fiber)
    this.world.deliver({ queue }, task, delayMs)
    return 'enqueued'
  }

  #current(tenant: string): ConfigSnapshot {
    const found = this.releases[this.release]?.configs.find((one) => one.tenant === tenant)
    if (!found) throw new NotFoundError(`there is no config of ${tenant}`)
    return found
  }

  #snapshot(tenant: string, hash: string): ConfigSnapshot {
    for (const { configs } of this.releases)
      for (const config of configs) if (config.hash === hash && config.tenant === tenant) return config
    throw new NotFoundError(`there is no config ${hash} of ${tenant}`)
  }

  /** Cached by the process, one of a few, until it is told to forget. */
  #secretsOf(fiber: Fiber): SecretStore {
    const cached = this.#cachedSecrets[fiber.key % PROCESSES] as Map<string, string>
    return {
      get: async (tenant, name) => {
        const key = `${tenant}/${name}`
        const value =
          cached.get(key) ?? (await fiber.call(`secret get ${key}`, () => this.secrets.get(key)?.at(-1), 'read'))
        if (value === undefined) throw new NotFoundError(`no secret ${name}`)
        cached.set(key, value)
        return value
      },
      invalidate: (tenant) => {
        for (const key of cached.keys()) if (key.startsWith(`${tenant}/`)) cached.delete(key)
      },
    }
  }
}

/** What a deployment changes: the operator's tuning, and the tenants' configs. */
export interface Release {
  readonly configs: readonly ConfigSnapshot[]
  readonly lanes: number
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }
