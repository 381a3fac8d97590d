import { UnavailableError } from '@convergence/core/errors.ts'
import type { Profile } from './profiles.ts'
import { within } from './prng.ts'
import type { Delivery, World } from './world.ts'

/** A store that takes one write of a name a second says this to all others. Google's clients wait, and try again. */
export class TooManyWrites extends Error {}

const OF_CALLS = [
  'crash',
  'error',
  'clockStep',
  'pause',
  'deploy',
  'cancel',
  'timeOut',
  'suspend',
  'giveUp',
  'sweep',
  'rotate',
  'blackout',
] as const satisfies readonly (keyof Profile)[]
const OF_WRITES = [...OF_CALLS, 'lostAnswer', 'lateEffect'] as const

const MAX_PAUSE_MS = 2 * 3_600_000
const MAX_IN_FLIGHT_MS = 600_000
const MAX_CLOCK_STEP_MS = 600_000

type Answer<T> = { readonly result: T } | { readonly refusal: string; readonly waitMs: number; readonly tries: number }

/**
 * One delivery's handler at work. Each of its port calls is an event of its own; what comes between two is one moment. It may die at a
 * call: then what it had on its stack is gone.
 */
export class Fiber {
  readonly world: World
  readonly name: string
  readonly key: number
  /** Undefined: what a person does. */
  readonly delivery: Delivery | undefined
  /** Its clock is off by so much. */
  skewMs = 0
  /** Requests that its adapters make before an error of the network is the caller's. */
  readonly tries: number
  #dead = false
  #over = false
  #parked = 0
  #working = false
  #calls = 0

  constructor(world: World, options: { name: string; key: number; delivery?: Delivery; tries: number }) {
    this.world = world
    this.name = options.name
    this.key = options.key
    this.delivery = options.delivery
    this.tries = options.tries
    this.#tell()
  }

  end(): void {
    this.#over = true
    this.#tell()
  }

  /** One port call: its effect whole, or not at all. */
  async call<T>(label: string, effect: () => T, kind: 'read' | 'write'): Promise<T> {
    let isMine = false
    for (let tried = 1; ; tried++) {
      const answer = await this.#request(label, effect, kind)
      if ('result' in answer) {
        if (isMine && isConflict(answer.result)) this.world.count('own write refused')
        return answer.result
      }
      isMine ||= answer.refusal === TIMED_OUT
      if (tried >= answer.tries) throw new UnavailableError(`${label}: ${answer.refusal}`)
      await this.#park(answer.waitMs)
    }
  }

  async #request<T>(label: string, effect: () => T, kind: 'read' | 'write'): Promise<Answer<T>> {
    const { world } = this
    const key = within(this.key, this.#calls++)
    await this.#park(world.latencyMs(key) + world.arrangement.stallMs(this, label))
    const where = (): string => `${this.name}: ${label}`
    const aimed = world.aimed()
    const fault = aimed ? undefined : world.faults.pick(kind === 'write' ? OF_WRITES : OF_CALLS, key, where)
    if (aimed === 'crash-before') return this.#die('crash-before', label)
    if (fault) await this.#suffer(fault, key, label)
    if (fault === 'error' || world.isDark) return this.#refuse(fault ? 'error' : 'dark', `${label}: 503`)
    if (fault === 'lateEffect') {
      world.at(world.faults.amount(key, IN_FLIGHT) * MAX_IN_FLIGHT_MS, () => happenLate(this, label, effect))
      return this.#refuse('late-effect', `${label}: timed out, and is under way`)
    }
    const answer = this.#happen(label, effect)
    if (aimed === 'crash-after' || (fault === 'crash' && 'result' in answer)) return this.#die('crash-after', label)
    if (fault !== 'lostAnswer' && aimed !== 'lost-answer') return answer
    world.count(`lost-answer of ${verbOf(label)}`)
    return this.#refuse('lost-answer', `${label}: timed out`)
  }

  #happen<T>(label: string, effect: () => T): Answer<T> {
    try {
      const result = effect()
      this.world.note(this.name, label)
      return { result }
    } catch (error) {
      if (!(error instanceof TooManyWrites)) throw error
      this.world.count('too many writes')
      return { refusal: '429', waitMs: 1_100, tries: 8 }
    }
  }

  /** What the fault does beside answering the call. */
  #suffer(fault: keyof Profile, key: number, label: string): Promise<unknown> | undefined {
    const { world } = this
    const amount = world.faults.amount(key, MUCH)
    switch (fault) {
      case 'crash':
        return amount < 0.5 ? this.#die('crash-before', label) : undefined
      case 'pause':
        world.count(fault)
        world.note(this.name, `sleeps before ${label}`)
        return this.#park(amount * MAX_PAUSE_MS)
      case 'clockStep':
        world.count(fault)
        this.skewMs -= amount * MAX_CLOCK_STEP_MS
        return undefined
      case 'blackout':
        world.count(fault)
        world.darken()
        return undefined
      case 'cancel':
      case 'timeOut':
      case 'suspend':
      case 'deploy':
      case 'giveUp':
      case 'sweep':
      case 'rotate':
        world.intervene(fault, this, amount)
        return undefined
      default:
        return undefined
    }
  }

  #refuse(what: string, line: string): Answer<never> {
    this.world.count(what)
    this.world.note(this.name, line)
    return { refusal: what === 'error' || what === 'dark' ? '503' : TIMED_OUT, waitMs: 700, tries: this.tries }
  }

  /** Never resolves. */
  #die(when: 'crash-before' | 'crash-after', label: string): Promise<never> {
    this.world.count(when)
    this.world.note(this.name, `dies ${when.slice(6)} ${label}`)
    this.#dead = true
    this.#tell()
    return new Promise(() => {})
  }

  /** Waits so long; for ever, once the fiber is dead. */
  #park(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parked++
      this.#tell()
      this.world.at(delayMs, () => {
        if (this.#dead) return
        this.#parked--
        this.#tell()
        this.world.stirred = true
        resolve()
      })
    })
  }

  /** Between two calls it is at work, and time stands still. */
  #tell(): void {
    const isWorking = !this.#over && !this.#dead && this.#parked === 0
    if (isWorking === this.#working) return
    this.#working = isWorking
    this.world.working += isWorking ? 1 : -1
  }
}

const TIMED_OUT = 'timed out'

const isConflict = (result: unknown): boolean => (result as { outcome?: string } | undefined)?.outcome === 'conflict'

const IN_FLIGHT = 1
const MUCH = 2

/** Nobody is there any more to hear what became of it. */
const happenLate = ({ world, name }: Fiber, label: string, effect: () => unknown): void => {
  try {
    effect()
    world.note(name, `${label}, at last`)
  } catch (error) {
    world.note(name, `${label}, at last: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `object put`, `publish`: what is written, without its name. */
const verbOf = (label: string): string => /^(?:state|object) \w+|^\w+/.exec(label)?.[0] ?? label
