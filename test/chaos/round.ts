import type { Prng } from '../simulation/prng.ts'
import type { Batch } from './batch.ts'
import { Client, keyOf } from './client.ts'
import { runCommand, startCommand, type Command, type Ended } from './command.ts'
import { cutBytes, cutShare, cutSteps, damage, empty, tear, type Damage } from './damage.ts'
import { pipelineFile, PIPELINES, TENANT } from './project.ts'
import { COMMAND_MS, type Stand } from './stand.ts'
import type { Fault, Tally } from './tally.ts'
import { sleep, within } from './within.ts'

/** Until the runs of a batch have ended, when nothing kills them any more. */
const RUNS_MS = 60_000
/** A client of a process that was killed notices. */
const CLIENT_MS = 20_000
const LOOK_EVERY_MS = 60
const READY = 'Convergence is at '
const DISK_FULL = /disk is full|no space left|ENOSPC|file too large|EFBIG|disk I\/O error/i
const TERMINAL = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED'])

/** What must not be. */
export class Violation extends Error {}

/** The processes of a few batches, one after another, until their runs have ended. */
export class Round {
  readonly #stand: Stand
  readonly #tally: Tally
  readonly #random: Prng
  readonly #batches: readonly Batch[]
  readonly #asked = new Set<string>()
  readonly #background: Promise<void>[] = []
  #over = false
  /** Of each process that has worked so far: how much of its work may be done again. */
  readonly #allowed: number[]
  readonly #repeats: Map<number, number>

  constructor(parts: {
    stand: Stand
    tally: Tally
    random: Prng
    batches: readonly Batch[]
    allowed: number[]
    repeats: Map<number, number>
  }) {
    this.#stand = parts.stand
    this.#tally = parts.tally
    this.#random = parts.random
    this.#batches = parts.batches
    this.#allowed = parts.allowed
    this.#repeats = parts.repeats
  }

