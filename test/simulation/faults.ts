import { keyOf, share, within } from './prng.ts'
import type { Profile } from './profiles.ts'

/** A fault that happened. */
export interface Fault {
  /** Tells it from all others of the seed, also when some of these are taken out. */
  readonly id: number
  readonly kind: keyof Profile
  readonly where: string
}

/** Decides what goes wrong: by the key of what it happens to, so that each decision can be taken out without changing the others. */
export class Faults {
  readonly fired: Fault[] = []
  /** Once faults stop, everything must end. */
  stopped = false
  readonly #seedKey: number
  readonly #profile: Profile
  readonly #only: ReadonlySet<number> | undefined

  constructor(seed: number, profile: Profile, only: ReadonlySet<number> | undefined) {
    this.#seedKey = within(0x51ed270b, seed)
    this.#profile = profile
    this.#only = only
  }

  /** The first of the kinds that the key stands for, or undefined. Their shares are added up. */
  pick(kinds: readonly (keyof Profile)[], key: number, where: () => string): keyof Profile | undefined {
    if (this.stopped) return undefined
    const drawn = within(this.#seedKey, key)
    let left = share(drawn)
    for (const kind of kinds) {
      left -= this.#profile[kind]
      if (left >= 0) continue
      return this.#fire(kind, key, where) ? kind : undefined
    }
    return undefined
  }

  happens(kind: keyof Profile, key: number, where: () => string): boolean {
    return this.pick([kind], within(key, keyOf(kind)), where) === kind
  }

  #fire(kind: keyof Profile, key: number, where: () => string): boolean {
    const id = within(key, keyOf(kind))
    if (this.#only && !this.#only.has(id)) return false
    this.fired.push({ id, kind, where: where() })
    return true
  }

  /** In [0, 1): how much, how long. Of the seed and the key. */
  amount(key: number, salt: number): number {
    return share(within(within(this.#seedKey, key), salt))
  }
}
