import type { Task } from '@convergence/core/messages.ts'
import { sendTask, type Stage } from '@convergence/pipeline/stage.ts'
import { sweepFiles } from './sweep/sweep-files.ts'
import { sweepRuns } from './sweep/sweep-runs.ts'

type Piece = Extract<Task, { type: 'sweep' }>

/** Asks for a whole sweep: the host's timer, or a schedule, and a host's start. */
export const beginSweep = async (stage: Stage): Promise<void> => {
  const tick = stage.ports.clock.nowMs()
  for (const what of ['runs', 'files'] as const) await sendPiece(stage, { what, tick })
}

export const sweep = async (stage: Stage, piece: Piece): Promise<void> => {
  const page = piece.what === 'runs' ? await sweepRuns(stage, piece) : await sweepFiles(stage, piece)
  if (page !== undefined) await sendPiece(stage, { what: piece.what, tick: piece.tick, page })
}

const sendPiece = (stage: Stage, piece: Pick<Piece, 'what' | 'tick' | 'page'>): Promise<void> =>
  sendTask(stage, 'runs', { type: 'sweep', ...piece }, { name: ['sweep', piece.what, piece.tick, piece.page ?? ''] })