  async play(faults: readonly Fault[]): Promise<void> {
    const kills = 2 + this.#random.below(2)
    // Those of the log first: a process that ends in order leaves none.
    const sorted = faults.toSorted((a, b) => Number(b.includes('state.db-wal')) - Number(a.includes('state.db-wal')))
    const due = sorted.map((fault) => ({ fault, life: 1 + this.#random.below(kills) }))
    for (let life = 0; life <= kills; life++) {
      const now = due.filter((one) => one.life === life).map(({ fault }) => fault)
      await this.#live(now, life === kills)
    }
    this.#over = true
    await this.#stand.source.kill()
    await Promise.all(this.#background)
    await this.#stand.source.kill()
    await this.#stand.source.start()
  }

  async #live(faults: readonly Fault[], isLast: boolean): Promise<void> {
    for (const fault of faults) {
      this.#note(fault)
      await this.#damageAndStart(fault)
    }
    const lanes = this.#random.pick([1, 1, 3])
    if (faults.includes('second run beside run')) await this.#liveAsRun(lanes, true)
    else if (!isLast && this.#random.chance(0.25)) await this.#liveAsRun(lanes, false)
    if (isLast || !faults.includes('second run beside run')) await this.#liveAsDev(lanes, faults, isLast)
  }

  /** `convergence dev`, killed at some moment, or at last ended when all runs have. */
  async #liveAsDev(lanes: number, faults: readonly Fault[], isLast: boolean): Promise<void> {
    const rival = faults.includes('two started at the same moment')
      ? this.#start(['dev', '--port', '0'], lanes)
      : undefined
    let dev = this.#start(['dev', '--port', '0'], lanes)
    if (!isLast && faults.length === 0 && this.#random.chance(0.2)) {
      await sleep(50 + this.#random.below(1_500))
      return this.#kill(dev, lanes)
    }
    if (rival) dev = await this.#winner(dev, rival)
    const clients: Command[] = []
    try {
      if (!(await dev.printed(READY, COMMAND_MS))) throw new Violation(`dev did not start: ${dev.out()}`)
      const work = this.#work(dev, lanes, { faults, isLast, clients })
      await (isLast ? within(RUNS_MS + COMMAND_MS, 'the runs to end', work) : work)
    } catch (error) {
      // What the log says of it must be complete.
      await this.#kill(dev, lanes).catch(() => {})
      throw error
    } finally {
      for (const client of clients) await this.#endClient(client)
    }
  }

  async #work(
    dev: Command,
    lanes: number,
    { faults, isLast, clients }: { faults: readonly Fault[]; isLast: boolean; clients: Command[] },
  ): Promise<void> {
    const url = /Convergence is at (http\S+)/.exec(dev.out())?.[1] ?? ''
    const client = new Client(url, this.#stand.key)
    await this.#ask(client)
    for (const fault of faults) await this.#beside(fault, lanes, clients)
    const random = this.#random
    const untilMs = Date.now() + (isLast ? RUNS_MS : random.below(random.chance(0.5) ? 500 : 2_200))
    let states = await client.states(this.#batches)
    while (Date.now() < untilMs && !this.#haveEnded(states)) {
      if (dev.isOver()) throw new Violation(`dev ended by itself: ${dev.out()}`)
      await sleep(Math.min(LOOK_EVERY_MS, Math.max(0, untilMs - Date.now())))
      await this.#ask(client)
      states = await client.states(this.#batches)
    }
    if (isLast && !this.#haveEnded(states)) throw new Violation(`the runs did not end: ${this.#textOf(states)}`)
    if (!isLast) return this.#kill(dev, lanes)
    const ended = await dev.stop(COMMAND_MS)
    this.#note(`stopped dev: ${ended.code}`)
    this.#account(0, ended)
    if (ended.code !== 0) throw new Violation(`dev ended with ${ended.code} after SIGTERM: ${ended.out}`)
  }

  #haveEnded(states: ReadonlyMap<string, string>): boolean {
    return this.#keys().every((key) => TERMINAL.has(states.get(key) ?? ''))
  }

  #keys(): string[] {
    return this.#batches.flatMap(({ number }) => PIPELINES.map((pipeline) => keyOf(pipeline, number)))
  }

  /** In the order of the batches: items of a later one replace those of an earlier one. */
  async #ask(client: Client): Promise<void> {
    for (const { number } of this.#batches)
      for (const pipeline of ['items', 'orders'] as const) {
        const key = keyOf(pipeline, number)
        if (this.#asked.has(key)) continue
        if (!(await client.ask(pipeline, number))) return
        this.#asked.add(key)
      }
  }

  /** `convergence run`, killed at some moment unless it has ended before. */
  async #liveAsRun(lanes: number, withSecond: boolean): Promise<void> {
    const [first, other] = this.#random.chance(0.5) ? (['items', 'orders'] as const) : (['orders', 'items'] as const)
    const run = this.#start(this.#runArgs(first), lanes)
    if (withSecond) {
      await run.printed('run ', COMMAND_MS)
      const second = await runCommand(this.#stand.root, this.#runArgs(other), { lanes, limitMs: COMMAND_MS })
      this.#tally.starts++
      if (second.code === 1 && /works in .*answers no other commands: wait until it has ended/s.test(second.out))
        this.#tally.show('second run beside run')
      else if (second.code !== 0)
        throw new Violation(`a second run beside a run ended with ${second.code}: ${second.out}`)
    } else {
      await Promise.race([run.ended, sleep(800 + this.#random.below(1_700))])
    }
    if (!run.isOver()) return this.#kill(run, lanes)
    const ended = await run.ended
    this.#account(0, ended)
    if (ended.code !== 0) throw new Violation(`convergence run ended with ${ended.code}: ${ended.out}`)
  }

  /** Of the first batch: the others are asked for after it. */
  #runArgs(pipeline: 'items' | 'orders'): string[] {
    const number = this.#batches[0]?.number ?? 0
    return ['run', `${TENANT}/${pipeline}`, '--param', `batch=${number}`, '--idempotency-key', keyOf(pipeline, number)]
  }

  #textOf(states: ReadonlyMap<string, string>): string {
    return this.#keys()
      .map((key) => `${key} ${states.get(key) ?? 'was never asked for'}`)
      .join(', ')
  }

  #note(what: string): void {
    this.#tally.note(`batch ${this.#batches[0]?.number}: ${what}`)
  }

  #start(args: readonly string[], lanes: number, starter: readonly string[] = []): Command {
    this.#tally.starts++
    this.#note(`start ${args.join(' ')} with ${lanes} lanes`)
    return startCommand(this.#stand.root, args, lanes, starter)
  }

  async #kill(command: Command, lanes: number): Promise<void> {
    this.#note(`kill after ${Date.now() - command.startedMs} ms`)
    const ended = await command.kill(this.#random.chance(0.5) ? 'group' : 'command')
    this.#tally.kills++
    this.#account(lanes, ended)
  }

  /** After each process: what of its predecessors' work it did again. A kill costs at most what each lane had under way. */
  #account(lanes: number, { out }: Ended): void {
    const told = this.#stand.log.read()
    const failed = told.text.match(/"a delivery failed[^\n]*"queues\/chunks"/g)?.length ?? 0
    this.#allowed[told.process] = lanes + failed
    this.#tally.begun += told.begun
    for (const { of } of told.repeated) {
      const count = (this.#repeats.get(of) ?? 0) + 1
      this.#repeats.set(of, count)
      this.#tally.repeated++
      this.#tally.mostRepeated = Math.max(this.#tally.mostRepeated, count)
      if (count > (this.#allowed[of] ?? 0))
        throw new Violation(
          `one kill had ${count} pieces of work done again (${told.repeated.map(({ key }) => key).join(', ')}), of at most ${this.#allowed[of]} under way`,
        )
    }
    const [violation] = told.violations
    if (violation !== undefined) throw new Violation(violation)
    if (DISK_FULL.test(told.text) || DISK_FULL.test(out)) this.#diskWasFull = true
  }

  #diskWasFull = false

  /** Faults while nobody works in the folder. */
  async #damageAndStart(fault: Fault): Promise<void> {
    const { local, root } = this.#stand
    const random = this.#random
    switch (fault) {
      case 'torn tail of state.db-wal':
        // It must be as if it were not there.
        if (damage(local, 'state.db-wal', tear(random))) this.#tally.show(fault)
        return
      case 'end of state.db-wal cut off':
        return this.#refusedOrRecovered(fault, damage(local, 'state.db-wal', cutBytes(random, 20_000)), 'state.db')
      case 'end of state.db cut off':
        return this.#refusedOrRecovered(fault, damage(local, 'state.db', cutShare(random)), 'state.db')
      case 'state.db emptied':
        return this.#refusedOrRecovered(fault, damage(local, 'state.db', empty), 'state.db')
      case 'end of warehouse.duckdb cut off':
        return this.#refusedOrRecovered(fault, damage(local, 'warehouse.duckdb', cutShare(random)), 'warehouse.duckdb')
      case 'pipeline file cut off':
        return this.#refusedByRun(fault, damage(root, pipelineFile('items'), cutSteps(random)))
      case 'disk full at its start':
        return this.#startOnFullDisk(fault)
      default:
        return
    }
  }

  /** A damaged file is refused by its name and with a way out; or everything goes on as if nothing had been, which the end of the round checks. */
  async #refusedOrRecovered(fault: Fault, damaged: Damage | undefined, name: string): Promise<void> {
    if (!damaged) return
    this.#tally.show(fault)
    const dev = this.#start(['dev', '--port', '0'], 1)
    if (await dev.printed(READY, COMMAND_MS)) {
      this.#tally.answer(`${fault}: recovered`)
      // What was only asked for may be forgotten with it; the same key gives the same run again.
      this.#asked.clear()
      return this.#kill(dev, 1)
    }
    const ended = await dev.ended
    this.#account(0, ended)
    if (ended.code !== 1 || !ended.out.includes(name) || !/restore|move/.test(ended.out))
      throw new Violation(`${fault}: dev ended with ${ended.code}, and said: ${ended.out}`)
    this.#tally.answer(`${fault}: refused`)
    damaged.restore()
  }

  async #refusedByRun(fault: Fault, damaged: Damage | undefined): Promise<void> {
    if (!damaged) return
    const ended = await runCommand(this.#stand.root, this.#runArgs('items'), { lanes: 1, limitMs: COMMAND_MS })
    this.#tally.starts++
    this.#account(0, ended)
    damaged.restore()
    if (ended.code !== 1 || !ended.out.includes('pipelines/items.yml'))
      throw new Violation(`${fault}: run ended with ${ended.code}, and said: ${ended.out}`)
    this.#tally.show(fault)
  }

  async #startOnFullDisk(fault: Fault): Promise<void> {
    const { quota } = this.#stand
    if (!quota.fill(this.#random.below(16_384))) return
    const dev = this.#start(['dev', '--port', '0'], 1, quota.starter())
    try {
      if (await dev.printed(READY, COMMAND_MS)) await sleep(300)
    } finally {
      quota.lift()
    }
    if (!dev.isOver()) return this.#kill(dev, 1)
    const ended = await dev.ended
    this.#account(0, ended)
    if (ended.code !== 1 || !DISK_FULL.test(ended.out))
      throw new Violation(`${fault}: dev ended with ${ended.code}, and said: ${ended.out}`)
    this.#tally.show(fault)
  }

  /** Faults beside a `dev` that works. */
  async #beside(fault: Fault, lanes: number, clients: Command[]): Promise<void> {
    const random = this.#random
    switch (fault) {
      case 'disk full while it works': {
        await sleep(random.below(600))
        const { quota } = this.#stand
        if (!quota.fill(random.below(65_536))) return
        await sleep(300 + random.below(900))
        quota.lift()
        return
      }
      case 'source killed within an answer':
        this.#background.push(this.#sourceDies(fault, 1 + random.below(4), random.below(800)))
        return
      case 'second dev beside dev': {
        const second = await runCommand(this.#stand.root, ['dev', '--port', '0'], { lanes, limitMs: COMMAND_MS })
        this.#tally.starts++
        if (second.code !== 1 || !/process \d+ \(convergence dev\) works in .*: stop it first/.test(second.out))
          throw new Violation(`a second dev ended with ${second.code}, and said: ${second.out}`)
        this.#tally.show(fault)
        return
      }
      case 'second run beside dev': {
        const second = this.#start(this.#runArgs('orders'), lanes)
        clients.push(second)
        if (await second.printed('run orders-', COMMAND_MS)) this.#tally.show(fault)
        return
      }
      default:
        return
    }
  }

  async #sourceDies(fault: Fault, answers: number, downMs: number): Promise<void> {
    await this.#stand.source.dieAfter(answers)
    if (this.#over) return
    this.#tally.show(fault)
    await sleep(downMs)
    await this.#stand.source.start()
  }

  /** Of two that were started together one works, and the other says so. */
  async #winner(one: Command, other: Command): Promise<Command> {
    const loser = await within(
      COMMAND_MS,
      'one of two processes in one folder to be refused',
      Promise.race([one.ended.then(() => one), other.ended.then(() => other)]),
    )
    const { code, out } = await loser.ended
    if (code !== 1 || !/works in|is using/.test(out))
      throw new Violation(`of two that were started together one ended with ${code}, and said: ${out}`)
    this.#tally.show('two started at the same moment')
    return loser === one ? other : one
  }

  /** A command that talks to a `dev` that was killed says so, and ends. */
  async #endClient(client: Command): Promise<void> {
    const { code, out } = await within(CLIENT_MS, `a run beside dev to end: ${client.out()}`, client.ended)
    if (code !== 0 && !/which owns this project, does not answer|SUCCEEDED/.test(out))
      throw new Violation(`a run beside dev ended with ${code}, and said: ${out}`)
  }

  /** The disk was found full: told by the log, or by what was printed. */
  get diskWasFull(): boolean {
    return this.#diskWasFull
  }
}
