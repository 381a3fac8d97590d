/**
 * Chunk i belongs to lane `i mod lanes`, and a lane goes strictly in order. So the last marker of every lane proves that all are there,
 * and no counter is needed.
 */
const nextInLane = (index: number, total: number, lanes: number): number | undefined =>
  index + lanes < total ? index + lanes : undefined

/** The last index of each lane. */
export const lastOfLanes = (total: number, lanes: number): number[] =>
  Array.from({ length: Math.min(lanes, total) }, (_, lane) => lane + lanes * Math.floor((total - 1 - lane) / lanes))

export interface LaneWork {
  readonly total: number
  readonly lanes: number
  isDone(index: number): Promise<boolean>
  enqueue(index: number): Promise<void>
  /** All are done. May be called more than once. */
  finish(): Promise<void>
}

/** After the marker of `index` was written or adopted: the lane's next goes out, or the last ones are looked at. */
export const carryLaneOn = async (work: LaneWork, index: number): Promise<void> => {
  const next = nextInLane(index, work.total, work.lanes)
  if (next === undefined) {
    if (await allDone(work)) await work.finish()
    return
  }
  if (!(await work.isDone(next))) await work.enqueue(next)
}

/** At the beginning, and again at each repetition of it: the first of each lane, unless it is done. */
export const startLanes = async (work: LaneWork): Promise<void> => {
  if (work.total === 0) return work.finish()
  const firsts = Array.from({ length: Math.min(work.lanes, work.total) }, (_, lane) => lane)
  const open = await Promise.all(firsts.map(async (index) => ((await work.isDone(index)) ? undefined : index)))
  const missing = open.filter((index) => index !== undefined)
  await Promise.all(missing.map((index) => work.enqueue(index)))
  if (missing.length === 0 && (await allDone(work))) await work.finish()
}

/**
 * From the lane that began last, in groups that grow: while lanes are under way one look finds one of them, and only who ends last looks
 * at all.
 */
const allDone = async (work: LaneWork): Promise<boolean> => {
  const lasts = lastOfLanes(work.total, work.lanes).toReversed()
  for (let from = 0, size = 1; from < lasts.length; from += size, size *= 2) {
    const done = await Promise.all(lasts.slice(from, from + size).map((index) => work.isDone(index)))
    if (!done.every(Boolean)) return false
  }
  return true
}

/** The first index of each lane that is not done, by halving: a lane goes in order, so that those that are done stand before it. */
export const firstGaps = async (work: LaneWork): Promise<number[]> => {
  const lanes = Array.from({ length: Math.min(work.lanes, work.total) }, (_, lane) => lane)
  const gaps = await Promise.all(
    lanes.map(async (lane) => {
      const length = Math.ceil((work.total - lane) / work.lanes)
      const done = await countLeading(length, (at) => work.isDone(lane + at * work.lanes))
      return done < length ? lane + done * work.lanes : undefined
    }),
  )
  return gaps.filter((gap) => gap !== undefined)
}

/** How many of the first `length` hold, where none holds behind one that does not. */
const countLeading = async (length: number, holds: (at: number) => Promise<boolean>): Promise<number> => {
  let [holding, failing] = [0, length]
  while (holding < failing) {
    const middle = Math.floor((holding + failing) / 2)
    if (await holds(middle)) holding = middle + 1
    else failing = middle
  }
  return holding
}

/** The same where nobody knows how many there are. */
export const countUnbounded = async (holds: (at: number) => Promise<boolean>): Promise<number> => {
  let length = 1
  while (await holds(length - 1)) length *= 2
  return countLeading(length, holds)
}
