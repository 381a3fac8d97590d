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

const allDone = async (work: LaneWork): Promise<boolean> =>
  (await Promise.all(lastOfLanes(work.total, work.lanes).map((index) => work.isDone(index)))).every(Boolean)
