import { randomBytes } from 'node:crypto'
import type { Random } from '@convergence/core/ports/random.ts'

export const systemRandom: Random = { hex: (length) => randomBytes(length).toString('hex') }
